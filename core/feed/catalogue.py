"""The catalogue of one process: an index that follows the store, swapped whole, without a pause of serving."""

from __future__ import annotations

import threading

from core.domain.collection import Collection
from core.domain.errors import ServiceError
from core.domain.ids import SECOND, Millis
from core.domain.post import Post, PostStatus, PostTotals
from core.domain.product import Product
from core.domain.reputation import Reputation
from core.feed.follower import Follower, Read, Source
from core.feed.given_back import give_back
from core.feed.index import Index

REFRESH: Millis = 10 * SECOND
RETRY: Millis = 1 * SECOND
LOOKS = 3
"""So many times the numbers of live posts must differ before the index is built anew: one may be published at any moment."""
LEAST_WORN = 4_096
"""Up to so many rows nobody minds how many are dead."""


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
        """`read` is told of everything that the index is first built from, and of whatever changes later."""
        self._source, self._read = Source(posts, products, totals, reputations), read
        self._lock, self._refreshing = threading.Lock(), threading.Lock()
        self._follower = Follower(self._source)
        self._index: Index | None = None
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
                return self._follower.snapshot(-1)
            try:
                index = self._build(version, now) if index is None else self._catch_up(version, now)
            except ServiceError as error:
                self.problem, self._retry_at = error.detail, now + RETRY
                return index or self._follower.snapshot(-1)
            self.problem = ""
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
            index = self._catch_up(index.version, now)
            self.problem = ""
        except ServiceError as error:
            self.problem = error.detail
        finally:
            self._lock.release()
        return index

    def refresh_due(self, now: Millis) -> bool:
        """Whether `refresh` has something to do."""
        return self._index is not None and now - self._refreshed_at >= REFRESH and not self._refreshing.locked()

    def refresh(self, *, now: Millis) -> None:
        """Take measured totals in and sort the shelves anew; start over if the store holds posts that the index missed, or if most
        rows of the index are dead.

        For a thread of its own: readers go on with the index they have.
        """
        if self._index is None or not self._refreshing.acquire(blocking=False):
            return
        try:
            self._refreshed_at = now
            if self._missed_some(now) or self._worn:
                self._rebuild(now)
            else:
                self._renew(now)
            if now >= self._retry_at:  # else a version waits that could not be had, and the next request sees to it
                self.problem = ""
        except ServiceError as error:
            self.problem = error.detail
        finally:
            self._refreshing.release()

    def _build(self, version: int, now: Millis) -> Index:
        """The first index, which everybody waits for."""
        follower = Follower(self._source)
        follower.build(now, self._read)
        give_back()
        self._refreshed_at = now
        return self._swap(follower, version)

    def _catch_up(self, version: int, now: Millis) -> Index:
        self._follower.catch_up(now, self._read)
        return self._swap(self._follower, version)

    def _swap(self, follower: Follower, version: int) -> Index:
        """Have pages made from what this follower knows. Under the lock."""
        index = follower.snapshot(version)
        self._follower, self._index = follower, index
        return index

    def _missed_some(self, now: Millis) -> bool:
        """Whether the store's live posts are more or fewer than the index has, although it has caught up."""
        for look in range(LOOKS):
            if look:
                with self._lock:
                    self._catch_up(self._version, now)
            stored = self._source.posts.count({"status": PostStatus.LIVE})
            with self._lock:
                index, unplayable = self._index, self._follower.unplayable
            if index is not None and stored == index.count + unplayable:
                return False
        return True

    def _rebuild(self, now: Millis) -> None:
        """Everything anew, while requests go on with what they have; they wait only for what changed at the very end."""
        follower = Follower(self._source)
        follower.build(now)
        follower.catch_up(now)
        with self._lock:
            follower.catch_up(now, self._read)
            self._swap(follower, self._version)
        give_back()

    def _renew(self, now: Millis) -> None:
        if self._follower.renew(now, self._lock):
            with self._lock:
                self._swap(self._follower, self._version)
            give_back()

    @property
    def _worn(self) -> bool:
        """Whether most rows are dead."""
        index = self._index
        return index is not None and index.size > max(2 * index.count, LEAST_WORN)

    @property
    def _version(self) -> int:
        return self._index.version if self._index is not None else 0
