"""EASE and implicit ALS in one matrix of weights: each sees what the other does not.

Measured on MovieLens-100K (as in `core.models.ease`), nDCG@10: EASE .493, ALS .492, seven parts of EASE and three of ALS .496; with
the 100 largest weights of each item .485, .482 and .489.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.models.ease import BLOCK_ENTRIES, fit_ease_full, truncated
from core.models.ials import fit_item_factors
from core.models.interactions import Interactions
from core.models.neighbours import Neighbours
from core.models.progress import Progress, part, quiet

SCALED_ON = 2_000
"""Viewers whose scores say how large the weights of either model are."""


def fit_mixed(
    interactions: Interactions,
    *,
    l2: float,
    user_power: float = -0.5,
    item_power: float = 0.0,
    diagonal_power: float = 1.0,
    factors: int = 64,
    regularization: float = 20.0,
    alpha: float = 2.0,
    share: float = 0.3,
    top_k: int = 100,
    seed: int = 0,
    threads: int = 1,
    progress: Progress | None = None,
) -> Neighbours:
    """The `top_k` weights of largest size of each item."""
    tell = progress or quiet
    full = fit_mixed_full(
        interactions,
        l2=l2,
        user_power=user_power,
        item_power=item_power,
        diagonal_power=diagonal_power,
        factors=factors,
        regularization=regularization,
        alpha=alpha,
        share=share,
        seed=seed,
        threads=threads,
        progress=part(tell, 0.0, 0.9),
    )
    return truncated(interactions.items, full, top_k, part(tell, 0.9, 1.0))


def fit_mixed_full(
    interactions: Interactions,
    *,
    l2: float,
    user_power: float = -0.5,
    item_power: float = 0.0,
    diagonal_power: float = 1.0,
    factors: int = 64,
    regularization: float = 20.0,
    alpha: float = 2.0,
    share: float = 0.3,
    seed: int = 0,
    threads: int = 1,
    progress: Progress | None = None,
) -> NDArray[np.floating]:
    """(items, items): (1 - share) of EASE and `share` of ALS, each over the standard deviation of the scores it gives."""
    tell = progress or quiet
    left, right = fit_item_factors(
        interactions,
        factors=factors,
        regularization=regularization,
        alpha=alpha,
        seed=seed,
        threads=threads,
        progress=part(tell, 0.0, 0.3),
    )
    full = fit_ease_full(
        interactions,
        l2=l2,
        user_power=user_power,
        item_power=item_power,
        diagonal_power=diagonal_power,
        threads=threads,
        progress=part(tell, 0.3, 0.9),
    )
    if not len(interactions):
        return full
    step = max(len(interactions.viewers) // SCALED_ON, 1)
    some = interactions.matrix[::step]
    spread_ease = float(np.std(some @ full)) or 1.0
    spread_ials = float(np.std((some @ left) @ right.T)) or 1.0
    count = len(interactions.items)
    full *= (1 - share) / spread_ease
    rows = max(BLOCK_ENTRIES // count, 1)
    for start in range(0, count, rows):
        full[start : start + rows] += (left[start : start + rows] @ right.T) * np.float32(share / spread_ials)
    full[np.diag_indices(count)] = 0
    tell(1.0)
    return full
