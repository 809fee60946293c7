"""EASE and implicit ALS in one matrix of weights: each sees what the other does not.

Measured on MovieLens-100K (as in `core.models.ease`), nDCG@10: EASE .493, ALS .492, seven parts of EASE and three of ALS .496; with
the 100 largest weights of each item, fitted again, .495.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.models.ease import BLOCK_ENTRIES, gram_of, plain_goal, solve, truncated
from core.models.ials import fit_item_factors
from core.models.interactions import Interactions
from core.models.neighbours import Neighbours
from core.models.progress import Progress, part, quiet
from core.models.refit import ROUNDS, refitted

SCALED_ON = 2_000
"""Viewers whose scores say how large the weights of either model are."""


def fit_mixed(
    interactions: Interactions,
    *,
    l2: float,
    user_power: float = -0.5,
    item_power: float = 0.2,
    factors: int = 64,
    regularization: float = 20.0,
    alpha: float = 2.0,
    share: float = 0.3,
    top_k: int = 100,
    refit: int = ROUNDS,
    seed: int = 0,
    threads: int = 1,
    progress: Progress | None = None,
) -> Neighbours:
    """The `top_k` weights of largest size of each item, fitted again in `refit` rounds."""
    tell = progress or quiet
    mixed = _mixed(
        interactions,
        l2,
        user_power,
        item_power,
        factors,
        regularization,
        alpha,
        share,
        seed,
        threads,
        part(tell, 0.0, 0.6),
    )
    cut = truncated(interactions.items, mixed.weights, top_k, part(tell, 0.6, 0.7))
    if not refit or not len(interactions):
        return cut
    scale, own, kind = mixed.scale, mixed.own, mixed.weights.dtype.type
    left, right, of_ease, of_ials = mixed.left, mixed.right, mixed.of_ease, mixed.of_ials
    del mixed
    with threadpool_limits(threads):
        gram = gram_of(interactions.matrix, l2, user_power, scale, kind, part(tell, 0.7, 0.75))
        ridge = plain_goal(gram, l2)
        aimed = gram @ (left / scale[:, None]).astype(kind)
        columns = (right * scale[:, None]).astype(kind)

        def goal(item: int, sources: NDArray[np.integer]) -> NDArray[np.floating]:
            toward_ease, toward_ials = ridge(item, sources), aimed[sources] @ columns[item]
            return np.asarray(kind(of_ease) * toward_ease + kind(of_ials) * toward_ials)

        return refitted(cut, gram, goal, scale=scale, own=own, rounds=refit, progress=part(tell, 0.75, 1.0))


def fit_mixed_full(
    interactions: Interactions,
    *,
    l2: float,
    user_power: float = -0.5,
    item_power: float = 0.2,
    factors: int = 64,
    regularization: float = 20.0,
    alpha: float = 2.0,
    share: float = 0.3,
    seed: int = 0,
    threads: int = 1,
    progress: Progress | None = None,
) -> NDArray[np.floating]:
    """(items, items): (1 - share) of EASE, not constrained, and `share` of ALS, each over the standard deviation of its scores."""
    tell = progress or quiet
    return _mixed(
        interactions, l2, user_power, item_power, factors, regularization, alpha, share, seed, threads, tell
    ).weights


@dataclass(frozen=True, slots=True, eq=False)
class _Mixed:
    """`weights` = of_ease · EASE + of_ials · left · rightᵀ with zeros in the diagonal, and what that held."""

    weights: NDArray[np.floating]
    own: NDArray[np.floating]
    scale: NDArray[np.float64]
    left: NDArray[np.float32]
    right: NDArray[np.float32]
    of_ease: float
    of_ials: float


def _mixed(
    interactions: Interactions,
    l2: float,
    user_power: float,
    item_power: float,
    factors: int,
    regularization: float,
    alpha: float,
    share: float,
    seed: int,
    threads: int,
    tell: Progress,
) -> _Mixed:
    left, right = fit_item_factors(
        interactions,
        factors=factors,
        regularization=regularization,
        alpha=alpha,
        seed=seed,
        threads=threads,
        progress=part(tell, 0.0, 0.3),
    )
    solved = solve(interactions, l2, user_power, item_power, False, threads, None, part(tell, 0.3, 0.9))
    full, count = solved.weights, len(interactions.items)
    if not len(interactions):
        return _Mixed(full, solved.own, solved.scale, left, right, 1.0, 0.0)
    with threadpool_limits(threads):
        some = interactions.matrix[:: max(len(interactions.viewers) // SCALED_ON, 1)]
        of_ease = (1 - share) / (float(np.std(some @ full)) or 1.0)
        of_ials = share / (float(np.std((some @ left) @ right.T)) or 1.0)
        full *= of_ease
        step = max(BLOCK_ENTRIES // count, 1)
        for start in range(0, count, step):
            full[start : start + step] += (left[start : start + step] @ right.T) * np.float32(of_ials)
        own = of_ease * solved.own + of_ials * np.einsum("ij,ij->i", left, right)
        full[np.diag_indices(count)] = 0
    tell(1.0)
    return _Mixed(full, own, solved.scale, left, right, of_ease, of_ials)
