"""What a viewer may do with a post, and how often it happens."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from core.domain.mix import DEFAULT_WEIGHTS
from core.domain.post import PostTotals
from core.pipeline.candidates import FloatArray

ACTIONS: tuple[str, ...] = (
    "like", "completion", "comment", "share", "follow", "product_click", "add_to_cart", "order", "not_interested", "report",
)  # fmt: skip
"""Every predicted action; the columns of `Index.log_odds` in this order."""

USUAL_RATES: FloatArray = np.array([0.05, 0.35, 0.004, 0.01, 0.005, 0.02, 0.006, 0.0015, 0.008, 0.0005])
"""Rates per impression before any is measured. They are the prior of the catalogue's own means and matter for a few thousand
impressions only."""

CATALOGUE_PRIOR = 5_000.0
"""Impressions that `USUAL_RATES` count for in the catalogue's mean."""

POST_PRIOR = 40.0
"""Impressions that the catalogue's mean counts for in one post's rate."""


def weights_of(weights: Mapping[str, float]) -> FloatArray:
    """A policy's weights as a vector over ACTIONS; an action it does not name has its default."""
    return np.array([weights.get(action, DEFAULT_WEIGHTS[action]) for action in ACTIONS])


def counts_of(totals: PostTotals) -> tuple[float, FloatArray]:
    """Impressions and count per action. Apps that report no impressions are taken at their watches."""
    counts = totals.counts
    impressions = max(counts.get("impression", 0), counts.get("watch", 0))
    return float(impressions), np.array([float(counts.get(action, 0)) for action in ACTIONS])


def catalogue_rates(impressions: FloatArray, counts: FloatArray) -> FloatArray:
    """Mean rate per action over the catalogue. `impressions` (n,), `counts` (n, actions)."""
    total = counts.sum(axis=0, dtype=np.float64) + CATALOGUE_PRIOR * USUAL_RATES
    return np.asarray(total / (impressions.sum(dtype=np.float64) + CATALOGUE_PRIOR))


def post_rates(impressions: FloatArray, counts: FloatArray, mean: FloatArray) -> FloatArray:
    """Rate per post and action, shrunk to the catalogue's mean: (count + m·mean) / (impressions + m), never above .95."""
    rates = (counts + POST_PRIOR * mean) / (impressions[:, None] + POST_PRIOR)
    return np.minimum(rates, 0.95)


def log_odds(rates: FloatArray) -> NDArray[np.float32]:
    """log(rate / (1 − rate)), in single precision. Worked out where rates change, as every page reads hundreds of them."""
    single = rates.astype(np.float32)
    return np.asarray(np.log(single / (1 - single)))
