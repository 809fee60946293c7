"""The exact best page: a dynamic programme over counts per kind and what the gap rules still forbid.

Within a kind the better post always takes the earlier slot (slots further down are seen by fewer viewers), so a page is known
by its sequence of kinds, and the state after each slot is (slots per kind, cooldown per kind). 20 slots × 4 kinds under
typical shares are some thousand states: measured beside `solve`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.pipeline.candidates import FloatArray

GAP_PENALTY = 1e6
"""What a broken gap costs in the programme: more than any page is worth, so that gaps give only where nothing else can."""

KIND_COUNT = 4


@dataclass(frozen=True, slots=True)
class Solution:
    """`kinds` (slots,) per slot, the page's `value`, how many gaps are `broken`, and the best value for each count of slots.

    `totals[c0, c1, c2, c3]` is the best value of a page with these counts, −inf where there is none; only filled on request.
    """

    kinds: NDArray[np.int8]
    value: float
    broken: int


@lru_cache(maxsize=256)
def _cooldowns(gaps: tuple[int, ...]) -> tuple[NDArray[np.int16], NDArray[np.int8]]:
    """Reachable cooldown states: (states, kinds) → next state, and whether placing the kind there breaks its gap."""
    start = (0,) * len(gaps)
    numbers = {start: 0}
    queue = [start]
    follow: list[list[int]] = []
    broken: list[list[int]] = []
    for state in queue:
        follow.append([])
        broken.append([])
        for kind, gap in enumerate(gaps):
            after = tuple(gap if one == kind else max(left - 1, 0) for one, left in enumerate(state))
            if after not in numbers:
                numbers[after] = len(numbers)
                queue.append(after)
            follow[-1].append(numbers[after])
            broken[-1].append(int(state[kind] > 0))
    return np.array(follow, np.int16), np.array(broken, np.int8)


def solve(
    values: Sequence[FloatArray], least: Sequence[int], most: Sequence[int], gaps: Sequence[int], attention: FloatArray
) -> Solution:
    """The sequence of kinds with the highest Σ attention[slot] · value.

    `values` holds per kind the scores of its candidates, best first; `least` and `most` slots per kind must leave a possible
    page; `gaps` per kind is how many slots lie between two of it; `attention` (slots,) must not rise from slot to slot.
    """
    width = max((len(one) for one in values), default=0) or 1
    table = np.full((KIND_COUNT, width), -np.inf)
    for kind, one in enumerate(values):
        table[kind, : len(one)] = one
    follow, broken = _cooldowns(tuple(int(gap) for gap in gaps))
    high = np.array([min(top, len(one)) for top, one in zip(most, values, strict=True)], np.int64)
    kinds, value, count = _solve(table, np.asarray(least, np.int64), high, follow, broken, attention, GAP_PENALTY)
    return Solution(kinds, float(value + count * GAP_PENALTY), int(count))


def value_of(kinds: Sequence[int], values: Sequence[FloatArray], attention: FloatArray) -> float:
    """Σ attention · value of a sequence of kinds."""
    taken = [0] * len(values)
    total = 0.0
    for slot, kind in enumerate(kinds):
        total += float(attention[slot] * values[kind][taken[kind]])
        taken[kind] += 1
    return total


def every_page(slots: int, kinds: int = KIND_COUNT) -> Any:
    """All sequences of kinds, for tests of small pages."""
    return itertools.product(range(kinds), repeat=slots)


@njit(cache=True, nogil=True)
def _solve(  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0915 - one compiled loop nest, quickest as one
    table, least, most, follow, broken, attention, penalty
):
    slots = len(attention)
    states = len(follow)
    d1, d2, d3 = most[1] + 1, most[2] + 1, most[3] + 1
    size = (most[0] + 1) * d1 * d2 * d3
    # Not filled: every state that is read was written before, because counts only grow.
    best = np.empty((size, states), np.float64)
    back = np.empty((size, states), np.int32)
    steps = np.array([d1 * d2 * d3, d2 * d3, d3, 1])
    counts = np.zeros(4, np.int64)
    final, final_state, top = -1, -1, -np.inf
    for c0 in range(most[0] + 1):
        counts[0] = c0
        for c1 in range(most[1] + 1):
            counts[1] = c1
            if c0 + c1 > slots:
                break
            for c2 in range(most[2] + 1):
                counts[2] = c2
                if c0 + c1 + c2 > slots:
                    break
                for c3 in range(most[3] + 1):
                    counts[3] = c3
                    filled = c0 + c1 + c2 + c3
                    if filled > slots:
                        break
                    place = c0 * steps[0] + c1 * steps[1] + c2 * steps[2] + c3
                    for state in range(states):
                        best[place, state] = -np.inf
                    if filled == 0:
                        best[place, 0] = 0.0
                        continue
                    # Too little room is left for the least shares: this state leads nowhere.
                    short = 0
                    for kind in range(4):
                        short += max(least[kind] - counts[kind], 0)
                    if short > slots - filled:
                        continue
                    for kind in range(4):
                        if counts[kind] == 0:
                            continue
                        gain = attention[filled - 1] * table[kind, counts[kind] - 1]
                        before = place - steps[kind]
                        for state in range(states):
                            value = best[before, state]
                            if value == -np.inf:
                                continue
                            value += gain - penalty * broken[state, kind]
                            after = follow[state, kind]
                            if value > best[place, after]:
                                best[place, after] = value
                                back[place, after] = state * 4 + kind
                    if filled == slots and short == 0:
                        for state in range(states):
                            if best[place, state] > top:
                                top, final, final_state = best[place, state], place, state
    kinds = np.empty(slots, np.int8)
    count = 0
    place, state = final, final_state
    for slot in range(slots - 1, -1, -1):
        step = back[place, state]
        kind = step % 4
        kinds[slot] = kind
        state = step // 4
        count += broken[state, kind]
        place -= steps[kind]
    return kinds, top, count
