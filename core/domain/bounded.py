"""A dictionary that never holds more than it should."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(OrderedDict[K, V]):
    """At most `most` entries: those put in first make room, one for one. Thread safe where keys are plain values.

    Many that go at once, with all that they hold, would keep the page waiting that happens to put one in.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def put(self, key: K, value: V) -> None:
        """Hold `value` under `key`, as the newest entry if there was none."""
        self[key] = value
        if len(self) > self._most:
            self._make_room()

    def put_all(self, entries: Mapping[K, V]) -> None:
        """`put` of each."""
        self.update(entries)
        if len(self) > self._most:
            self._make_room()

    def _make_room(self) -> None:
        while len(self) > self._most:
            try:
                self.popitem(last=False)
            except KeyError:  # another thread was quicker
                return
