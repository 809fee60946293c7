"""When no page can keep every rule: the smallest loosening that makes one possible."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.feed.mix_asked import CAP_UNIT, PIN_UNIT, Asked, Ints
from core.feed.mix_search import Board

ATTEMPTS = 24
"""Sets of pins that are left out on trial at most; each is a search of its own, some milliseconds."""

Boards = Callable[[Asked, Sequence[tuple[int, int]], bool], Board]


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The page under the least relaxation: its places, value, the slots whose pins are left out, and how much gives way."""

    places: Ints
    value: float
    without: tuple[int, ...]
    units: float


def least_relaxed(
    boards: Boards,
    asked: Asked,
    pins: Sequence[tuple[int, int]],
    available: Sequence[int],
    must: Sequence[int],
) -> Relaxed:
    """The page for which the rules give way by the fewest units (see `core.feed.mix_asked`); of these the best.

    Shares, gaps and caps give way within one search; pins are left out in the order of what that costs, as long as something
    better could come of it: nothing does with fewer units than shares and gaps alone, and too few groups for the caps.
    """
    toll = asked.soft_toll(must)
    alone = boards(asked, (), True)
    free = alone.order(alone.everything, alone.frame(must, available, toll))
    floor = (free.units if free is not None else 0.0) + CAP_UNIT * alone.overdrawn
    best: Relaxed | None = None
    queue: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    seen: set[tuple[int, ...]] = {()}
    for _ in range(ATTEMPTS):
        if not queue:
            break
        extra, without = heapq.heappop(queue)
        if best is not None and extra + floor >= best.units - 1e-6:
            break
        kept = [pin for pin in pins if pin[0] not in without]
        board = boards(asked, kept, True)
        # With pins, what must be shown may be impossible; then it is only wished for.
        found = board.search(must, available, toll, floor=floor) or board.search(
            (0,) * len(must), available, toll, floor=floor
        )
        if found is not None and (best is None or (found.units + extra, -found.value) < (best.units, -best.value)):
            best = Relaxed(board.long(found), found.value, without, found.units + extra)
        for slot, _ in kept:
            fewer = tuple(sorted((*without, slot)))
            if fewer not in seen:
                seen.add(fewer)
                heapq.heappush(queue, (extra + PIN_UNIT, fewer))
    if best is None:
        raise RuntimeError("without hard rules every order of kinds is possible")
    return best
