"""Slots as viewers see them: words, media links, product cards."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from core.domain.bounded import Bounded
from core.domain.feed import MediaLinks, ProductCard
from core.domain.ids import DAY, HOUR, Millis
from core.domain.post import Post
from core.domain.product import Product
from core.feed.entry import playable
from core.services.delivery import Delivery
from core.services.remembered import Remembered
from core.services.stores import Stores

POSTS, PRODUCTS = 12_000, 20_000
"""So many of each are kept."""


class Cards:
    """Documents behind a page, read in one batch per collection and kept while the index says they have not changed."""

    def __init__(self, stores: Stores, delivery: Delivery) -> None:
        self._delivery = delivery
        self.posts = Remembered(stores.posts, capacity=POSTS, lifetime=DAY)
        self.products = Remembered(stores.products, capacity=PRODUCTS)
        self.publishers = Remembered(stores.publishers)
        self.tags = Remembered(stores.tags)
        self._links: Bounded[str, tuple[Millis, object, MediaLinks]] = Bounded(POSTS)
        self._cards: Bounded[str, tuple[Millis, Product, ProductCard]] = Bounded(PRODUCTS)
        self._now = threading.local()

    def made_at(self, now: Millis) -> None:
        """The time of the pages that this thread makes next: of `verdicts`."""
        self._now.value = now

    def verdicts(self, ids: list[str], changed_at: list[Millis]) -> set[str]:
        """`allowed`, now."""
        return self.allowed(ids, changed_at, now=self._now.value)

    def read(self, posts: Sequence[Post], products: Sequence[Product], now: Millis) -> None:
        """Take in what the index has read: pages then need not read it again."""
        self.posts.put(posts, now=now)
        self.products.put(products, now=now)

    def allowed(self, ids: list[str], changed_at: list[Millis], *, now: Millis) -> set[str]:
        """Those posts whose document, as new as the index knows of, is live and playable."""
        held = self.posts.get_many(ids, now=now, at_least=changed_at)
        return {id for id, post in held.items() if playable(post)}

    def links(self, post: Post, *, now: Millis) -> MediaLinks:
        """Signed media addresses; signed once an hour for each post."""
        hour = now // HOUR
        held = self._links.get(post.id)
        if held is not None and held[0] == hour and held[1] is post.media:
            return held[2]
        links = self._delivery.links(post.media, now=now)
        self._links.put(post.id, (hour, post.media, links))
        return links

    def product_cards(self, posts: Sequence[Post], *, now: Millis) -> dict[str, ProductCard]:
        """Cards of all products that these posts link to, by product id."""
        ids = list(dict.fromkeys(id for post in posts for id in post.products))
        return {id: self.card(product, now=now) for id, product in self.products.get_many(ids, now=now).items()}

    def publisher_name(self, id: str, *, now: Millis) -> str:
        """The name that viewers read."""
        publisher = self.publishers.get(id, now=now)
        return publisher.name if publisher else id

    def tag_name(self, id: str, *, now: Millis) -> str:
        """A tag in words."""
        tag = self.tags.get(id, now=now)
        return tag.name if tag else id

    def card(self, product: Product, *, now: Millis) -> ProductCard:
        """A product as slots show it. Made once an hour for each product, and when it has changed."""
        hour = now // HOUR
        held = self._cards.get(product.id)
        if held is not None and held[0] == hour and held[1] is product:
            return held[2]
        card = self._made(product, now)
        self._cards.put(product.id, (hour, product, card))
        return card

    def _made(self, product: Product, now: Millis) -> ProductCard:
        folder, _, name = product.image.rpartition("/")
        return ProductCard(
            id=product.id,
            name=product.name,
            brand=product.brand,
            price_minor=product.price_minor,
            currency=product.currency,
            list_price_minor=product.list_price_minor,
            in_stock=product.stock > 0,
            image=self._delivery.url(folder, name, now=now),
            url=product.url,
        )
