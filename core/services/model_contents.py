"""What posts say about themselves, for the models: words, tags, brands and prices, read once per training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.domain.post import Post, PostStatus
from core.models.content import Contents, contents_of
from core.models.content_features import ContentDoc
from core.services.post_docs import doc_of
from core.services.stores import Stores

BATCH = 2_000


def read_contents(stores: Stores, ids: Sequence[str]) -> tuple[Contents, dict[str, tuple[str, ...]]]:
    """Content vectors of every live post and of the posts `ids`, and the tags of each."""
    products = {product.id: product for product in stores.products.each(batch=BATCH)}
    parents = {tag.id: tag.parent for tag in stores.tags.each()}
    docs: dict[str, ContentDoc] = {}
    for post in _posts(stores, ids):
        docs.setdefault(post.id, doc_of(post, products))
    return contents_of(list(docs.values()), parents=parents), {id: doc.tags for id, doc in docs.items()}


def _posts(stores: Stores, ids: Sequence[str]) -> Iterator[Post]:
    yield from stores.posts.each({"status": PostStatus.LIVE}, batch=BATCH)
    for start in range(0, len(ids), BATCH):
        yield from stores.posts.get_many(ids[start : start + BATCH]).values()
