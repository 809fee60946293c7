"""Weights of kept neighbours, fitted again: those that stay take over from those that were left out.

A model's matrix W of weights is served with k neighbours per item. Cutting the others off changes every score; the best weights on
the kept places answer histories as W does: for each item j they minimise (b - W[:, j])ᵀ·A·(b - W[:, j]) over the kept places of
column j, with A = Gram matrix + l2·I. A few rounds of conjugate gradients with the diagonal as preconditioner do it, each round
one product of the kept entries with A.

Measured on MovieLens-100K (as in `core.models.ease`), nDCG@10 with 100 of 1,682 neighbours: EASE cut .485, three rounds .491,
thirty rounds .491, all neighbours .493; EASE and ALS mixed .489, three rounds .495, all neighbours .496.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.models.neighbours import NOBODY, Neighbours, in_order
from core.models.progress import Progress, quiet

Floating = NDArray[np.floating]

ROUNDS = 3
COLUMNS = 256
"""Items that are worked on at a time."""

Goal = Callable[[int, int], Floating]
"""A·W at the columns from..to, (n, to - from)."""


def refitted(
    neighbours: Neighbours,
    gram: Floating,
    goal: Goal,
    *,
    scale: NDArray[np.float64],
    own: Floating | None = None,
    rounds: int = ROUNDS,
    progress: Progress | None = None,
) -> Neighbours:
    """The same places with better weights. `gram` is A (n, n), symmetric, of items that were multiplied by `scale` (n,), and so is
    what `goal` tells. With `own` (n,), the weight of each item for itself, that weight is fitted too, and dropped in the end.

    Costs one multiplication per kept weight, item and round: 10 s per round for 10,000 items of 100 neighbours.
    """
    tell = progress or quiet
    count, k = neighbours.rows.shape
    real = neighbours.rows != NOBODY
    sources, places = np.nonzero(real)
    targets = neighbours.rows[real].astype(np.int64)
    values = neighbours.weights[real] * scale[targets] / scale[sources]
    slots = sources * k + places
    if own is not None:
        everyone = np.arange(count)
        sources, targets = np.concatenate((sources, everyone)), np.concatenate((targets, everyone))
        values, slots = np.concatenate((values, own)), np.concatenate((slots, count * k + everyone))
    order = np.lexsort((sources, targets))
    sources, targets, slots, values = sources[order], targets[order], slots[order], values[order].astype(gram.dtype)
    starts = np.concatenate(([0], np.cumsum(np.bincount(targets, minlength=count))))
    rows_of_gram = gram.T if gram.flags.f_contiguous else gram
    for start in range(0, count, COLUMNS):
        end = min(start + COLUMNS, count)
        these = slice(starts[start], starts[end])
        column = targets[these] - start
        values[these] = _solved(
            values[these],
            rows_of_gram,
            sources[these],
            column,
            starts[start : end + 1] - starts[start],
            goal(start, end),
            rounds,
        )
        tell(end / count)
    made = np.zeros(count * k + count, dtype=np.float64)
    made[slots] = values * scale[sources] / scale[targets]
    found = made[: count * k].reshape(count, k).astype(np.float32)
    rows, weights = in_order(neighbours.rows, found, k)
    return Neighbours(neighbours.ids, rows, weights)


def _solved(
    values: Floating,
    gram: Floating,
    source: NDArray[np.integer],
    column: NDArray[np.integer],
    starts: NDArray[np.integer],
    goal: Floating,
    rounds: int,
) -> Floating:
    """Conjugate gradients for every column of a block at once; all arrays are over the kept entries of the block."""
    columns, count = len(starts) - 1, len(gram)
    diagonal = gram.diagonal()[source]

    def times(entries: Floating) -> Floating:
        product = sparse.csr_matrix((entries, source, starts), shape=(columns, count)) @ gram
        return np.asarray(product[column, source])

    def sums(entries: Floating) -> NDArray[np.float64]:
        return np.asarray(np.bincount(column, weights=entries, minlength=columns), dtype=np.float64)

    residual = goal[source, column] - times(values)
    direction = near = residual / diagonal
    size = sums(residual * near)
    for _ in range(rounds):
        moved = times(direction)
        length = size / np.maximum(sums(direction * moved), 1e-30)
        values = values + length[column] * direction
        residual = residual - length[column] * moved
        near = residual / diagonal
        before, size = size, sums(residual * near)
        direction = near + (size / np.maximum(before, 1e-30))[column] * direction
    return values
