"""What may be shown to one viewer, compiled: the reasons against a row, and walks along rows until enough of them fit.

All of them stand in one file, because a compiled function is built anew only when its own file changes.

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
Counts = NDArray[np.int64]
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


@njit(inline="always")
def _against(
    row: int,
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
) -> int:
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
    return bits  # type: ignore[no-any-return]


@njit(inline="always")
def _count(bits: int, counts: Counts) -> None:
    """A seen row counts as seen alone, any other under each reason against it."""
    if bits & 1:
        counts[0] += 1
        return
    for b in range(1, len(counts)):
        counts[b] += (bits >> b) & 1


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
        bits = _against(
            rows[i], marks, number, live, sellable, region, language, publisher, spoken, affinity, here, tired
        )
        found[i] = bits
        any_of |= bits
    return found, any_of


@njit(cache=True, nogil=True)
def sifted(
    rows: IntArray,
    want: int,
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
    """The first `want` rows that nothing speaks against, and by reason how many were passed over until then."""
    taken, counts = np.empty(min(want, len(rows)), np.int32), np.zeros(7, np.int64)
    got = 0
    for i in range(len(rows)):
        if got == want:
            break
        bits = _against(
            rows[i], marks, number, live, sellable, region, language, publisher, spoken, affinity, here, tired
        )
        if bits:
            _count(bits, counts)
        else:
            taken[got] = rows[i]
            got += 1
    return taken[:got], counts


@njit(cache=True, nogil=True)
def walked(
    keys: Long,
    want: int,
    size: int,
    base: IntArray,
    starts: Long,
    heads: IntArray,
    tail: IntArray,
    before: IntArray,
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

    Rows from `size` on are not there yet. Also by reason how many were passed over.
    """
    taken, counts = np.empty(len(keys) * want, np.int32), np.zeros(7, np.int64)
    got = 0
    for key in keys:
        full = got + want
        place = heads[key] if key < len(heads) else -1
        while place >= 0 and got < full:
            row = tail[place]
            place = before[place]
            if row >= size:
                continue
            bits = _against(
                row, marks, number, live, sellable, region, language, publisher, spoken, affinity, here, tired
            )
            if bits:
                _count(bits, counts)
            else:
                taken[got] = row
                got += 1
        if key >= len(starts) - 1:
            continue
        for i in range(starts[key], starts[key + 1]):
            if got == full:
                break
            row = base[i]
            if row >= size:
                continue
            bits = _against(
                row, marks, number, live, sellable, region, language, publisher, spoken, affinity, here, tired
            )
            if bits:
                _count(bits, counts)
            else:
                taken[got] = row
                got += 1
    return taken[:got], counts


@njit(cache=True, nogil=True)
def untried(
    want: int,
    size: int,
    base: IntArray,
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
    """The newest rows that nothing speaks against, with fewer impressions than `fewer` and published at `since` or later.

    `base` is ordered by age, so the walk ends at the first row that is older; the tail is ordered by arrival. Also by reason how
    many of those rows were passed over; one with too many impressions is not counted.
    """
    taken, counts = np.empty(want, np.int32), np.zeros(7, np.int64)
    got = 0
    place = heads[0] if len(heads) else -1
    step = 0
    while got < want:
        if place >= 0:
            row = tail[place]
            place = before[place]
            if row >= size or published_at[row] < since:
                continue
        else:
            if step == len(base):
                break
            row = base[step]
            step += 1
            if row >= size:
                continue
            if published_at[row] < since:
                break
        bits = _against(row, marks, number, live, sellable, region, language, publisher, spoken, affinity, here, tired)
        if bits:
            _count(bits, counts)
        elif impressions[row] < fewer:
            taken[got] = row
            got += 1
    return taken[:got], counts
