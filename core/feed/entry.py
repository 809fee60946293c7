"""What the index takes from a post and its products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.domain.ids import Millis
from core.domain.post import MediaKind, Post, PostKind, PostStatus
from core.domain.product import Product


class Entry(NamedTuple):
    """One post as the index keeps it. `stamp` is the post's version: an entry with the same stamp changes nothing."""

    id: str
    stamp: int
    kind: PostKind
    publisher: str
    language: str
    region: str
    published_at: Millis
    updated_at: Millis
    tags: tuple[str, ...]
    products: tuple[str, ...]


class Sale(NamedTuple):
    """What matters of a product: whether it can be bought, what one sale earns, its brand, and what the buyer pays; money in major
    currency units."""

    in_stock: bool
    margin: float
    brand: str = ""
    price: float = 0.0

    @staticmethod
    def of(product: Product) -> Sale:
        price = product.price_minor / 100
        return Sale(product.stock > 0, price * product.margin, product.brand, price)


def playable(post: Post) -> bool:
    """Whether the post may be in the index: live, with media that a phone can show."""
    media = post.media
    if post.status is not PostStatus.LIVE or media is None:
        return False
    return bool(media.hls or media.clip or (media.kind is MediaKind.PICTURE and media.poster))


def entry_of(post: Post) -> Entry:
    """The post as the index keeps it."""
    return Entry(
        id=post.id,
        stamp=post.version,
        kind=post.kind,
        publisher=post.publisher,
        language=post.language,
        region=post.region,
        published_at=post.published_at or post.created_at,
        updated_at=post.updated_at,
        tags=post.tags,
        products=post.products,
    )


def sale_of(entry: Entry, sales: Mapping[str, Sale]) -> tuple[bool, float, float]:
    """Whether the post may be shown by its stock, the margin of the best product it can sell now, and the price of the cheapest;
    both 0 if it can sell nothing.

    A post of kind product whose linked products are all out of stock may not be shown; other posts may.
    """
    sold = [sale for product in entry.products if (sale := sales.get(product)) is not None and sale.in_stock]
    shown = bool(sold) or entry.kind is not PostKind.PRODUCT or not entry.products
    return shown, max((sale.margin for sale in sold), default=0.0), min((sale.price for sale in sold), default=0.0)


def brand_of(publisher: str, products: Sequence[str], sales: Mapping[str, Sale]) -> str:
    """The brand that a post counts for: of the first linked product that is known, else its publisher."""
    brand = next((sales[product].brand for product in products if product in sales), "")
    return brand or f"publisher {publisher}"
