"""Documents that many requests need, kept for a while in the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Generic, Protocol, TypeVar

from core.domain.bounded import Bounded
from core.domain.collection import Collection
from core.domain.errors import ServiceError
from core.domain.ids import MINUTE, SECOND, Millis


class Identified(Protocol):
    """Anything with an id and a time of its last change."""

    @property
    def id(self) -> str: ...
    @property
    def updated_at(self) -> Millis: ...


RETRY: Millis = 1 * SECOND
"""How long a store that did not answer is left alone: one that hangs must not hold up every page."""

T = TypeVar("T", bound=Identified)


class Remembered(Generic[T]):
    """A collection read through a cache of `capacity` items, each read anew after `lifetime`.

    If the store does not answer, what is remembered is given whatever its age. Thread safe.
    """

    def __init__(
        self,
        collection: Collection[T],
        *,
        capacity: int = 20_000,
        lifetime: Millis = MINUTE,
        remember_missing: bool = True,
        strict: bool = False,
        only: Callable[[T], bool] = lambda _: True,
    ) -> None:
        """Without `remember_missing`, an id that was not found is asked for again each time, as an item is that `only` says no to.
        With `strict`, a store that does not answer raises ServiceError if any of the ids is not remembered: nothing is taken for
        missing that may be there."""
        self._collection, self._lifetime = collection, lifetime
        self._remember_missing, self._strict, self._only = remember_missing, strict, only
        self._held: Bounded[str, tuple[Millis, T | None]] = Bounded(capacity)
        self._problem: ServiceError | None = None
        self._retry_at: Millis = 0
        self.heard = 0
        """How many times other versions than those remembered were taken in, by `put`."""

    def get_many(self, ids: Sequence[str], *, now: Millis, at_least: Sequence[Millis] | None = None) -> dict[str, T]:
        """Those that exist, by id. `at_least` gives for each id the time of its last change known elsewhere; what the store has
        that is older is not among them."""
        oldest = now - self._lifetime
        known = zip(ids, map(self._held.get, ids), at_least or repeat(None), strict=False)
        found: dict[str, T] = {
            id: entry[1]
            for id, entry, least in known
            if entry is not None
            and entry[0] >= oldest
            and entry[1] is not None
            and (least is None or entry[1].updated_at >= least)
        }
        if len(found) == len(ids):
            return found
        return found | self._others(ids, found, oldest, now, at_least)

    def _others(
        self, ids: Sequence[str], found: Mapping[str, T], oldest: Millis, now: Millis, at_least: Sequence[Millis] | None
    ) -> dict[str, T]:
        """What is not held as it should be, read; what is known to be missing is left out."""
        stale: dict[str, Millis] = {}
        for place, id in enumerate(ids):
            if id in found:
                continue
            entry = self._held.get(id)
            if at_least is not None or entry is None or entry[0] < oldest:
                stale[id] = at_least[place] if at_least is not None else oldest
        read = self._read(list(stale), now) if stale else {}
        if at_least is None:
            return read
        return {id: item for id, item in read.items() if item.updated_at >= stale[id]}

    def get(self, id: str, *, now: Millis) -> T | None:
        """One item, or None."""
        entry = self._held.get(id)
        if entry is not None and entry[0] >= now - self._lifetime:
            return entry[1]
        return self.get_many((id,), now=now).get(id)

    def held(self, ids: Iterable[str]) -> dict[str, T]:
        """Those of these that are remembered, whatever their age."""
        entries = map(self._held.get, ids)
        return {entry[1].id: entry[1] for entry in entries if entry is not None and entry[1] is not None}

    def put(self, items: Iterable[T], *, now: Millis) -> None:
        """Take newer versions in. One that is remembered already stays the object it is."""
        newer: dict[str, tuple[Millis, T | None]] = {}
        others = False
        for item in items:
            entry = self._held.get(item.id)
            same = entry is not None and entry[1] == item
            newer[item.id] = (now, entry[1] if entry is not None and same else item)
            others = others or not same
        self._held.put_all(newer)
        self.heard += others

    def _read(self, ids: list[str], now: Millis) -> dict[str, T]:
        try:
            if now < self._retry_at and self._problem is not None:
                raise self._problem
            read = self._collection.get_many(ids)
        except ServiceError as error:
            if now >= self._retry_at:
                self._problem, self._retry_at = error, now + RETRY
            if self._strict and any(id not in self._held for id in ids):
                raise
            return {id: entry[1] for id in ids if (entry := self._held.get(id)) is not None and entry[1] is not None}
        self._held.put_all({id: (now, item) for id, item in read.items() if self._only(item)})
        if self._remember_missing and len(read) < len(ids):
            self._held.put_all({id: (now, None) for id in ids if id not in read})
        return read


class RememberedWhole(Generic[T]):
    """A small collection held whole and read anew after `lifetime`: asking for what is not in it costs nothing.

    If the store does not answer, what is held is given whatever its age. Thread safe.
    """

    def __init__(self, collection: Collection[T], *, lifetime: Millis = MINUTE) -> None:
        self._collection, self._lifetime = collection, lifetime
        self._held: dict[str, T] = {}
        self._due: Millis | None = None

    def get(self, id: str, *, now: Millis) -> T | None:
        """One item, or None."""
        if self._due is None or not self._due - self._lifetime <= now < self._due:
            try:
                self._held = {item.id: item for item in self._collection.each()}
                self._due = now + self._lifetime
            except ServiceError:
                self._due = now + RETRY
        return self._held.get(id)
