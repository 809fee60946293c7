"""The global holdout against everybody else: what all that was tried and shipped adds up to."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from core.domain.experiment import Metric, MetricKind, MetricRole
from core.statistics import srm
from core.statistics.effects import Effect, Interval, fieller, welch
from core.statistics.moments import Moments, mean_summary, ratio_summary

ENOUGH = 100
"""Viewers that the holdout needs before anything is said."""
HOLDOUT_METRICS = (
    Metric(name="Active days", kind=MetricKind.MEAN, role=MetricRole.SECONDARY, numerator="active_days", unit="per viewer"),
    Metric(name="Watch time", kind=MetricKind.MEAN, role=MetricRole.SECONDARY, numerator="watch_seconds", unit="s per viewer"),
    Metric(name="Product clicks", kind=MetricKind.MEAN, role=MetricRole.SECONDARY, numerator="product_clicks", unit="per viewer"),
    Metric(
        name="Clicks per impression", kind=MetricKind.RATIO, role=MetricRole.SECONDARY, numerator="product_clicks",
        denominator="impressions", unit="per impression",
    ),
    Metric(name="Viewers who ordered", kind=MetricKind.SHARE, role=MetricRole.SECONDARY, numerator="orders", unit="share"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HoldoutReading:
    """One metric: the holdout's mean, everybody else's, their difference and the relative one, with intervals at α / metrics."""

    metric: Metric
    held_out: float
    others: float
    effect: Effect
    relative: float
    interval: Interval
    sentence: str


@dataclass(frozen=True, slots=True)
class HoldoutReport:
    """`viewers` are (held out, others) who did anything in the time; `share` (0..1) is what the holdout should be of all,
    `share_p` tests that it is. `problem` says why nothing can be said; it is empty otherwise."""

    days: int
    viewers: tuple[float, float]
    share: float
    share_p: float
    readings: tuple[HoldoutReading, ...]
    problem: str


def holdout_report(
    held_out: dict[str, Moments], others: dict[str, Moments], metrics: tuple[Metric, ...], *, days: int, share: float,
    alpha: float = 0.05,
) -> HoldoutReport:  # fmt: skip
    """From moments (value, denominator, …) by the metric's name; α is shared by the metrics."""
    n = tuple(max((m.n for m in side.values()), default=0.0) for side in (held_out, others))
    share_p = srm.chi_square(n, (share, 1 - share)).p_value if sum(n) else math.nan
    problem = ""
    if min(n) < ENOUGH:
        problem = f"Cannot say yet, because {min(n):,.0f} viewers of the {ENOUGH} that are needed were there in these {days} days."
    readings = tuple(
        _reading(metric, held_out[metric.name], others[metric.name], alpha / len(metrics))
        for metric in metrics
        if not problem
    )
    return HoldoutReport(days, (n[0], n[1]), share, share_p, readings, problem)


def _reading(metric: Metric, held_out: Moments, others: Moments, alpha: float) -> HoldoutReading:
    summary = ratio_summary if metric.kind is MetricKind.RATIO else mean_summary
    pair = summary(held_out), summary(others)
    effect = welch(*pair, alpha)
    relative, interval = fieller(*pair, alpha)
    if math.isnan(effect.interval.lower) or math.isnan(interval.lower):
        sentence = f"Cannot say yet, because {metric.name} is not clearly above zero among those held out."
    elif not effect.interval.excludes(0.0):
        sentence = f"No clear change; between {interval.lower:+.1%} and {interval.upper:+.1%}."
    else:
        better = (effect.difference > 0) == metric.higher_is_better
        sentence = (
            f"{'Better' if better else 'Worse'} by {relative:+.1%} ({interval.lower:+.1%} to {interval.upper:+.1%})."
        )
    return HoldoutReading(metric, pair[0].mean, pair[1].mean, effect, relative, interval, sentence)


def detectable(held_out: Moments, others: Moments, column: int = 0, power: float = 0.8, alpha: float = 0.05) -> float:
    """The smallest relative difference that this holdout would find; NaN while unknown."""
    pair = mean_summary(held_out, column), mean_summary(others, column)
    if min(arm.n for arm in pair) < 2 or pair[0].mean == 0:
        return math.nan
    error = math.sqrt(pair[0].variance / pair[0].n + pair[1].variance / pair[1].n)
    z = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
    return z * error / abs(pair[0].mean)
