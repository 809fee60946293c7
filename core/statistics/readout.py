"""What an experiment says of one metric and one treatment, at one look or at all of them. Takes moments only.

Columns of the moments, for every metric: value, denominator (1 for means), value before, denominator before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.domain.experiment import MINIMUM_CONVERSIONS, Metric, MetricKind, MetricRole, Rule
from core.statistics import bayes, cuped, sequential
from core.statistics.effects import NAN, UNKNOWN, Effect, Interval, fieller
from core.statistics.guardrails import GuardrailState, judge
from core.statistics.moments import Moments, Summary, mean_summary, merged, ratio_summary
from core.statistics.stratified import stratified, stratified_means

Cell = tuple[Moments, Moments]
"""Control and treatment of one phase."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Both arms' means, the absolute effect, and the relative one with its fixed-horizon interval."""

    control: Summary
    treatment: Summary
    effect: Effect
    relative: float
    relative_interval: Interval
    relative_error: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric of one treatment: raw and CUPED-adjusted estimates and all that follows from the one that is used.

    `used` is the adjusted estimate where a pre-period explains something, else the raw one. `anytime` is the relative effect's
    look of the confidence sequence. `balanced` is False when the arms differed before the experiment (p < .001). `breached` is the
    index of the day on which a guardrail was first beyond its margin: that stays, whatever later days say.
    """

    metric: Metric
    viewers: tuple[float, float]
    raw: Estimate
    adjusted: Estimate | None
    variance_removed: float
    balanced: bool
    anytime: sequential.Look
    guardrail: GuardrailState | None
    belief: bayes.Belief
    breached: int | None = None

    @property
    def used(self) -> Estimate:
        """The estimate that verdicts are made from."""
        return self.adjusted or self.raw

    @property
    def conversions(self) -> float:
        """The smaller arm's total of the numerator's mean × viewers; for shares, the viewers who did it."""
        return min(arm.n * arm.mean for arm in (self.raw.control, self.raw.treatment))


def read(
    metric: Metric,
    phases: Sequence[Cell],
    *,
    planned: float,
    alpha: float = 0.05,
    use_cuped: bool = True,
    rule: Rule = Rule.SEQUENTIAL,
) -> Reading:
    """Read one metric from its phases' moments. `planned` is the number of viewers in all arms at the planned end.

    Under the hybrid rule the sequence and the fixed interval have half of α each.
    """
    level = alpha / 2 if rule is Rule.HYBRID else alpha
    usable = [(c, t) for c, t in phases if c.n > 1 and t.n > 1]
    raw = _estimate([(_summary(metric, c), _summary(metric, t)) for c, t in usable], level)
    viewers = sum(c.n for c, _ in phases), sum(t.n for _, t in phases)
    adjusted, removed, balanced = _adjusted(metric, usable, level) if use_cuped and usable else (None, 0.0, True)
    used = adjusted or raw
    n = sum(viewers)
    anytime = sequential.two_sided(n, used.relative, used.relative_error, alpha=level, planned=planned)
    guardrail = None
    if metric.role is MetricRole.GUARDRAIL:
        guardrail = judge(
            n,
            used.relative,
            used.relative_error,
            metric.margin,
            higher_is_better=metric.higher_is_better,
            alpha=alpha,
            planned=planned,
        )
    belief = bayes.relative_belief(used.control, used.treatment, alpha=alpha)
    return Reading(metric, viewers, raw, adjusted, removed, balanced, anytime, guardrail, belief)


def looks(
    metric: Metric,
    days: Sequence[Sequence[Cell]],
    *,
    planned: float,
    alpha: float = 0.05,
    use_cuped: bool = True,
    rule: Rule = Rule.SEQUENTIAL,
) -> list[sequential.Look]:
    """The look at the end of each day; `days` holds each day's phases with moments up to that day.

    Looks with fewer than MINIMUM_CONVERSIONS in an arm are unknown: the sequence holds only once means are nearly normal.
    """
    readings = [read(metric, d, planned=planned, alpha=alpha, use_cuped=use_cuped, rule=rule) for d in days]
    found = [_enough(reading) for reading in readings]
    if rule is not Rule.HYBRID:
        return found
    fixed = [(r.used.relative_interval, r.used.effect.p_value) for r in readings]
    return sequential.hybrid(found, fixed, planned=planned)


def breach(
    metric: Metric, days: Sequence[Sequence[Cell]], *, planned: float, alpha: float = 0.05, use_cuped: bool = True
) -> int | None:
    """The first day on which a guardrail was beyond its margin."""
    for index, phases in enumerate(days):
        reading = read(metric, phases, planned=planned, alpha=alpha, use_cuped=use_cuped)
        if reading.guardrail is GuardrailState.ROLL_BACK:
            return index
    return None


def _enough(reading: Reading) -> sequential.Look:
    if reading.conversions >= MINIMUM_CONVERSIONS:
        return reading.anytime
    return replace(reading.anytime, interval=UNKNOWN, p_value=1.0)


def _summary(metric: Metric, moments: Moments) -> Summary:
    return ratio_summary(moments, 0, 1) if metric.kind is MetricKind.RATIO else mean_summary(moments, 0)


def _estimate(phases: Sequence[tuple[Summary, Summary]], alpha: float) -> Estimate:
    effect = stratified(phases, alpha)
    control, treatment = phases[0] if len(phases) == 1 else stratified_means(phases)
    relative, interval = fieller(control, treatment, alpha) if phases else (NAN, UNKNOWN)
    return Estimate(control, treatment, effect, relative, interval, relative_error(control, treatment))


def relative_error(control: Summary, treatment: Summary) -> float:
    """Delta-method standard error of x̄T / x̄C - 1; NaN unless the control's mean is clearly not zero (|z| > 3)."""
    if not (control.n > 1 and treatment.n > 1 and control.mean != 0 and abs(control.mean) > 3 * control.error):
        return NAN
    ratio = treatment.mean / control.mean
    variance = treatment.variance / treatment.n + ratio**2 * control.variance / control.n
    return math.sqrt(variance) / abs(control.mean) if variance > 0 else NAN


def _adjusted(metric: Metric, phases: Sequence[Cell], alpha: float) -> tuple[Estimate | None, float, bool]:
    """CUPED within each phase, then across phases; None when no viewer has a past to adjust by."""
    pairs, weights, removed, pre_p = [], [], 0.0, 1.0
    for control, treatment in phases:
        if metric.kind is MetricKind.RATIO:
            found = cuped.adjust_ratio(control, treatment, (0, 1), (2, 3), alpha)
        else:
            found = cuped.adjust_mean(control, treatment, 0, 2, alpha)
        if not math.isfinite(found.control.mean) or not math.isfinite(found.treatment.mean):
            return None, 0.0, True
        pairs.append((found.control, found.treatment))
        weights.append(control.n + treatment.n)
        removed += weights[-1] * (found.variance_removed if math.isfinite(found.variance_removed) else 0.0)
        if not math.isnan(found.before.p_value):
            pre_p = min(pre_p, found.before.p_value * len(phases))
    total = merged([cell for pair in phases for cell in pair])
    if total.n < 2 or total.covariance[2, 2] <= 0:
        return None, 0.0, True
    return _estimate(pairs, alpha), removed / sum(weights), pre_p >= 0.001
