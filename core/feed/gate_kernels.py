"""What may be shown to one viewer, compiled: the reasons against a row, and a walk along shelves until enough of them fit.

The reasons stand here twice on purpose. As a function of their own, called for each row with nine arrays, they take fifteen times
as long: each call counts references to every array. The tests hold both to the same masks.

`facts` are the arguments that a `Gate` passes: marks by post number, then per row the post's number, live, sellable, region,
language and publisher; the languages that fit as a mask (none: all), the viewer's affinity by publisher, the region asked for
(-1: any) and the affinity from which down a publisher is left out.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.pipeline.candidates import BoolArray, FloatArray, IntArray

Bits = NDArray[np.uint8]
Counts = tuple[int, int, int, int, int, int, int]
Small = NDArray[np.int16]
Long = NDArray[np.int64]

SEEN, HIDDEN = 1, 2
"""Bits of a post's mark."""
REASONS = (
    "seen",
    "no longer live",
    "hidden by the viewer",
    "out of stock",
    "another region",
    "another language",
    "publisher not wanted",
)
"""Reasons against a row; bit b of a row's bits stands for the b-th."""
EVER = -(2**63)
"""As `since`: however old."""


@njit(cache=True, nogil=True)
def mark(marks: Bits, numbers: IntArray, keep: int, bits: int) -> None:
    """Of the marks of these posts only `keep` stays, and `bits` are added."""
    for number in numbers:
        marks[number] = marks[number] & keep | bits


@njit(cache=True, nogil=True)
def judged(
    rows: IntArray,
    marks: Bits,
    number: IntArray,
    live: BoolArray,
    sellable: BoolArray,
    region: Small,
    language: Small,
    publisher: IntArray,
    spoken: BoolArray,
    affinity: FloatArray,
    here: int,
    tired: float,
) -> tuple[Bits, int]:
    """The reasons against each row (n,), and those that any of them has."""
    found = np.empty(len(rows), np.uint8)
    any_of = 0
    for i in range(len(rows)):
        row = rows[i]
        # Unsigned places: those that could be negative are checked for it at every access.
        at = np.uint32(row)
        mark, owner, tongue = marks[np.uint32(number[at])], np.uint32(publisher[at]), np.uint32(language[at])
        bits = mark & 1 | (mark & 2) << 1 | (not live[at]) << 1 | (not sellable[at]) << 3
        if here >= 0:
            bits |= (region[at] != here) << 4
        if len(spoken):
            bits |= (tongue >= len(spoken) or not spoken[tongue]) << 5
        if owner < len(affinity):
            bits |= (affinity[owner] <= tired) << 6
        found[i] = bits
        any_of |= bits
    return found, any_of


@njit(cache=True, nogil=True)
def walked(  # noqa: PLR0912 - one loop for all walks, as a compiled function called per row is slow
    keys: Long,
    want: int,
    size: int,
    base: IntArray,
    starts: Long,
    heads: IntArray,
    tail: IntArray,
    before: IntArray,
    impressions: NDArray[np.float32],
    fewer: float,
    published_at: Long,
    since: int,
    marks: Bits,
    number: IntArray,
    live: BoolArray,
    sellable: BoolArray,
    region: Small,
    language: Small,
    publisher: IntArray,
    spoken: BoolArray,
    affinity: FloatArray,
    here: int,
    tired: float,
) -> tuple[IntArray, Counts]:
    """Of each key's shelf the first `want` rows that nothing speaks against: its tail from the newest, then its base.

    Rows from `size` on are not there yet. With fewer impressions than `fewer` (inf: any number), and published at `since` or later
    (not EVER: then the bases have to be ordered by age, as the first row that is older ends the walk). Also by reason how many rows
    of that age were passed over; a seen row counts as seen alone, one with too many impressions is not counted.
    """
    taken, counts = np.empty(len(keys) * want, np.int32), np.zeros(7, np.int64)
    got = 0
    for key in keys:
        full = got + want
        place = heads[key] if key < len(heads) else -1
        step, end = (starts[key], starts[key + 1]) if key < len(starts) - 1 else (0, 0)
        while got < full:
            if place >= 0:
                row = tail[place]
                place = before[place]
                if row >= size or (since != EVER and published_at[row] < since):
                    continue
            elif step < end:
                row = base[step]
                step += 1
                if row >= size:
                    continue
                if since != EVER and published_at[row] < since:
                    break
            else:
                break
            # Unsigned places: those that could be negative are checked for it at every access.
            at = np.uint32(row)
            mark, owner, tongue = marks[np.uint32(number[at])], np.uint32(publisher[at]), np.uint32(language[at])
            bits = mark & 1 | (mark & 2) << 1 | (not live[at]) << 1 | (not sellable[at]) << 3
            if here >= 0:
                bits |= (region[at] != here) << 4
            if len(spoken):
                bits |= (tongue >= len(spoken) or not spoken[tongue]) << 5
            if owner < len(affinity):
                bits |= (affinity[owner] <= tired) << 6
            if bits & 1:
                counts[0] += 1
            elif bits:
                for b in range(1, 7):
                    counts[b] += (bits >> b) & 1
            elif fewer == np.inf or impressions[at] < fewer:
                taken[got] = row
                got += 1
    return taken[:got], (counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], counts[6])
