"""What posts say about themselves, for the models: words, tags, brands and prices, read once per training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.domain.ids import DAY, Millis
from core.domain.post import Post, PostStatus
from core.models.content import Contents, contents_of
from core.models.content_features import ContentDoc
from core.services.post_docs import doc_of
from core.services.stores import Stores

BATCH = 2_000


YOUNG: Millis = 2 * DAY
"""A post that went live later than this ago, and that nobody has taken to, is left to feed processes: they place it louder than a
training would, which can only tell that it has no viewers."""


def read_contents(stores: Stores, ids: Sequence[str], *, now: Millis) -> tuple[Contents, dict[str, tuple[str, ...]]]:
    """Content vectors of the posts `ids` and of every other live post that is not YOUNG, and the tags of each."""
    known = set(ids)
    products = {product.id: product for product in stores.products.each(batch=BATCH)}
    parents = {tag.id: tag.parent for tag in stores.tags.each()}
    docs: dict[str, ContentDoc] = {}
    for post in _posts(stores, ids):
        if post.id not in known and (post.published_at or post.created_at) > now - YOUNG:
            continue
        docs.setdefault(post.id, doc_of(post, products))
    return contents_of(list(docs.values()), parents=parents), {id: doc.tags for id, doc in docs.items()}


def _posts(stores: Stores, ids: Sequence[str]) -> Iterator[Post]:
    yield from stores.posts.each({"status": PostStatus.LIVE}, batch=BATCH)
    for start in range(0, len(ids), BATCH):
        yield from stores.posts.get_many(ids[start : start + BATCH]).values()
