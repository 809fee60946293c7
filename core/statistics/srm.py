"""Sample-ratio mismatch: did the arms get the viewers they should have got?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import gammaln

from core.statistics.moments import FloatArray

ALARM = 0.001
CONCENTRATION = 1_000.0


@dataclass(frozen=True, slots=True)
class Mismatch:
    """χ² of observed against expected counts; `expected` in viewers, p NaN when nothing can be tested."""

    statistic: float
    freedom: int
    p_value: float
    expected: tuple[float, ...]


def chi_square(observed: Sequence[float], weights: Sequence[float]) -> Mismatch:
    """Pearson's χ². Arms of weight 0 leave both the sum and the degrees of freedom. Raises ValueError for bad weights."""
    share = _shares(observed, weights)
    counts = np.asarray(observed, dtype=float)
    total = float(counts[share > 0].sum())
    expected = total * share
    used = share > 0
    freedom = int(used.sum()) - 1
    if total == 0 or freedom < 1:
        return Mismatch(float("nan"), freedom, float("nan"), tuple(expected))
    statistic = float((((counts - expected) ** 2)[used] / expected[used]).sum())
    return Mismatch(statistic, freedom, float(stats.chi2.sf(statistic, freedom)), tuple(expected))


def sequential(
    daily: Sequence[Sequence[float]], weights: Sequence[float], concentration: float = CONCENTRATION
) -> tuple[list[float], list[float]]:
    """Bayes factors and p-values, valid at any time, after each day's counts (Lindon & Malek 2022, arXiv 2011.03567).

    BF_n = Γ(A)/Γ(A+n) · Π Γ(aᵢ+nᵢ)/Γ(aᵢ) / Π wᵢ^nᵢ with aᵢ = concentration · wᵢ; p = running minimum of 1/BF, at most 1.
    """
    share = _shares(daily[0] if len(daily) else weights, weights)
    used = share > 0
    prior = concentration * share[used]
    factors: list[float] = []
    p_values: list[float] = []
    smallest = 1.0
    counts = np.zeros(int(used.sum()))
    for day in daily:
        counts = counts + np.asarray(day, dtype=float)[used]
        total = counts.sum()
        log_factor = float(
            gammaln(prior.sum())
            - gammaln(prior.sum() + total)
            + (gammaln(prior + counts) - gammaln(prior)).sum()
            - (counts * np.log(share[used])).sum()
        )
        factors.append(math.exp(min(log_factor, 700.0)))
        smallest = min(smallest, math.exp(-max(log_factor, -700.0)) if log_factor > 0 else 1.0)
        p_values.append(smallest)
    return factors, p_values


def _shares(observed: Sequence[float], weights: Sequence[float]) -> FloatArray:
    if len(observed) != len(weights):
        raise ValueError(f"{len(observed)} counts for {len(weights)} weights")
    weight = np.asarray(weights, dtype=float)
    if not np.isfinite(weight).all() or (weight < 0).any() or weight.sum() <= 0:
        raise ValueError(f"weights {list(weights)} must be finite, from 0 up, and not all 0")
    share: FloatArray = weight / weight.sum()
    return share
