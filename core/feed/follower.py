"""The columns as they follow the store: built of everything once, then caught up with what has changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from core.domain.collection import Collection
from core.domain.ids import SECOND, Millis
from core.domain.post import Post, PostStatus, PostTotals
from core.domain.product import Product
from core.domain.reputation import Reputation
from core.feed.actions import counts_of
from core.feed.columnar import ALONE, ColumnWriter, Turn
from core.feed.entry import Entry, Sale, entry_of, playable
from core.feed.index import Index

OVERLAP: Millis = 5 * SECOND
"""How far back each reading of changes reaches again: clocks of machines differ, and writes become visible a moment late."""

BATCH = 1_000
Read = Callable[[Sequence[Post], Sequence[Product], Millis], None]
"""Told of posts and of products, as the store has them at this time."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """What of the store the index is made from."""

    posts: Collection[Post]
    products: Collection[Product]
    totals: Collection[PostTotals]
    reputations: Collection[Reputation] | None = None


class Follower:
    """A writer of the index, and how far it has read the store. One thread at a time, but for `renew`. Every method may raise
    ServiceError."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._writer = ColumnWriter()
        # One mark for posts and products: with one of its own, thousands of products imported at once would be read again by
        # every catching up until the next product changes.
        self._high: Millis = 0
        self._totals_high: Millis = 0
        self._reputations_high: Millis = 0
        self._unplayable: set[str] = set()

    @property
    def unplayable(self) -> int:
        """How many live posts have no media that can be played, and are left out."""
        return len(self._unplayable)

    def snapshot(self, version: int) -> Index:
        """The catalogue as it is known now."""
        return self._writer.snapshot(version)

    def build(self, now: Millis, read: Read = lambda *_: None) -> None:
        """Take everything in, in the order of an index of the store: by id, every batch would sort all live posts."""
        source, writer = self._source, self._writer
        for products in _batches(source.products.each(batch=BATCH)):
            writer.sell({product.id: Sale.of(product) for product in products})
            self._reached(products, now)
            read((), products, now)
        for posts in _batches(source.posts.each({"status": PostStatus.LIVE}, order="updated_at", batch=BATCH)):
            fit = [post for post in posts if playable(post)]
            self._unplayable.update({post.id for post in posts}.difference([post.id for post in fit]))
            writer.put([entry_of(post) for post in fit], shelve=False)
            self._reached(posts, now)
            read(fit, (), now)
        self._count_totals()
        self._trust()
        writer.arrange(now)

    def catch_up(self, now: Millis, read: Read = lambda *_: None) -> None:
        """Take in the posts and products that have changed since the last time."""
        since = {"updated_at": {"gte": self._high - OVERLAP}}
        products = list(self._source.products.each(since, order="updated_at"))
        posts = list(self._source.posts.each(since, order="updated_at"))
        self._writer.sell({product.id: Sale.of(product) for product in products})
        put: dict[str, Entry] = {}
        removed: set[str] = set()
        for post in posts:
            if playable(post):
                put[post.id] = entry_of(post)
                removed.discard(post.id)
                self._unplayable.discard(post.id)
            else:
                put.pop(post.id, None)
                removed.add(post.id)
                (self._unplayable.add if post.status is PostStatus.LIVE else self._unplayable.discard)(post.id)
        self._writer.remove(removed)
        self._writer.put(put.values())
        self._reached(products, now)
        self._reached(posts, now)
        read(posts, products, now)
        self._trust()

    def renew(self, now: Millis, turn: Turn) -> bool:
        """Take measured totals and reputations in and sort the shelves anew; returns whether there was anything to do.

        `turn` is held for moments only; in between others may `catch_up`, holding it.
        """
        trusted = self._trust(turn)
        if not (self._count_totals(turn) or trusted or self._writer.loose):
            return False
        self._writer.arrange(now, turn)
        return True

    def _reached(self, items: Sequence[Post] | Sequence[Product], now: Millis) -> None:
        """Changes are read up to the last of these, but none that a clock ahead of ours says is yet to come."""
        self._high = max(self._high, *(min(item.updated_at, now) for item in items)) if items else self._high

    def _count_totals(self, turn: Turn = ALONE) -> int:
        """Take totals in that changed since the last time; returns how many, 0 if none is newer than those known."""
        read, high = 0, self._totals_high
        since = {"updated_at": {"gte": self._totals_high - OVERLAP}}
        for batch in _batches(self._source.totals.each(since, order="updated_at", batch=BATCH)):
            counts, shown = {one.id: counts_of(one) for one in batch}, {one.id: one.shown for one in batch}
            with turn:
                self._writer.count(counts)
                self._writer.tally(shown)
            read, high = read + len(batch), max(high, *(one.updated_at for one in batch))
        moved = high > self._totals_high
        self._totals_high = high
        return read if moved else 0

    def _trust(self, turn: Turn = ALONE) -> int:
        """Take reputations in that were computed since the last time; returns how many changed."""
        if self._source.reputations is None:
            return 0
        since = {"updated_at": {"gte": self._reputations_high - OVERLAP}}
        fresh = list(self._source.reputations.each(since, order="updated_at", batch=BATCH))
        with turn:
            self._reputations_high = max([self._reputations_high, *(one.updated_at for one in fresh)])
            return self._writer.trust({one.id: one.multiplier for one in fresh})


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    """The same in lists of BATCH."""
    while batch := list(islice(items, BATCH)):
        yield batch
