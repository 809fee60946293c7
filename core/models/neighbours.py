"""The form in which every model serves: for each item its strongest neighbours, so that a page costs one `bincount`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.domain.errors import InvalidInput

if TYPE_CHECKING:
    from scipy import sparse

Rows = NDArray[np.int32]
Weights = NDArray[np.float32]
Doubles = NDArray[np.float64]

NEIGHBOURS, OF_MANY = 100, 50
MANY = 200_000
"""From this many posts on, each has fewer neighbours: a model of a million posts is mapped in 400 MB."""

NOBODY = -1
"""Fills the places of an item that has fewer than k neighbours."""


def width_for(posts: int) -> int:
    """How many neighbours a post has in a model of so many."""
    return NEIGHBOURS if posts < MANY else OF_MANY


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Row i of `rows` int32 (n, k) holds the places in `ids` of the neighbours of item i, padded with -1; `weights` float32 (n, k)
    how much one event on i speaks for each, in falling order: positive, then negative (it speaks against), then 0 where padded.
    The arrays may be memory-mapped."""

    ids: Sequence[str]
    rows: Rows
    weights: Weights

    def __post_init__(self) -> None:
        if self.rows.shape != self.weights.shape or self.rows.ndim != 2 or len(self.ids) != len(self.rows):
            raise InvalidInput(
                "rows", self.rows.shape, f"(n, k) is needed for {len(self.ids)} ids and {self.weights.shape}"
            )

    @property
    def width(self) -> int:
        """k: how many neighbours an item may have."""
        return int(self.rows.shape[1])

    def scores(
        self, history: NDArray[np.integer], strengths: NDArray[np.floating], count: int | None = None
    ) -> Doubles:
        """How much a history speaks for each item: (count,), by default one score per id.

        `history` (h,) are places in `ids`, `strengths` (h,) what each event counts. Equal to strengths @ W for the matrix W that
        has `weights[i]` at the columns `rows[i]`. Costs O(h·k), whatever the size of the catalogue, plus the result.
        """
        length = len(self.rows) if count is None else count
        if not len(history):
            return np.zeros(length)
        rows = self.rows[history]
        spoken = self.weights[history] * np.asarray(strengths, dtype=np.float64)[:, None]
        sums = np.bincount((rows + 1).ravel(), weights=spoken.ravel(), minlength=length + 1)
        return np.asarray(sums[1 : length + 1], dtype=np.float64)

    def matrix(self) -> sparse.csr_matrix:
        """The same weights as a sparse matrix (n, n), for scoring many histories at once."""
        from scipy import sparse  # serving does without

        real = self.rows != NOBODY
        starts = np.concatenate(([0], np.cumsum(real.sum(axis=1))))
        made = sparse.csr_matrix((self.weights[real], self.rows[real], starts), shape=(len(self.rows), len(self.rows)))
        made.sort_indices()
        return made


def strongest(block: NDArray[np.floating], k: int, *, first: int | None = None) -> tuple[Rows, Weights]:
    """The k entries of largest size of each row of a dense block (m, n), as places and weights, in falling order of the weight,
    which may be below 0: what speaks against an item counts too. Ties go to the lower place.

    `first` is the item of the block's first row: an item is not its own neighbour. The block is changed.
    """
    m, n = block.shape
    if first is not None:
        block[np.arange(m), np.arange(first, first + m)] = 0
    wide = min(k, n)
    chosen = (
        np.argpartition(np.abs(block), n - wide, axis=1)[:, n - wide :] if wide < n else np.tile(np.arange(n), (m, 1))
    )
    chosen.sort(axis=1)
    found = np.take_along_axis(block, chosen, axis=1).astype(np.float32)
    return in_order(chosen, found, k)


def in_order(chosen: NDArray[np.integer], found: NDArray[np.floating], k: int) -> tuple[Rows, Weights]:
    """Places and weights (m, w ≤ k) in falling order of the weight; zeros become padding behind them, up to (m, k)."""
    order = np.argsort(np.where(found == 0, np.inf, -found), axis=1, kind="stable")
    chosen, found = np.take_along_axis(chosen, order, axis=1), np.take_along_axis(found, order, axis=1)
    rows = np.full((len(chosen), k), NOBODY, dtype=np.int32)
    weights = np.zeros((len(chosen), k), dtype=np.float32)
    wide = chosen.shape[1]
    rows[:, :wide] = np.where(found == 0, NOBODY, chosen)
    weights[:, :wide] = found
    return rows, weights


def strongest_of_edges(
    sources: NDArray[np.integer], targets: NDArray[np.integer], values: NDArray[np.floating], count: int, k: int
) -> tuple[Rows, Weights]:
    """As `strongest`, for the rows 0..count-1 given as edges: `sources` (e,) → `targets` (e,) with `values` (e,), none twice."""
    order = np.lexsort((targets, -np.abs(values), sources))
    sources, targets, values = sources[order], targets[order], values[order]
    starts = np.concatenate(([0], np.cumsum(np.bincount(sources, minlength=count))))[:-1]
    rank = np.arange(len(sources)) - starts[sources]
    kept = rank < k
    chosen = np.full((count, k), NOBODY, dtype=np.int32)
    found = np.zeros((count, k), dtype=np.float32)
    chosen[sources[kept], rank[kept]] = targets[kept]
    found[sources[kept], rank[kept]] = values[kept]
    return in_order(chosen, found, k)
