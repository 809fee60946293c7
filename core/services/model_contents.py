"""What posts say about themselves, for the models: words, tags, brands and prices, read once per training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.domain.post import Post, PostStatus
from core.domain.product import Product
from core.models.content import ContentDoc, Contents, contents_of
from core.services.stores import Stores

BATCH = 2_000


def read_contents(stores: Stores, ids: Sequence[str]) -> tuple[Contents, dict[str, tuple[str, ...]]]:
    """Content vectors of every live post and of the posts `ids`, and the tags of each."""
    products = {product.id: product for product in stores.products.each(batch=BATCH)}
    parents = {tag.id: tag.parent for tag in stores.tags.each()}
    docs: dict[str, ContentDoc] = {}
    for post in _posts(stores, ids):
        docs.setdefault(post.id, _doc(post, products))
    return contents_of(list(docs.values()), parents=parents), {id: doc.tags for id, doc in docs.items()}


def _posts(stores: Stores, ids: Sequence[str]) -> Iterator[Post]:
    yield from stores.posts.each({"status": PostStatus.LIVE}, batch=BATCH)
    for start in range(0, len(ids), BATCH):
        yield from stores.posts.get_many(ids[start : start + BATCH]).values()


def _doc(post: Post, products: dict[str, Product]) -> ContentDoc:
    linked = [products[id] for id in post.products if id in products]
    return ContentDoc(
        id=post.id,
        publisher=post.publisher,
        kind=post.kind.value,
        tags=post.tags,
        brands=tuple(dict.fromkeys(product.brand for product in linked)),
        price_minor=max((product.price_minor for product in linked), default=0),
        language=post.language,
        text=f"{post.title} {post.caption}",
    )
