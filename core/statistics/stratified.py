"""Estimates across phases of a ramp: weigh each phase's own difference, never pool viewers whose odds of an arm differed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import stats

from core.statistics.effects import NAN, UNKNOWN, Effect, Interval
from core.statistics.moments import Summary


def stratified(phases: Sequence[tuple[Summary, Summary]], alpha: float = 0.05) -> Effect:
    """Difference averaged over phases with weights nC + nT, its error, z-test and interval.

    d = Σ w_p (x̄T_p - x̄C_p), se² = Σ w_p² (sC²/nC + sT²/nT), w_p the phase's share of viewers. Pooling instead can turn the sign
    round when allocation changes (Crook, Frasca, Kohavi & Longbotham 2009). Phases without both arms carry no weight.
    """
    usable = [(c, t) for c, t in phases if c.n > 1 and t.n > 1]
    total = sum(c.n + t.n for c, t in usable)
    if not total:
        return Effect(NAN, NAN, NAN, NAN, UNKNOWN)
    difference = sum((c.n + t.n) / total * (t.mean - c.mean) for c, t in usable)
    variance = sum(((c.n + t.n) / total) ** 2 * (c.variance / c.n + t.variance / t.n) for c, t in usable)
    if len(usable) == 1:
        from core.statistics.effects import welch

        return welch(*usable[0], alpha)
    error = math.sqrt(variance)
    if not error > 0:
        return Effect(difference, error, NAN, NAN, UNKNOWN)
    half = float(stats.norm.ppf(1 - alpha / 2)) * error
    p_value = float(2 * stats.norm.sf(abs(difference) / error))
    return Effect(difference, error, math.inf, p_value, Interval(difference - half, difference + half))


def stratified_means(phases: Sequence[tuple[Summary, Summary]]) -> tuple[Summary, Summary]:
    """Each arm's mean and error under the same phase weights, so that a relative interval can be built on them."""
    usable = [(c, t) for c, t in phases if c.n > 1 and t.n > 1]
    total = sum(c.n + t.n for c, t in usable)

    def arm(side: int) -> Summary:
        n = sum(pair[side].n for pair in usable)
        if not total:
            return Summary(n, NAN, NAN)
        weights = [(c.n + t.n) / total for c, t in usable]
        mean = sum(w * pair[side].mean for w, pair in zip(weights, usable, strict=True))
        squared = sum(w**2 * pair[side].variance / pair[side].n for w, pair in zip(weights, usable, strict=True))
        return Summary(n, mean, squared * n)

    return arm(0), arm(1)


def diluted(triggered_difference: float, trigger_rate: float, overall_control_mean: float) -> tuple[float, float]:
    """Absolute and relative effect on everybody of an effect on the triggered share (Kohavi, Tang & Xu 2020, ch. 20).

    The relative one is divided by the control's overall mean: multiplying the triggered uplift by the rate would be wrong.
    """
    if not 0 <= trigger_rate <= 1:
        raise ValueError(f"trigger rate {trigger_rate} must lie in 0..1")
    absolute = triggered_difference * trigger_rate
    return absolute, absolute / overall_control_mean if overall_control_mean else NAN


def interaction(cells: Sequence[Sequence[Summary]], alpha: float = 0.05) -> Effect:
    """Does experiment B change A's effect? cells[i][j]: arm i of A, arm j of B; (m11 - m01) - (m10 - m00), errors HC2, z-test.

    With one dummy per cell the HC2 errors are exactly Σ s²/n over the cells. Unknown with fewer than two viewers in a cell.
    """
    (m00, m01), (m10, m11) = cells
    difference = (m11.mean - m01.mean) - (m10.mean - m00.mean)
    if min(cell.n for cell in (m00, m01, m10, m11)) < 2:
        return Effect(difference, NAN, NAN, NAN, UNKNOWN)
    error = math.sqrt(sum(cell.variance / cell.n for cell in (m00, m01, m10, m11)))
    if not error > 0:
        return Effect(difference, error, NAN, NAN, UNKNOWN)
    p_value = float(2 * stats.norm.sf(abs(difference) / error))
    half = float(stats.norm.ppf(1 - alpha / 2)) * error
    return Effect(difference, error, math.inf, p_value, Interval(difference - half, difference + half))
