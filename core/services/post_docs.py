"""What posts say about themselves: their own words and tags, and the brands and prices of what they sell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.domain.post import Post, PostStatus
from core.domain.product import Product
from core.models.content_features import ContentDoc
from core.services.stores import Stores


def read_docs(stores: Stores, ids: Sequence[str]) -> list[ContentDoc]:
    """What these posts say about themselves, in this order, those that are gone left out. Raises Unavailable."""
    found = stores.posts.get_many(ids)
    posts = [found[id] for id in ids if id in found and found[id].status is PostStatus.LIVE]
    products = stores.products.get_many(list({id for post in posts for id in post.products}))
    return [doc_of(post, products) for post in posts]


def doc_of(post: Post, products: Mapping[str, Product]) -> ContentDoc:
    """What a post says about itself; `products` by id, those that are missing say nothing."""
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
