"""EASE: how much each item speaks for each other, in closed form (Steck 2019), with weights for viewers and for items.

With the weighted Gram matrix G = Xᵀ·diag(nᵤ^user_power)·X, items scaled by D = diag((cᵢ / mean c)^-item_power), and
P = (D·G·D + l2·I)⁻¹, the weight of item i for item j ≠ i is

    B[i, j] = - D[i] / D[j] · P[i, j] · l2^(1 - d) / P[j, j]^d,   d = diagonal_power

d = 1 and item_power = 0 is EASE: each column is the ridge regression of one item on all others. d = 0 is the ridge regression of
each item on all, its own weight dropped afterwards (Steck's EASE without the constraint, "relaxed" in Jeunen et al. 2020).

Measured on MovieLens-100K (protocol of the benchmark `ranking_quality`, three splits that it does not use): nDCG@10 .485 for
EASE, .487 with user_power -.5, .490 with item_power .2 too, .493 with diagonal_power 0 instead of 1. It matters more when only
100 neighbours of 1,682 are kept: .478 with diagonal_power 1, .485 with 0; keeping positive weights only costs .009 to .020.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from core.domain.errors import InvalidInput
from core.models.interactions import Interactions
from core.models.neighbours import Neighbours, strongest
from core.models.progress import Progress, part, quiet

BLOCK_ENTRIES = 16_000_000
"""Entries of a dense block that is worked on at a time: 128 MB in double precision."""


def fit_ease(
    interactions: Interactions,
    *,
    l2: float,
    user_power: float = -0.5,
    item_power: float = 0.0,
    diagonal_power: float = 1.0,
    top_k: int = 100,
    threads: int = 1,
    progress: Progress | None = None,
) -> Neighbours:
    """The `top_k` weights of largest size of each item."""
    tell = progress or quiet
    full = fit_ease_full(
        interactions,
        l2=l2,
        user_power=user_power,
        item_power=item_power,
        diagonal_power=diagonal_power,
        threads=threads,
        progress=part(tell, 0.0, 0.9),
    )
    return truncated(interactions.items, full, top_k, part(tell, 0.9, 1.0))


def fit_ease_full(
    interactions: Interactions,
    *,
    l2: float,
    user_power: float = -0.5,
    item_power: float = 0.0,
    diagonal_power: float = 1.0,
    threads: int = 1,
    precise: bool | None = None,
    progress: Progress | None = None,
) -> NDArray[np.floating]:
    """All of B, (items, items): B[i, j] is what i says for j. Needs one such matrix of memory, and O(items³) time.

    `precise` computes in double precision; by default up to 6,000 items. Raises InvalidInput unless `l2` is above 0.
    """
    if not l2 > 0:
        raise InvalidInput("l2", l2, "a number above 0 is needed")
    tell = progress or quiet
    count = len(interactions.items)
    kind = np.float64 if (count <= 6_000 if precise is None else precise) else np.float32
    if not count:
        return np.zeros((0, 0), dtype=kind)
    scale = _item_scale(interactions, item_power)
    with threadpool_limits(threads):
        gram = _gram(interactions.matrix, user_power, scale, kind, part(tell, 0.0, 0.3))
        gram[np.diag_indices(count)] += l2
        inverse = _inverted(gram)
        tell(0.9)
        diagonal = inverse.diagonal().astype(np.float64)
        columns = -(l2 ** (1 - diagonal_power)) / diagonal**diagonal_power / scale
        np.multiply(inverse, columns, out=inverse, casting="same_kind")
        np.multiply(inverse, scale[:, None], out=inverse, casting="same_kind")
        inverse[np.diag_indices(count)] = 0
    tell(1.0)
    return inverse


def truncated(
    ids: tuple[str, ...], full: NDArray[np.floating], top_k: int, progress: Progress | None = None
) -> Neighbours:
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


def _item_scale(interactions: Interactions, item_power: float) -> NDArray[np.float64]:
    counts = np.maximum(interactions.viewers_per_item(), 1).astype(np.float64)
    return np.asarray((counts / counts.mean()) ** -item_power)


def _gram(
    matrix: sparse.csr_matrix, user_power: float, scale: NDArray[np.float64], kind: type, progress: Progress
) -> NDArray[np.floating]:
    """D·Xᵀ·diag(nᵤ^power)·X·D as a dense Fortran-ordered matrix, block by block."""
    count = matrix.shape[1]
    known = np.maximum(np.diff(matrix.indptr), 1).astype(np.float64)
    scaled = (sparse.csr_matrix(matrix, dtype=np.float64) @ sparse.diags(scale)).tocsr()
    left = (sparse.diags(known**user_power) @ scaled).T.tocsr()
    gram = np.empty((count, count), dtype=kind, order="F")
    step = max(BLOCK_ENTRIES // count, 1)
    for start in range(0, count, step):
        # The matrix is symmetric: rows may be written as columns, which lie together in memory.
        gram[:, start : start + step] = (left[start : start + step] @ scaled).toarray().T
        progress(min(start + step, count) / count)
    return gram


def _inverted(gram: NDArray[np.floating]) -> NDArray[np.floating]:
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
