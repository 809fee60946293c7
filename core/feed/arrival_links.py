"""Posts that came after the training, linked to the posts they are like: the compiled part.

Places 0..n-1 are the model's posts, n + i is arrival i. Each arrival has up to k neighbours among all places before its own, in
`rows` and `weights` (m, k), padded with -1. The way back, from a place to the arrivals that are like it, is a chain through the
same entries: `head` (n + m,) is the newest link of a place and `nexts` (m · k,) the one before each, as entry + 1, 0 for none.
Chains only grow at their head, so that a reader that leaves out arrivals beyond its own `count` sees what it saw before.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.feed.near import HASH, OFF
from core.pipeline.candidates import FloatArray, IntArray

Places = NDArray[np.int64]
Steps = NDArray[np.int8]
Weights = NDArray[np.float32]


@njit(cache=True, nogil=True)
def linked(  # noqa: PLR0912 - a compiled heap
    vectors: Steps,
    own: Steps,
    gone: NDArray[np.bool_],
    arrival: int,
    least: int,
    scale: float,
    rows: IntArray,
    weights: Weights,
    nexts: IntArray,
    head: IntArray,
) -> None:
    """Link one arrival, whose vector is `own[arrival]`, to the places most like it: inner products of `least` and more, times
    `scale`. Arrivals that are `gone` are left out. Costs 64 multiplications per post of the model."""
    k = rows.shape[1]
    wide = vectors.shape[1]
    best = np.zeros(k, np.int32)
    where = np.zeros(k, np.int32)
    count = 0
    vector = own[arrival].astype(np.int32)
    trained = len(vectors)
    for place in range(trained + arrival):
        product = np.int32(0)
        if place < trained:
            for one in range(wide):
                product += np.int32(vectors[place, one]) * vector[one]
        elif not gone[place - trained]:
            for one in range(wide):
                product += np.int32(own[place - trained, one]) * vector[one]
        if product < least or (count == k and product <= best[0]):
            continue
        # A heap with the smallest on top.
        if count < k:
            at = count
            count += 1
            while at > 0 and best[(at - 1) // 2] > product:
                best[at], where[at] = best[(at - 1) // 2], where[(at - 1) // 2]
                at = (at - 1) // 2
        else:
            at = 0
            while 2 * at + 1 < k:
                child = 2 * at + 1
                if child + 1 < k and best[child + 1] < best[child]:
                    child += 1
                if best[child] >= product:
                    break
                best[at], where[at] = best[child], where[child]
                at = child
        best[at], where[at] = product, place
    order = np.argsort(-best[:count].astype(np.int64), kind="mergesort")
    for j in range(count):
        rows[arrival, j] = where[order[j]]
        weights[arrival, j] = best[order[j]] * scale
    for j in range(count, k):
        rows[arrival, j] = -1
    _chain(rows, arrival, nexts, head)


@njit(cache=True, nogil=True)
def carried(
    old_rows: IntArray,
    old_weights: Weights,
    kept: IntArray,
    moved: IntArray,
    rows: IntArray,
    weights: Weights,
    nexts: IntArray,
    head: IntArray,
) -> None:
    """Take the arrivals `kept` (c,), ascending, over into empty tables; `moved` is the new place of each old one, -1 for none."""
    for arrival in range(len(kept)):
        count = 0
        for j in range(old_rows.shape[1]):
            place = old_rows[kept[arrival], j]
            if place < 0:
                break
            if moved[place] >= 0:
                rows[arrival, count] = moved[place]
                weights[arrival, count] = old_weights[kept[arrival], j]
                count += 1
        for j in range(count, rows.shape[1]):
            rows[arrival, j] = -1
        _chain(rows, arrival, nexts, head)


@njit(cache=True, nogil=True)
def _chain(rows: IntArray, arrival: int, nexts: IntArray, head: IntArray) -> None:
    k = rows.shape[1]
    for j in range(k):
        place = rows[arrival, j]
        if place < 0:
            break
        entry = arrival * k + j
        nexts[entry] = head[place]
        head[place] = entry + 1


@njit(cache=True, nogil=True)
def joined(
    table: IntArray,
    found: IntArray,
    sums: FloatArray,
    size: int,
    history: Places,
    counts: FloatArray,
    tied: IntArray,
    own: IntArray,
    end: int,
    rows: IntArray,
    weights: Weights,
    nexts: IntArray,
    head: IntArray,
    count: int,
    most: int,
) -> int:
    """Add what arrivals bring in to the `size` posts that a model found, see `near.Spoken`; returns how many there are then.

    An act on any place speaks for the `most` newest arrivals like it, one on an arrival for its neighbours too. `tied` and `own`
    are the post numbers of the model's places and of the arrivals; those of -1, and from `end` on, are left out. There is room for
    k + most posts for each of the history. Putting a post into the table stands in `near`, too, on purpose: as a function that is
    called for each neighbour it takes several times as long.
    """
    k, trained, last = rows.shape[1], len(tied), len(table) - 1
    for h in range(len(history)):
        source = history[h]
        entry, taken, j = head[source], 0, 0
        of_arrival = source >= trained
        while True:
            if of_arrival:
                place = rows[source - trained, j] if j < k else -1
                if place < 0:
                    of_arrival = False
                    continue
                number = tied[place] if place < trained else own[place - trained]
                says = counts[h] * weights[source - trained, j]
                j += 1
            elif entry > 0 and taken < most:
                arrival = (entry - 1) // k
                number = own[arrival] if arrival < count else -1
                says = counts[h] * weights[arrival, (entry - 1) % k]
                entry = nexts[entry - 1]
                taken += 0 <= number < end
            else:
                break
            if number < 0 or number >= end:
                continue
            at = (number * HASH >> OFF) & last
            while table[at] and found[table[at] - 1] != number:
                at = (at + 1) & last
            if table[at]:
                sums[table[at] - 1] += says
            else:
                found[size], sums[size] = number, says
                size += 1
                table[at] = size
    return size


@njit(cache=True, nogil=True)
def stronger(
    best: Places,
    said: FloatArray,
    wanted: Places,
    history: Places,
    counts: FloatArray,
    trained: int,
    rows: IntArray,
    weights: Weights,
) -> None:
    """Which element of `history` speaks most for each wanted place: put in `best`, with how much in `said`, where an arrival on
    either side says more than what stands there."""
    k = rows.shape[1]
    for w in range(len(wanted)):
        for h in range(len(history)):
            later, other = max(wanted[w], history[h]), min(wanted[w], history[h])
            if other < 0 or later < trained or counts[h] <= 0:
                continue
            for j in range(k):
                place = rows[later - trained, j]
                if place < 0:
                    break
                if place == other:
                    if counts[h] * weights[later - trained, j] > said[w]:
                        said[w] = counts[h] * weights[later - trained, j]
                        best[w] = h
                    break
