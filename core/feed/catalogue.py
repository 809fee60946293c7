"""The catalogue of one process: an index that follows the store, swapped whole, without a pause of serving."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from core.domain.collection import Collection
from core.domain.errors import ServiceError
from core.domain.ids import SECOND, Millis
from core.domain.post import Post, PostStatus, PostTotals
from core.domain.product import Product
from core.domain.reputation import Reputation
from core.feed.actions import counts_of
from core.feed.columnar import ColumnWriter
from core.feed.entry import Entry, Sale, entry_of, playable
from core.feed.given_back import give_back
from core.feed.index import Index

OVERLAP: Millis = 5 * SECOND
"""How far back each reading of changes reaches again: clocks of machines differ, and writes become visible a moment late."""

Read = Callable[[Sequence[Post], Sequence[Product], Millis], None]
"""Told of posts and of products, as the store has them at this time."""

REFRESH: Millis = 10 * SECOND
RETRY: Millis = 1 * SECOND
BATCH = 1_000
T = TypeVar("T")


class Catalogue:
    """Builds the index from the store and applies changes when the catalogue's version has moved.

    Thread safe; any number of processes may each have one. If the store does not answer, the last good index stays and
    `problem` says so.
    """

    def __init__(
        self,
        posts: Collection[Post],
        products: Collection[Product],
        totals: Collection[PostTotals],
        read: Read = lambda *_: None,
        reputations: Collection[Reputation] | None = None,
    ) -> None:
        """`read` is told of everything that the index is built from, and of whatever changes later."""
        self._reputations, self._reputations_high = reputations, 0
        self._posts, self._products, self._totals, self._read = posts, products, totals, read
        self._lock = threading.Lock()
        self._writer = ColumnWriter()
        self._index: Index | None = None
        self._high: Millis = 0
        self._totals_high: Millis = 0
        self._unplayable: set[str] = set()
        self._refreshed_at: Millis = 0
        self._retry_at: Millis = 0
        self.problem = ""

    def at_least(self, version: int, *, now: Millis) -> Index:
        """The index, caught up with `version` of the catalogue. Never raises: a store that is down leaves the last good one."""
        index = self._index
        if index is not None and index.version >= version:
            return index
        with self._lock:
            index = self._index
            if index is not None and (index.version >= version or now < self._retry_at):
                return index
            if index is None and now < self._retry_at:
                return self._writer.snapshot(-1)
            try:
                index = self._build(version, now) if index is None else self._catch_up(version, now)
            except ServiceError as error:
                self.problem, self._retry_at = error.detail, now + RETRY
                return index or self._writer.snapshot(-1)
            self.problem, self._index = "", index
            return index

    def unsignalled(self, *, now: Millis) -> Index:
        """The index while no signal can be heard: the store is asked for changes once a second. Never raises."""
        index = self._index
        if index is None:
            return self.at_least(0, now=now)
        if now < self._retry_at or not self._lock.acquire(blocking=False):
            return index
        try:
            self._retry_at = now + RETRY
            index = self._index = self._catch_up(index.version, now)
            self.problem = ""
        except ServiceError as error:
            self.problem = error.detail
        finally:
            self._lock.release()
        return index

    def refresh_due(self, now: Millis) -> bool:
        """Whether `refresh` has something to do."""
        return self._index is not None and now - self._refreshed_at >= REFRESH

    def refresh(self, *, now: Millis) -> None:
        """Take measured totals in, sort the shelves anew, and start over if the store holds posts that the index missed.

        For a thread of its own: readers go on with the index they have.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            index = self._index
            if index is None:
                return
            self._refreshed_at = now
            if self._posts.count({"status": PostStatus.LIVE}) != index.count + len(self._unplayable):
                self._index = self._build(index.version, now)
                return
            trusted = self._trust()
            if self._count_totals() or trusted or self._writer.loose:
                self._writer.arrange(now)
                self._index = self._writer.snapshot(index.version)
                give_back()
        except ServiceError as error:
            self.problem = error.detail
        finally:
            self._lock.release()

    def _build(self, version: int, now: Millis) -> Index:
        """Everything anew, into a new writer.

        Read in the order of an index of the store: by id, every batch would sort all live posts.
        """
        writer = ColumnWriter()
        self._unplayable.clear()
        high: Millis = 0
        for products in _batches(self._products.each(batch=BATCH)):
            writer.sell({product.id: Sale.of(product) for product in products})
            self._read((), products, now)
        for posts in _batches(self._posts.each({"status": PostStatus.LIVE}, order="updated_at", batch=BATCH)):
            high = max(high, *(min(post.updated_at, now) for post in posts))
            fit = [post for post in posts if playable(post)]
            self._unplayable.update({post.id for post in posts}.difference([post.id for post in fit]))
            writer.put([entry_of(post) for post in fit], shelve=False)
            self._read(fit, (), now)
        self._writer, self._high, self._totals_high, self._reputations_high = writer, high, 0, 0
        self._count_totals()
        self._trust()
        writer.arrange(now)
        give_back()
        self._refreshed_at = now
        return writer.snapshot(version)

    def _catch_up(self, version: int, now: Millis) -> Index:
        """Posts and products that changed since the last time, applied to the columns."""
        since = {"updated_at": {"gte": self._high - OVERLAP}}
        products = list(self._products.each(since, order="updated_at"))
        self._writer.sell({product.id: Sale.of(product) for product in products})
        put: dict[str, Entry] = {}
        removed: set[str] = set()
        posts = list(self._posts.each(since, order="updated_at"))
        self._read(posts, products, now)
        for post in posts:
            self._high = max(self._high, min(post.updated_at, now))
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
        self._trust()
        return self._writer.snapshot(version)

    def _count_totals(self) -> int:
        """Take totals in that changed since the last time; returns how many, 0 if none is newer than those known."""
        read, high = 0, self._totals_high
        since = {"updated_at": {"gte": self._totals_high - OVERLAP}}
        for batch in _batches(self._totals.each(since, order="updated_at", batch=BATCH)):
            self._writer.count({one.id: counts_of(one) for one in batch})
            self._writer.tally({one.id: one.shown for one in batch})
            read, high = read + len(batch), max(high, *(one.updated_at for one in batch))
        moved = high > self._totals_high
        self._totals_high = high
        return read if moved else 0

    def _trust(self) -> int:
        """Take reputations in that were computed since the last time; returns how many changed."""
        if self._reputations is None:
            return 0
        since = {"updated_at": {"gte": self._reputations_high - OVERLAP}}
        fresh = list(self._reputations.each(since, order="updated_at", batch=BATCH))
        self._reputations_high = max((one.updated_at for one in fresh), default=self._reputations_high)
        return self._writer.trust({one.id: one.multiplier for one in fresh})


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    """The same in lists of BATCH."""
    while batch := list(islice(items, BATCH)):
        yield batch
