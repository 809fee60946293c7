"""Candidates as columns: a thousand of them are a few arrays, so that a stage is a few array operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.feed import Relaxation
from core.pipeline.merging import IntArray, UIntArray, merged

__all__ = ["BoolArray", "Candidates", "FloatArray", "IntArray", "Kept", "Proposal", "Selection", "UIntArray"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class Proposal(msgspec.Struct, frozen=True, eq=False):
    """What one source proposes: rows of the index, best first, how many it passed over for which reason, and a note for people."""

    rows: IntArray
    passed_over: Mapping[str, int] = msgspec.field(default_factory=dict)
    note: str = ""


class Candidates(msgspec.Struct, frozen=True, eq=False):
    """A batch in struct-of-arrays form; all arrays share length n, and no row comes twice.

    `rows` (n,) are rows in the catalogue index, `sources` (n,) the bit set of the sources that proposed each, and `scores` one
    column (n,) per name, written by hydrators and scorers.
    """

    rows: IntArray
    sources: UIntArray
    scores: Mapping[str, FloatArray] = msgspec.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    @staticmethod
    def none() -> Candidates:
        """No candidates at all."""
        return Candidates(np.empty(0, np.int32), np.empty(0, np.uint32))

    @staticmethod
    def merged(proposals: Sequence[tuple[int, IntArray]]) -> Candidates:
        """Each row once, ascending, with the bits of all sources that proposed it. `proposals` are (bit number, rows)."""
        if not proposals:
            return Candidates.none()
        return Candidates(*merged(proposals))

    def where(self, keep: BoolArray) -> Candidates:
        """Only those for which `keep` (n,) is true."""
        if keep.all():
            return self
        return self.at(np.flatnonzero(keep))

    def at(self, places: NDArray[np.int64]) -> Candidates:
        """Those at these places, in this order."""
        scores = _Picked.of(self.scores, places) if self.scores else self.scores
        return Candidates(self.rows[places], self.sources[places], scores)

    def scored(self, **columns: FloatArray) -> Candidates:
        """With these columns written."""
        return Candidates(self.rows, self.sources, {**self.scores, **columns})

    def parts(self, names: Iterable[str]) -> tuple[list[FloatArray], NDArray[np.int64]]:
        """These columns as they were written, and the places (n,) in them of these candidates. Raises KeyError."""
        if isinstance(self.scores, _Picked):
            return self.scores.parts(names)
        return [self.scores[name] for name in names], np.arange(len(self.rows))

    def __getitem__(self, name: str) -> FloatArray:
        """The column of this name; zeros if nothing wrote it."""
        column = self.scores.get(name)
        return np.zeros(len(self.rows)) if column is None else column


class _Picked(Mapping[str, FloatArray]):
    """Some places of columns; each is gathered when it is first read, because most of them never are."""

    __slots__ = ("_columns", "_gathered", "_places")

    def __init__(self, columns: Mapping[str, FloatArray], places: NDArray[np.int64]) -> None:
        self._columns, self._places = columns, places
        self._gathered: dict[str, FloatArray] = {}

    @staticmethod
    def of(columns: Mapping[str, FloatArray], places: NDArray[np.int64]) -> _Picked:
        """`columns` at `places`; places of places refer to the columns themselves."""
        if isinstance(columns, _Picked):
            return _Picked(columns._columns, columns._places[places])
        return _Picked(columns, places)

    def parts(self, names: Iterable[str]) -> tuple[list[FloatArray], NDArray[np.int64]]:
        """These columns as they were written, and the places in them."""
        return [self._columns[name] for name in names], self._places

    def __getitem__(self, name: str) -> FloatArray:
        found = self._gathered.get(name)
        if found is None:
            found = self._gathered[name] = self._columns[name][self._places]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns


class Kept(msgspec.Struct, frozen=True, eq=False):
    """What a filter leaves, and how many it dropped for which reason."""

    candidates: Candidates
    dropped: Mapping[str, int] = msgspec.field(default_factory=dict)

    @staticmethod
    def of(candidates: Candidates, *reasons: tuple[str, BoolArray]) -> Kept:
        """Drop where any mask is true; each candidate is counted under the first reason that fits it."""
        gone = np.zeros(len(candidates), np.bool_)
        dropped: dict[str, int] = {}
        for reason, mask in reasons:
            count = int(np.count_nonzero(mask & ~gone))
            if count:
                dropped[reason] = count
                gone |= mask
        return Kept(candidates.where(~gone), dropped) if dropped else Kept(candidates)


class Selection(msgspec.Struct, frozen=True, eq=False):
    """A page: `page` in slot order with a rule and a propensity per slot, and notes for people.

    `relaxed` are the rules that could not be kept; the selection was `lacking` choice if other candidates might have let it.
    """

    page: Candidates
    rules: tuple[str, ...]
    propensities: FloatArray
    displaced: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    prices: Mapping[str, float] = msgspec.field(default_factory=dict)
    relaxed: tuple[Relaxation, ...] = ()
    lacking: bool = False
