"""The gate: what one viewer may be shown of one snapshot. Asked for every row that a source looks at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.domain.ids import Millis
from core.feed.gate_kernels import EVER, REASONS, Bits, Counts, judged, walked
from core.pipeline.candidates import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from core.feed.index import Index

TIRED = -2.5
"""A publisher whose affinity has sunk to this (about three fresh "not interested") is left out unless followed."""
_ANY: BoolArray = np.empty(0, np.bool_)
Tails = tuple[IntArray, IntArray, IntArray]
"""Rows added since, chained from the newest to the oldest of each key: `heads` (keys,) the place of a key's newest row, `tail` the
row at each place, `before` the place of the next older row of the same key; -1 is the end."""
_NOTHING: IntArray = np.empty(0, np.int32)
NO_TAILS: Tails = _NOTHING, _NOTHING, _NOTHING
_ONE = np.zeros(1, np.int64)
MOST = 2**31 - 1
"""More rows than there can be."""


class Gate:
    """Reasons against rows of `index` for a viewer with these marks and publishers' affinities.

    `region` empty or unknown means anywhere, `languages` empty means any. `facts` are the arguments of the compiled functions. Not
    thread safe: one request asks it.
    """

    __slots__ = ("_impressions", "_judged", "_published_at", "_rows", "facts")

    def __init__(
        self,
        index: Index,
        marks: NDArray[np.uint8],
        publishers: FloatArray,
        region: str = "",
        languages: Sequence[str] = (),
    ) -> None:
        spoken = _ANY
        if languages:
            spoken = np.zeros(len(index.languages) + 1, np.bool_)
            spoken[[number for name in languages if (number := index.languages.find(name)) >= 0]] = True
        self.facts: tuple[Any, ...] = (
            marks, index.number, index.live, index.sellable, index.region, index.language, index.publisher,
            spoken, publishers, index.regions.find(region) if region else -1, TIRED,
        )  # fmt: skip
        self._impressions, self._published_at = index.impressions, index.published_at
        self._rows: IntArray | None = None
        self._judged: tuple[Bits, int] = np.empty(0, np.uint8), 0

    def judged(self, rows: IntArray) -> tuple[Bits, int]:
        """The reasons against each row (n,), bit b standing for `REASONS[b]`, and those that any of them has."""
        if rows is not self._rows:  # filters ask one after the other about the same candidates
            self._judged = judged(_plain(rows), *self.facts)
            self._rows = rows
        return self._judged

    def sifted(self, rows: IntArray, want: int) -> tuple[IntArray, dict[str, int]]:
        """The first `want` rows that may be shown, and how many were passed over until then for which reason."""
        return self.walked(_ONE, want, _plain(rows), np.array([0, len(rows)]), NO_TAILS)

    def walked(
        self,
        keys: NDArray[np.int64],
        want: int,
        base: IntArray,
        starts: NDArray[np.int64],
        tails: Tails,
        *,
        size: int = MOST,
        fewer: float = math.inf,
        since: Millis = EVER,
    ) -> tuple[IntArray, dict[str, int]]:
        """Of each key's shelf up to `want` rows that may be shown, and how many were passed over on the way for which reason.

        Base and tails are those of `Shelves`; `size` ends the snapshot. Rows have `fewer` impressions and were published at `since`
        or later, for which the bases have to be ordered by age.
        """
        want = min(want, len(base) + len(tails[1]))
        taken, counts = walked(
            keys, want, size, base, starts, *tails, self._impressions, fewer, self._published_at, since, *self.facts
        )
        return taken, named(counts)

    def passed_over(self, rows: IntArray) -> dict[str, int]:
        """Counts by reason of those of these rows that may not be shown; a seen one counts as seen alone."""
        return self.sifted(rows, len(rows))[1] if len(rows) else {}


def named(counts: Counts) -> dict[str, int]:
    """Counts per reason (7,) by the reason's name, without those that are 0."""
    return {reason: count for reason, count in zip(REASONS, counts, strict=True) if count}


def _plain(rows: IntArray) -> IntArray:
    """The one form of array that the functions are compiled for."""
    return np.ascontiguousarray(rows, np.int32)
