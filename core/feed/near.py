"""What a viewer's last acts say about every post, compiled: a few thousand additions over the neighbours of fifty acts."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.domain.ids import MINUTE, Millis
from core.pipeline.candidates import FloatArray, IntArray

RECENCY = 0.8
"""Within a session an act counts this part of a full act after it; acts on one post are one."""

EARLIER = 0.3
"""What acts of earlier sessions count, each alike, because taste lasts. Hits among ten with 0 (recency alone), .2 and .35:
MovieLens-100K .233, .224, .219; simulated, steady tastes .134, .154, .161; simulated, a topic per session .095, .125, .127."""

PAUSE: Millis = 30 * MINUTE
"""A longer pause than this ends a session."""

FAINT = 0.03
"""A post that counts less than this part of the one that counts most is left out: what was liked sixteen likes ago, within one
long session. Nearly half the neighbours need not be looked at then."""

LEAST, MOST = -2.0, 3.0
"""What all acts on one post may count together."""

Places = NDArray[np.int64]
Name = TypeVar("Name", bound=Hashable)


def strengths(acts: Sequence[tuple[Name, float, Millis]], now: Millis, *, evenly: bool = False) -> dict[Name, float]:
    """What each post of a history of (post, weight, time), oldest first, counts for, the latest last.

    Σ of its acts' weights within LEAST..MOST, times RECENCY^(Σ |weight|, at most 1 each, of the posts since) for what was done in
    this session, times EARLIER for what was done before it. A faint act, such as a clip half watched, ages the others less. What
    counts less than FAINT of the strongest is left out. `evenly` leaves recency out.

    >>> strengths([("x", 1.0, 0), ("a", 1.0, 9_000_000), ("b", 1.0, 9_000_001), ("a", 1.0, 9_000_002)], 9_000_003)
    {'x': 0.3, 'b': 0.8, 'a': 2.0}
    """
    sums = summed(acts)
    latest = {post: at for post, _, at in acts}
    began = now if evenly else _session_began(acts, now)
    found: dict[Name, float] = {}
    since = 0.0
    for post, total in reversed(sums.items()):
        counts = 1.0 if evenly else RECENCY**since if latest[post] >= began else EARLIER
        found[post] = total * counts
        since += min(abs(total), 1.0)
    least = FAINT * max(map(abs, found.values()), default=0.0)
    return {post: counts for post, counts in reversed(found.items()) if abs(counts) >= least}


def summed(acts: Sequence[tuple[Name, float, Millis]]) -> dict[Name, float]:
    """The sum of the weights on each post, within LEAST..MOST, the latest last."""
    sums: dict[Name, float] = {}
    for post, weight, _ in acts:
        sums[post] = sums.pop(post, 0.0) + weight
    return {post: min(max(total, LEAST), MOST) for post, total in sums.items()}


def strengths_of(
    names: Sequence[int], weights: Sequence[float], times: Sequence[Millis], now: Millis
) -> tuple[Places, Places, FloatArray]:
    """`strengths` of a short history of posts told by numbers: the place (m,) of each post's last act in the history, ascending,
    its number (m,), and what it counts for (m,). Posts with numbers below 0 age the others and are left out.

    Compiled: every page asks for fifty acts."""
    return _strengths(  # type: ignore[no-any-return]
        np.array(names, np.int64), np.array(weights, np.float64), np.array(times, np.int64), now
    )


def _session_began(acts: Sequence[tuple[Name, float, Millis]], now: Millis) -> Millis:
    """When the session that `now` belongs to began: acts no more than PAUSE apart."""
    began = now
    for _, _, at in reversed(acts):
        if began - at > PAUSE:
            break
        began = min(began, at)
    return began


class Spoken(msgspec.Struct, eq=False):
    """Posts that a history speaks for, and how much: `numbers` and `values` (m,) in the order in which they are first named.

    `found` and `sums` hold them with `room` for more behind, and `table` finds their places by number: +1, 0 where it is empty.
    """

    found: IntArray
    sums: FloatArray
    table: IntArray
    count: int

    @staticmethod
    def nothing(room: int) -> Spoken:
        """Nothing yet, and room for so many posts: at least half of the table is always empty."""
        return Spoken(np.empty(room, np.int32), np.empty(room), np.zeros(1 << (2 * room + 1).bit_length(), np.int32), 0)

    @property
    def numbers(self) -> IntArray:
        """(m,) post numbers."""
        return self.found[: self.count]

    @property
    def values(self) -> FloatArray:
        """(m,) how much is said for each."""
        return self.sums[: self.count]

    def of(self, rows: IntArray, number: IntArray) -> FloatArray:
        """How much is said for each of these rows of the index (n,), whose posts' numbers are `number` by row; 0 for others."""
        return _said(rows, number, self.table, self.found, self.sums)  # type: ignore[no-any-return]


def spoken_for(
    rows: NDArray[np.int32],
    weights: NDArray[np.float32],
    history: Places,
    counts: FloatArray,
    numbers: NDArray[np.int32],
    end: int,
    *,
    unit: float = 1.0,
    more: int = 0,
) -> Spoken:
    """The posts that the neighbours of `history` speak for, and how much: Σ counts[h] · weights[h, j] over numbers[rows[h, j]] =
    it, in `unit`. Places without a number (−1), or with one from `end` on, are left out. There is room for `more` posts.

    Costs a look into a small table for each of h·k neighbours, whatever the size of the catalogue: sums in one over all places
    would miss the cache for nearly every neighbour, and sorting the neighbours takes twice as long.
    """
    spoken = Spoken.nothing(len(history) * rows.shape[1] + more)
    spoken.count = _spread(
        rows, weights, history, counts, numbers, end, unit, spoken.table, spoken.found, spoken.sums
    )  # fmt: skip
    return spoken


def strongest_reason(
    rows: NDArray[np.int32], weights: NDArray[np.float32], history: Places, counts: FloatArray, wanted: Places
) -> Places:
    """For each wanted place, which element of `history` speaks for it most; -1 where none does."""
    return np.asarray(_strongest(rows, weights, history, counts, wanted))


@njit(cache=True, nogil=True)
def _strengths(names, weights, times, now):  # type: ignore[no-untyped-def]
    """As `strengths`, by comparing each act with each later one: fifty are few."""
    count = len(names)
    began = now
    for act in range(count - 1, -1, -1):
        if began - times[act] > PAUSE:
            break
        began = min(began, times[act])
    last, counts = np.empty(count, np.int64), np.empty(count)
    found, since = 0, 0.0
    for act in range(count - 1, -1, -1):
        again = False
        for later in range(act + 1, count):
            if names[later] == names[act]:
                again = True
                break
        if again:
            continue
        total = 0.0
        for other in range(act + 1):
            if names[other] == names[act]:
                total += weights[other]
        total = min(max(total, LEAST), MOST)
        found += 1
        last[count - found] = act
        counts[count - found] = total * (RECENCY**since if times[act] >= began else EARLIER)
        since += min(abs(total), 1.0)
    strongest = 0.0
    for place in range(count - found, count):
        strongest = max(strongest, abs(counts[place]))
    kept, own = 0, np.empty(count, np.int64)
    for place in range(count - found, count):
        name = names[last[place]]
        if name >= 0 and abs(counts[place]) >= FAINT * strongest:
            last[kept], own[kept], counts[kept] = last[place], name, counts[place]
            kept += 1
    return last[:kept], own[:kept], counts[:kept]


HASH, OFF = 2654435761, 15
"""A number's first place in a table: the bits from OFF on of its product with the golden ratio's part of 2³²."""


@njit(cache=True, nogil=True)
def _spread(rows, weights, history, counts, numbers, end, unit, table, found, sums):  # type: ignore[no-untyped-def]
    """Put every neighbour of the history that has a number into the table; returns how many posts these are."""
    count, last = 0, len(table) - 1
    for h in range(len(history)):
        own = history[h]
        for j in range(rows.shape[1]):
            place = rows[own, j]
            if place < 0:
                break
            number = numbers[place]
            if number < 0 or number >= end:
                continue
            at = (number * HASH >> OFF) & last
            while table[at] and found[table[at] - 1] != number:
                at = (at + 1) & last
            if table[at]:
                sums[table[at] - 1] += counts[h] * weights[own, j]
            else:
                found[count], sums[count] = number, counts[h] * weights[own, j]
                count += 1
                table[at] = count
    for at in range(count):
        sums[at] /= unit
    return count


@njit(cache=True, nogil=True)
def _said(rows, number, table, found, sums):  # type: ignore[no-untyped-def]
    said, last = np.zeros(len(rows)), len(table) - 1
    for row in range(len(rows)):
        wanted = number[rows[row]]
        at = (wanted * HASH >> OFF) & last
        while table[at] and found[table[at] - 1] != wanted:
            at = (at + 1) & last
        if table[at]:
            said[row] = sums[table[at] - 1]
    return said


@njit(cache=True, nogil=True)
def _strongest(
    rows: IntArray, weights: NDArray[np.float32], history: Places, counts: FloatArray, wanted: Places
) -> Places:
    best = np.full(len(wanted), -1, np.int64)
    for w in range(len(wanted)):
        most = 0.0
        for h in range(len(history)):
            if counts[h] <= 0:
                continue
            own = history[h]
            for j in range(rows.shape[1]):
                if rows[own, j] == wanted[w]:
                    if counts[h] * weights[own, j] > most:
                        most = counts[h] * weights[own, j]
                        best[w] = h
                    break
                if rows[own, j] < 0:
                    break
    return best
