"""EASE: how much each item speaks for each other, in closed form (Steck 2019), with weights for viewers and for items.

With the weighted Gram matrix G = Xᵀ·diag(nᵤ^user_power)·X, items scaled by D = diag((cᵢ / mean c)^-item_power), and
P = (D·G·D + l2·I)⁻¹, the weight of item i for item j ≠ i is

    constrained:      B[i, j] = - D[i] / D[j] · P[i, j] / P[j, j]
    not constrained:  B[i, j] = - D[i] / D[j] · P[i, j] · l2

The first with item_power = 0 is EASE: each column is the ridge regression of one item on all others. The second is the ridge
regression of each item on all, its own weight dropped afterwards.

Measured on MovieLens-100K (protocol of the benchmark `ranking_quality`, on three splits that it does not use), nDCG@10: EASE .485,
with user_power -.5 .487, with item_power .2 too .490, not constrained as well .493. With the 100 largest weights of 1,682 as they
are: constrained .478, not constrained .485, and .491 fitted again (`core.models.refit`). Negative weights belong to it: the 100
largest positive ones alone give .458 and .476.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from core.domain.errors import InvalidInput
from core.models.interactions import Interactions
from core.models.neighbours import Neighbours, strongest
from core.models.progress import Progress, part, quiet
from core.models.refit import ROUNDS, Goal, refitted

Floating = NDArray[np.floating]

BLOCK_ENTRIES = 16_000_000
"""Entries of a dense block that is worked on at a time: 128 MB in double precision."""


def fit_ease(
    interactions: Interactions,
    *,
    l2: float,
    user_power: float = -0.5,
    item_power: float = 0.0,
    constrained: bool = True,
    top_k: int = 100,
    refit: int = ROUNDS,
    threads: int = 1,
    progress: Progress | None = None,
) -> Neighbours:
    """The `top_k` weights of largest size of each item, fitted again in `refit` rounds; 0 leaves them as they are."""
    tell = progress or quiet
    solved = solve(interactions, l2, user_power, item_power, constrained, threads, None, part(tell, 0.0, 0.5))
    own = None if constrained else solved.own
    cut = truncated(interactions.items, solved.weights, top_k, part(tell, 0.5, 0.6))
    if not refit or not len(interactions):
        return cut
    scale, kind = solved.scale, solved.weights.dtype.type
    del solved
    with threadpool_limits(threads):
        gram = gram_of(interactions.matrix, l2, user_power, scale, kind, part(tell, 0.6, 0.7))
        goal = plain_goal(gram, l2)
        return refitted(cut, gram, goal, scale=scale, own=own, rounds=refit, progress=part(tell, 0.7, 1.0))


def fit_ease_full(
    interactions: Interactions,
    *,
    l2: float,
    user_power: float = -0.5,
    item_power: float = 0.0,
    constrained: bool = True,
    threads: int = 1,
    precise: bool | None = None,
    progress: Progress | None = None,
) -> Floating:
    """All of B, (items, items), zeros in its diagonal: B[i, j] is what i says for j. Needs one such matrix of memory and O(items³)
    time.

    `precise` computes in double precision, by default up to 6,000 items. Raises InvalidInput unless `l2` is above 0.
    """
    return solve(interactions, l2, user_power, item_power, constrained, threads, precise, progress or quiet).weights


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """`weights` (n, n) with zeros in the diagonal, what that held (`own`, (n,)), and the factor of each item (`scale`, (n,))."""

    weights: Floating
    own: Floating
    scale: NDArray[np.float64]


def solve(
    interactions: Interactions,
    l2: float,
    user_power: float,
    item_power: float,
    constrained: bool,
    threads: int,
    precise: bool | None,
    progress: Progress,
) -> Solved:
    """B and what fitting it again needs."""
    if not l2 > 0:
        raise InvalidInput("l2", l2, "a number above 0 is needed")
    count = len(interactions.items)
    kind = np.float64 if (count <= 6_000 if precise is None else precise) else np.float32
    counts = np.maximum(interactions.viewers_per_item(), 1).astype(np.float64)
    scale = np.asarray((counts / counts.mean()) ** -item_power) if count else np.ones(0)
    if not count:
        return Solved(np.zeros((0, 0), dtype=kind), np.zeros(0), scale)
    with threadpool_limits(threads):
        inverse = _inverted(gram_of(interactions.matrix, l2, user_power, scale, kind, part(progress, 0.0, 0.3)))
        progress(0.9)
        diagonal = inverse.diagonal().astype(np.float64)
        columns = -1 / (diagonal * scale) if constrained else -l2 / scale
        np.multiply(inverse, columns, out=inverse, casting="same_kind")
        np.multiply(inverse, scale[:, None], out=inverse, casting="same_kind")
        inverse[np.diag_indices(count)] = 0
    progress(1.0)
    return Solved(inverse, np.zeros(count) if constrained else 1 - l2 * diagonal, scale)


def plain_goal(gram: Floating, l2: float) -> Goal:
    """What the Gram matrix is without its l2: there the ridge regression and EASE aim."""

    def at(item: int, sources: NDArray[np.integer]) -> Floating:
        return np.asarray(gram[sources, item] - np.where(sources == item, l2, 0).astype(gram.dtype))

    return at


def truncated(ids: tuple[str, ...], full: Floating, top_k: int, progress: Progress | None = None) -> Neighbours:
    """The served form of a dense matrix of weights (n, n), made block by block."""
    tell = progress or quiet
    rows = np.empty((len(ids), top_k), dtype=np.int32)
    weights = np.empty((len(ids), top_k), dtype=np.float32)
    step = max(BLOCK_ENTRIES // max(len(ids), 1), 1)
    for start in range(0, len(ids), step):
        block = full[start : start + step].copy()
        rows[start : start + step], weights[start : start + step] = strongest(block, top_k, first=start)
        tell(min(start + step, len(ids)) / len(ids))
    return Neighbours(ids, rows, weights)


def gram_of(
    matrix: sparse.csr_matrix,
    l2: float,
    user_power: float,
    scale: NDArray[np.float64],
    kind: type[np.floating],
    progress: Progress,
) -> Floating:
    """D·Xᵀ·diag(nᵤ^user_power)·X·D + l2·I as a dense Fortran-ordered matrix, made block by block."""
    count = matrix.shape[1]
    known = np.maximum(np.diff(matrix.indptr), 1).astype(np.float64)
    scaled = (sparse.csr_matrix(matrix, dtype=np.float64) @ sparse.diags(scale)).tocsr()
    left = (sparse.diags(known**user_power) @ scaled).T.tocsr()
    gram: Floating = np.empty((count, count), dtype=kind, order="F")
    step = max(BLOCK_ENTRIES // count, 1)
    for start in range(0, count, step):
        # The matrix is symmetric: rows may be written as columns, which lie together in memory.
        gram[:, start : start + step] = (left[start : start + step] @ scaled).toarray().T
        progress(min(start + step, count) / count)
    gram[np.diag_indices(count)] += l2
    return gram


def _inverted(gram: Floating) -> Floating:
    """The inverse of a symmetric positive definite matrix, written over it."""
    factorise, invert = (lapack.dpotrf, lapack.dpotri) if gram.dtype == np.float64 else (lapack.spotrf, lapack.spotri)
    factor, failed = factorise(gram, lower=1, overwrite_a=1, clean=0)
    if failed:
        raise InvalidInput("l2", failed, "the matrix cannot be inverted in this precision; a larger l2 is needed")
    inverse, _ = invert(factor, lower=1, overwrite_c=1)
    count = len(inverse)
    for start in range(0, count, 1_024):
        end = min(start + 1_024, count)
        inverse[:start, start:end] = inverse[start:end, :start].T
        corner = inverse[start:end, start:end]
        inverse[start:end, start:end] = np.tril(corner) + np.tril(corner, -1).T
    return np.asarray(inverse)
