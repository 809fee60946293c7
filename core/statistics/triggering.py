"""Effects on those who met the change, and what is left of them among everybody who could have (Kohavi, Tang & Xu 2020, ch. 20).

A viewer is **eligible** if the hashes put them into an arm and they did anything while the experiment could reach them. They
**trigger** at their first exposure: the first page made while an arm of the experiment could have changed it, or the moment at
which the app reports that it showed the arm.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from core.domain.experiment import Metric, MetricKind
from core.statistics.effects import NAN, UNKNOWN, Effect, Interval, fieller, welch
from core.statistics.moments import FloatArray, Moments, Summary, mean_summary, ratio_summary

DIFFERENT = 0.001
"""Below this the arms trigger at different rates, which a right experiment cannot do."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One arm. `everybody`: five columns per eligible viewer: triggered (0 or 1), value and denominator since the trigger, value
    and denominator of everything else in the experiment's time. `triggered`: value and denominator per triggered viewer."""

    everybody: Moments
    triggered: Moments

    @staticmethod
    def of(rows: FloatArray) -> Side:
        """From rows of the five columns, shape (n, 5)."""
        rows = np.asarray(rows, dtype=float).reshape(-1, 5)
        return Side(Moments.of(rows), Moments.of(rows[rows[:, 0] > 0][:, 1:3]))


@dataclass(frozen=True, slots=True)
class Triggered:
    """The effect where the change was met, and diluted to all eligible viewers; pairs are (control, treatment).

    `rate` is the share of eligible viewers who triggered, `rate_p` tests that it is the same in both arms, `differ` says that
    it is not: the effects are then not to be read. `overall` is the absolute diluted effect, `overall_relative` its relative one.
    """

    eligible: tuple[float, float]
    met: tuple[float, float]
    rate: float
    rate_p: float
    differ: bool
    effect: Effect
    relative: float
    relative_interval: Interval
    overall: float
    overall_interval: Interval
    overall_relative: float
    overall_relative_interval: Interval


def triggered(metric: Metric, control: Side, treatment: Side, alpha: float = 0.05) -> Triggered:
    """Both effects with intervals. NaN and UNKNOWN where an arm has fewer than two triggered viewers or the control has 0."""
    pair = _summary(metric, control.triggered), _summary(metric, treatment.triggered)
    relative, interval = fieller(*pair, alpha)
    met = control.triggered.n, treatment.triggered.n
    eligible = control.everybody.n, treatment.everybody.n
    total = sum(eligible)
    rate_p = _same_rate(met, eligible)
    absolute, absolute_interval = diluted(metric, control, treatment, relative=False, alpha=alpha)
    share, share_interval = diluted(metric, control, treatment, relative=True, alpha=alpha)
    return Triggered(
        eligible, met, sum(met) / total if total else NAN, rate_p, rate_p < DIFFERENT, welch(*pair, alpha), relative,
        interval, absolute, absolute_interval, share, share_interval,
    )  # fmt: skip


def diluted(
    metric: Metric, control: Side, treatment: Side, *, relative: bool, alpha: float = 0.05
) -> tuple[float, Interval]:
    """Effect on all eligible viewers and its interval by the delta method over the means of both arms.

    With ρ the pooled trigger rate, y and x the arm's value and denominator per triggered viewer, Y₀ and X₀ the pooled rest per
    eligible viewer (which the change cannot have touched): an arm's overall value is ρy + Y₀ for means and shares, and
    (ρy + Y₀) / (ρx + X₀) for ratios. For means the difference is ρ · (yT - yC), divided by the control's overall value if relative.
    """
    if min(control.triggered.n, treatment.triggered.n) < 2:
        return NAN, UNKNOWN
    n_control, n_treatment = control.everybody.n, treatment.everybody.n
    weight = n_control / (n_control + n_treatment)
    ratio = metric.kind is MetricKind.RATIO

    def value(means: FloatArray) -> complex:
        c, t = means[:5], means[5:]
        pooled = weight * c + (1 - weight) * t

        def overall(arm: FloatArray) -> complex:
            top = pooled[0] * arm[1] / arm[0] + pooled[3]
            return complex(top / (pooled[0] * arm[2] / arm[0] + pooled[4])) if ratio else complex(top)

        base, changed = overall(c), overall(t)
        return changed / base - 1 if relative else changed - base

    means = np.concatenate([control.everybody.mean, treatment.everybody.mean])
    with np.errstate(divide="ignore", invalid="ignore"):
        try:
            middle = value(means).real
        except ZeroDivisionError:
            return NAN, UNKNOWN
        slope = _gradient(value, means)
    if not (math.isfinite(middle) and np.isfinite(slope).all()):
        return NAN, UNKNOWN
    variance = (
        slope[:5] @ control.everybody.covariance @ slope[:5] / n_control
        + slope[5:] @ treatment.everybody.covariance @ slope[5:] / n_treatment
    )
    if not (math.isfinite(middle) and variance > 0 and math.isfinite(variance)):
        return (middle if math.isfinite(middle) else NAN), UNKNOWN
    half = float(stats.norm.ppf(1 - alpha / 2)) * math.sqrt(variance)
    return middle, Interval(middle - half, middle + half)


def _gradient(function: Callable[[FloatArray], complex], at: FloatArray) -> FloatArray:
    """By complex steps, which lose no digits to subtraction (Squire & Trapp 1998)."""
    step = 1e-30
    slopes = np.empty(len(at))
    for place in range(len(at)):
        moved = at.astype(complex)
        moved[place] += step * 1j
        slopes[place] = function(moved).imag / step
    return slopes


def _summary(metric: Metric, moments: Moments) -> Summary:
    if moments.n < 1:
        return Summary(0.0, NAN, NAN)
    return ratio_summary(moments) if metric.kind is MetricKind.RATIO else mean_summary(moments)


def _same_rate(met: tuple[float, float], eligible: tuple[float, float]) -> float:
    """χ² of triggered and not triggered by arm; NaN when nobody or everybody triggered."""
    table = np.array([met, [eligible[0] - met[0], eligible[1] - met[1]]])
    if (table.sum(axis=0) <= 0).any() or (table.sum(axis=1) <= 0).any():
        return NAN
    return float(stats.chi2_contingency(table, correction=False).pvalue)
