"""The form in which every model serves: for each item its strongest neighbours, so that a page costs one `bincount`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.errors import InvalidInput

Rows = NDArray[np.int32]
Weights = NDArray[np.float32]
Doubles = NDArray[np.float64]

NOBODY = -1
"""Fills the places of an item that has fewer than k neighbours."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Row i of `rows` int32 (n, k) holds the places in `ids` of the neighbours of item i, strongest first, padded with -1;
    `weights` float32 (n, k) how much one event on i speaks for each, 0 where padded. The arrays may be memory-mapped."""

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


def strongest(block: NDArray[np.floating], k: int, *, first: int = 0) -> tuple[Rows, Weights]:
    """The k largest positive entries of each row of a dense block (m, n): places and weights, strongest first, then the lower
    place. `first` is the item of the block's first row: an item is not its own neighbour. The block is changed."""
    m, n = block.shape
    block[np.arange(m), np.arange(first, first + m)] = 0
    rows = np.full((m, k), NOBODY, dtype=np.int32)
    weights = np.zeros((m, k), dtype=np.float32)
    wide = min(k, n)
    chosen = np.argpartition(block, n - wide, axis=1)[:, n - wide :] if wide < n else np.tile(np.arange(n), (m, 1))
    found = np.take_along_axis(block, chosen, axis=1).astype(np.float32)
    order = np.lexsort((chosen, -found), axis=1)
    chosen, found = np.take_along_axis(chosen, order, axis=1), np.take_along_axis(found, order, axis=1)
    rows[:, :wide] = np.where(found > 0, chosen, NOBODY)
    weights[:, :wide] = np.maximum(found, 0)
    return rows, weights
