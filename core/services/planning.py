"""Planning from what really happened here: how many viewers, what they find, and on which day they will have come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from core.domain.account import Account, Role
from core.domain.errors import CallerError, InvalidInput
from core.domain.experiment import Experiment, Metric, MetricKind, Plan, Rule, Step
from core.services.assignments import HOLDOUT
from core.services.stores import Stores
from core.statistics import power
from core.statistics.moments import Moments, mean_summary, ratio_summary
from core.statistics.totals import added_up, row

SAMPLE = 20_000
"""Viewers looked at; with more, their curve is scaled up to all."""
PAST = 14
HORIZON = 365
"""Days ahead that a plan looks."""


@dataclass(frozen=True, slots=True)
class Past:
    """One metric over the last days: mean and variance per viewer (delta method for ratios), and `curve`, the cumulative
    number of different viewers after each day."""

    metric: Metric
    viewers: float
    mean: float
    variance: float
    curve: tuple[float, ...]

    def came_by(self, day: int) -> float:
        """Different viewers after `day` days (from 1); beyond the curve's end by the power law of its last half, and not more
        than that. NaN for an empty curve."""
        curve = self.curve
        if not curve or curve[-1] <= 0:
            return math.nan
        if day <= len(curve):
            return curve[day - 1]
        half = max(1, len(curve) // 2)
        if len(curve) < 2 or curve[half - 1] <= 0 or curve[-1] <= curve[half - 1]:
            return curve[-1]
        growth = math.log(curve[-1] / curve[half - 1]) / math.log(len(curve) / half)
        return curve[-1] * math.pow(day / len(curve), min(1.0, growth))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of a plan. `effect` is relative; `eligible` is the share of viewers that targeting lets in."""

    effect: float = 0.05
    alpha: float = 0.05
    power: float = 0.8
    rule: Rule = Rule.SEQUENTIAL
    eligible: float = 1.0

    def __post_init__(self) -> None:
        for name, value, most in (("alpha", self.alpha, 0.5), ("power", self.power, 0.999)):
            if not 0 < value <= most:
                raise InvalidInput(name, value, f"lies above 0 and is at most {most:g}")
        if not (math.isfinite(self.effect) and 0 < abs(self.effect) < 10):
            raise InvalidInput("effect", self.effect, "a relative change other than 0 is needed")
        if not 0 < self.eligible <= 1:
            raise InvalidInput("eligible", self.eligible, "a share lies above 0 and is at most 1")

    @property
    def factor(self) -> float:
        """How many times more viewers than for a single look at the end."""
        cost = power.hybrid_factor if self.rule is Rule.HYBRID else power.sequential_factor
        return cost(alpha=self.alpha, power=self.power)


@dataclass(frozen=True, slots=True)
class DayAhead:
    """What `day` days find: viewers of the smallest arm, and the smallest relative change found with the power asked for."""

    day: int
    per_arm: float
    detectable: float


class Planning:
    """Reads totals of viewers; changes nothing."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def past(self, actor: Account, metric: Metric, *, days: int = PAST) -> Past:
        """The metric over the last days on which anything happened. Raises CallerError if it has no events to plan from."""
        actor.require(Role.PRODUCT_MANAGER)
        held = self._stores.viewer_totals
        viewers = [viewer for viewer in islice(held.each(), SAMPLE) if viewer.days]
        scale = max(1.0, held.count() / SAMPLE) if len(viewers) > SAMPLE / 2 else 1.0
        last = max((max(viewer.days) for viewer in viewers), default=0)
        window = range(last - days + 1, last + 1)
        rows, first_seen = [], [0] * days
        for viewer in viewers:
            present = sorted(day for day in viewer.days if day in window)
            if not present:
                continue
            totals: dict[str, float] = {}
            for day in present:
                totals = added_up(totals, viewer.days[day])
            rows.append(row(metric, totals, {}))
            first_seen[present[0] - window.start] += 1
        moments = Moments.of(rows) if rows else Moments.empty(4)  # type: ignore[arg-type]  # rows of four numbers, read as an array
        found = ratio_summary(moments) if metric.kind is MetricKind.RATIO else mean_summary(moments)
        if not (found.n >= 2 and found.mean != 0 and found.variance > 0):
            raise CallerError(
                f"{metric.name} has no events in the last {days} days to plan from; choose another metric, or wait until "
                "viewers have used the feed",
                field="metric",
            )
        curve, so_far = [], 0.0
        for count in first_seen:
            so_far += count * scale
            curve.append(so_far)
        return Past(metric, found.n * scale, found.mean, found.variance, tuple(curve))


def planned(experiment: Experiment, past: Past, wanted: Wanted) -> Plan:
    """The plan for this metric: viewers per arm with the factor that looking costs, and the days until they have come."""
    deviation = math.sqrt(past.variance)
    per_arm = wanted.factor * power.sample_size_normal(
        deviation, past.mean * wanted.effect, alpha=wanted.alpha, power=wanted.power
    )
    days = next((one.day for one in ahead(experiment, past, wanted, HORIZON) if one.per_arm >= per_arm), math.inf)
    return Plan(
        metric=past.metric.name, baseline=past.mean, deviation=deviation, effect=wanted.effect, alpha=wanted.alpha,
        power=wanted.power, per_arm=math.ceil(per_arm), days=days if math.isfinite(days) else math.nan,
        factor=wanted.factor, rule=wanted.rule,
    )  # fmt: skip


def ahead(experiment: Experiment, past: Past, wanted: Wanted, days: int) -> list[DayAhead]:
    """What each of the next days finds, by the ramp as it is set: raising exposure only adds viewers."""
    weights = [arm.weight for arm in experiment.arms if arm.weight > 0]
    share = min(weights) / sum(weights) * (experiment.upper - experiment.lower) * wanted.eligible
    share *= 1 - HOLDOUT if experiment.holdout else 1
    deviation = math.sqrt(past.variance * wanted.factor)
    found = []
    for day in range(1, days + 1):
        per_arm = past.came_by(day) * share * _exposure(experiment.steps, day)
        known = per_arm >= 2 and past.mean != 0
        change = power.detectable(deviation, per_arm, alpha=wanted.alpha, power=wanted.power) if known else math.nan
        found.append(DayAhead(day, per_arm, change / abs(past.mean) if known else math.nan))
    return found


def _exposure(steps: Sequence[Step], day: int) -> float:
    """The share exposed at the end of a day of the ramp."""
    hours = 0.0
    for step in steps:
        hours += step.hours
        if day * 24 <= hours:
            return step.exposure
    return steps[-1].exposure if steps else 1.0
