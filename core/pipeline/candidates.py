"""Candidates as columns: a thousand of them are a few arrays, so that a stage is a few array operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from core.domain.feed import Relaxation

IntArray = NDArray[np.int32]
UIntArray = NDArray[np.uint32]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one source proposes: rows of the index, best first, how many it passed over for which reason, and a note for people."""

    rows: IntArray
    passed_over: Mapping[str, int] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """A batch in struct-of-arrays form; all arrays share length n, and no row comes twice.

    `rows` (n,) are rows in the catalogue index, `sources` (n,) the bit set of the sources that proposed each, and `scores` one
    column (n,) per name, written by hydrators and scorers.
    """

    rows: IntArray
    sources: UIntArray
    scores: Mapping[str, FloatArray] = field(default_factory=dict)

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
        rows = np.concatenate([rows for _, rows in proposals])
        bits = np.concatenate([np.full(len(rows), 1 << bit, np.uint32) for bit, rows in proposals])
        order = np.argsort(rows, kind="stable")
        rows, bits = rows[order], bits[order]
        if not len(rows):
            return Candidates.none()
        starts = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1])))
        return Candidates(rows[starts].astype(np.int32, copy=False), np.bitwise_or.reduceat(bits, starts))

    def where(self, keep: BoolArray) -> Candidates:
        """Only those for which `keep` (n,) is true."""
        if keep.all():
            return self
        return Candidates(
            self.rows[keep], self.sources[keep], {name: column[keep] for name, column in self.scores.items()}
        )

    def at(self, places: NDArray[np.int64]) -> Candidates:
        """Those at these places, in this order."""
        return Candidates(
            self.rows[places], self.sources[places], {name: column[places] for name, column in self.scores.items()}
        )

    def scored(self, **columns: FloatArray) -> Candidates:
        """With these columns written."""
        return replace(self, scores={**self.scores, **columns})

    def __getitem__(self, name: str) -> FloatArray:
        """The column of this name; zeros if nothing wrote it."""
        column = self.scores.get(name)
        return np.zeros(len(self.rows)) if column is None else column


@dataclass(frozen=True, slots=True)
class Kept:
    """What a filter leaves, and how many it dropped for which reason."""

    candidates: Candidates
    dropped: Mapping[str, int] = field(default_factory=dict)

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


@dataclass(frozen=True, slots=True)
class Selection:
    """A page: `page` in slot order with a rule and a propensity per slot, the `reserve` best first, and notes for people.

    `relaxed` are the rules that could not be kept.
    """

    page: Candidates
    reserve: Candidates
    rules: tuple[str, ...]
    propensities: FloatArray
    displaced: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    prices: Mapping[str, float] = field(default_factory=dict)
    relaxed: tuple[Relaxation, ...] = ()
