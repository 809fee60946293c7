"""The index's numbers of what viewers have seen, remembered: from one page to the next only a few posts are added."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

import msgspec
import numpy as np

from core.domain.viewer import ViewerState
from core.feed.index import Index
from core.pipeline.candidates import IntArray

ROOM = 600_000
"""So many posts are remembered for all viewers together, about 60 MB; the viewers asked for longest ago are forgotten."""


class _Held(msgspec.Struct, frozen=True, eq=False):
    """What one viewer had seen, and its numbers in `known` (n,), -1 for posts that were not known then.

    `lowest` and `highest` hold the numbers between them.
    """

    known: Mapping[str, int]
    seen: tuple[str, ...]
    numbers: IntArray
    lowest: int
    highest: int


class SeenNumbers:
    """Remembers numbers by viewer. Thread safe; an answer never depends on what is remembered."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def of(self, index: Index, state: ViewerState) -> IntArray:
        """The same as `index.numbers_of(state.seen)`, at the price of a comparison for what was seen at the last call."""
        held = self._held.get(state.viewer)
        if held is None or held.known is not index.known:
            held = self._remember(state, index, index.found(state.seen))
        elif held.seen is not state.seen:
            held = self._follow(state, index, held)
        elif held.lowest < 0 and (numbers := _caught_up(index, held.seen, held.numbers)) is not held.numbers:
            held = self._remember(state, index, numbers)
        numbers, end = held.numbers, len(index.row_of)
        if held.lowest >= 0 and held.highest < end:
            return numbers
        return numbers[(numbers >= 0) & (numbers < end)]

    def _follow(self, state: ViewerState, index: Index, held: _Held) -> _Held:
        """What came after what is held is added; the oldest may be gone."""
        seen = state.seen
        try:
            dropped = held.seen.index(seen[0]) if seen else len(held.seen)
        except ValueError:
            return self._remember(state, index, index.found(seen))
        shared = len(held.seen) - dropped
        if held.lowest < 0 or held.seen[dropped:] != seen[:shared]:
            return self._remember(state, index, index.found(seen))
        fresh = index.found(seen[shared:])
        numbers = np.concatenate((held.numbers[dropped:], fresh))
        told = fresh.tolist()
        return self._keep(state, index, numbers, min([held.lowest, *told]), max([held.highest, *told]))

    def _remember(self, state: ViewerState, index: Index, numbers: IntArray) -> _Held:
        lowest, highest = (int(numbers.min()), int(numbers.max())) if len(numbers) else (0, -1)
        return self._keep(state, index, numbers, lowest, highest)

    def _keep(self, state: ViewerState, index: Index, numbers: IntArray, lowest: int, highest: int) -> _Held:
        viewer, held = state.viewer, _Held(index.known, state.seen, numbers, lowest, highest)
        with self._lock:
            before = self._held.pop(viewer, None)
            self._count += len(held.seen) - (len(before.seen) if before is not None else 0)
            self._held[viewer] = held
            while self._count > self._room:
                _, gone = self._held.popitem(last=False)
                self._count -= len(gone.seen)
        return held


def _caught_up(index: Index, seen: tuple[str, ...], numbers: IntArray) -> IntArray:
    """The numbers, with those of posts that the index has taken in since."""
    missing = np.flatnonzero(numbers < 0)
    if not len(missing):
        return numbers
    found = index.found([seen[place] for place in missing.tolist()])
    if (found < 0).all():
        return numbers
    numbers = numbers.copy()
    numbers[missing] = found
    return numbers


seen_numbers = SeenNumbers()
"""Of this process."""
