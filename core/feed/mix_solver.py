"""The exact best page without caps: a dynamic programme over counts per kind and what the gap rules still forbid.

Within a kind the better post always takes the earlier slot (slots further down are seen by fewer viewers), so a page is known
by its sequence of kinds, and the state after each slot is (slots per kind, cooldown per kind). 20 slots × 4 kinds under
typical shares are some thousand states: measured beside `solve`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.pipeline.candidates import FloatArray

PENALTY = 1e9
"""What a broken gap, or a slot outside a share, costs in the programme: more than any page is worth."""

KIND_COUNT = 4
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Solution:
    """`kinds` (slots,) per slot, the page's `value`, and how many gaps are `broken`."""

    kinds: NDArray[np.int8]
    value: float
    broken: int


def cooldowns_within(
    gaps: tuple[int, ...], start: tuple[int, ...], most: int
) -> tuple[NDArray[np.int16], NDArray[np.int8]]:
    """The same, but with the longest gaps shortened until there are at most `most` states."""
    while len((found := cooldowns(gaps, start))[0]) > most and max(gaps):
        longest = max(gaps)
        gaps = tuple(gap - (gap == longest) for gap in gaps)
        start = tuple(map(min, start, gaps))
    return found


@lru_cache(maxsize=1_024)
def cooldowns(gaps: tuple[int, ...], start: tuple[int, ...]) -> tuple[NDArray[np.int16], NDArray[np.int8]]:
    """Cooldowns reachable from `start`, as numbers: (states, kinds) → next state, and whether the kind's gap breaks there.

    A cooldown is how many slots each kind has to wait. `start` is state 0: what the page before still forbids.
    """
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
    """The sequence of kinds with the highest Σ attention[slot] · value, as few broken gaps as possible before that.

    `values` holds per kind the scores of its candidates, best first; `least` and `most` slots per kind must leave a possible
    page; `gaps` per kind is how many slots lie between two of it; `attention` (slots,) must not rise from slot to slot.
    """
    scores = np.concatenate(values).astype(np.float64)
    kinds = np.repeat(np.arange(KIND_COUNT), [len(one) for one in values])
    slots = len(attention)
    places, value, broken, _ = best_order(
        scores,
        kinds,
        np.ones(len(kinds), np.bool_),
        np.full(slots, -1, np.int64),
        np.asarray(least, np.int64),
        np.asarray(most, np.int64),
        np.zeros((KIND_COUNT, slots + 1)),
        *cooldowns(tuple(int(gap) for gap in gaps), (0,) * KIND_COUNT),
        np.asarray(attention, np.float64),
        PENALTY,
    )
    return Solution(kinds[places].astype(np.int8), float(value), int(broken))


@njit(cache=True, nogil=True)
def best_order(  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0915 - one compiled loop nest, quickest as one
    scores, kinds, allowed, pinned, least, most, toll, follow, broken, attention, penalty
):
    """The best page from the `allowed` candidates, ranked by score: (places per slot, value, broken gaps, toll).

    `pinned` (slots,) is the candidate that must stand in a slot, −1 for none; a pinned one need not be allowed. Counts stay
    within `least` and `most` (4,), and each pays its `toll` (4, slots + 1). `follow`, `broken` are of `cooldowns`. Value −inf,
    and places −1, where no page is possible. The layer (slots filled) and three counts make a state; the kind with the widest
    range is what is left.
    """
    slots, states = len(attention), len(follow)
    lists = np.full((4, slots), -1, np.int64)
    width = np.zeros(4, np.int64)
    forced = np.full(slots, -1, np.int64)
    ahead = np.zeros((4, slots + 1), np.int64)
    for slot in range(slots):
        if pinned[slot] >= 0:
            forced[slot] = kinds[pinned[slot]]
        for kind in range(4):
            ahead[kind, slot + 1] = ahead[kind, slot] + (forced[slot] == kind)
    for place in range(len(scores)):
        kind = kinds[place]
        if not allowed[place] or width[kind] == slots:
            continue
        free = True
        for slot in range(slots):
            free = free and pinned[slot] != place
        if free:
            lists[kind, width[kind]] = place
            width[kind] += 1
    high = np.minimum(most, width + ahead[:, slots])
    page = np.full(slots, -1, np.int64)
    if high.sum() < slots or (least > high).any() or least.sum() > slots:
        return page, -np.inf, 0, 0.0
    order = np.argsort(high)
    k0, k1, k2, k3 = order[0], order[1], order[2], order[3]
    steps = np.zeros(4, np.int64)
    steps[k0], steps[k1], steps[k2] = (high[k1] + 1) * (high[k2] + 1), high[k2] + 1, 1
    cells = (high[k0] + 1) * steps[k0]
    best = np.empty((2, cells, states), np.float64)
    stamp = np.full((2, cells), -1, np.int16)
    back = np.empty((slots + 1, cells, states), np.int16)
    best[0, 0, :] = -np.inf
    best[0, 0, 0] = 0.0
    stamp[0, 0] = 0
    counts = np.zeros(4, np.int64)
    after, price = np.empty((4, states), np.int64), np.empty((4, states))
    for kind in range(4):
        for state in range(states):
            after[kind, state], price[kind, state] = follow[state, kind], penalty * broken[state, kind]
    final, final_state, top, owed = -1, -1, -np.inf, 0.0
    for filled in range(1, slots + 1):
        slot = filled - 1
        now, last = filled & 1, slot & 1
        for c0 in range(min(high[k0], filled) + 1):
            counts[k0] = c0
            for c1 in range(min(high[k1], filled - c0) + 1):
                counts[k1] = c1
                for c2 in range(max(0, filled - c0 - c1 - high[k3]), min(high[k2], filled - c0 - c1) + 1):
                    counts[k2] = c2
                    counts[k3] = filled - c0 - c1 - c2
                    # Too little room is left for the least shares: this state leads nowhere.
                    short = 0
                    for kind in range(4):
                        short += max(least[kind] - counts[kind], 0)
                    if short > slots - filled:
                        continue
                    cell = c0 * steps[k0] + c1 * steps[k1] + c2
                    row = best[now, cell]
                    fresh = True
                    for kind in range(4):
                        source = cell - steps[kind]
                        if (
                            counts[kind] == 0
                            or (forced[slot] >= 0 and forced[slot] != kind)
                            or stamp[last, source] != slot
                        ):
                            continue
                        rank = counts[kind] - 1 - ahead[kind, slot]
                        if forced[slot] < 0 and (rank < 0 or rank >= width[kind]):
                            continue
                        gain = attention[slot] * scores[pinned[slot] if forced[slot] >= 0 else lists[kind, rank]]
                        if fresh:
                            fresh = False
                            stamp[now, cell] = filled
                            for state in range(states):
                                row[state] = -np.inf
                        came, trail, into, due = best[last, source], back[filled, cell], after[kind], price[kind]
                        for state in range(states):
                            value = came[state] + (gain - due[state])
                            if value > row[into[state]]:
                                row[into[state]] = value
                                trail[into[state]] = state * 4 + kind
                    if filled == slots and not fresh:
                        due = 0.0
                        for kind in range(4):
                            due += toll[kind, counts[kind]]
                        for state in range(states):
                            if row[state] - due > top:
                                top, owed, final, final_state = row[state] - due, due, cell, state
    if final < 0:
        return page, -np.inf, 0, 0.0
    count = 0
    cell, state = final, final_state
    for filled in range(slots, 0, -1):
        kind, state = back[filled, cell, state] % 4, back[filled, cell, state] // 4
        page[filled - 1] = kind
        count += broken[state, kind]
        cell -= steps[kind]
    taken = np.zeros(4, np.int64)
    total = 0.0
    for slot in range(slots):
        kind = page[slot]
        if forced[slot] >= 0:
            page[slot] = pinned[slot]
        else:
            page[slot] = lists[kind, taken[kind]]
            taken[kind] += 1
        total += attention[slot] * scores[page[slot]]
    return page, total, count, owed
