"""Readouts of experiments from stored sums, planning from real data, and the watch that holds a harmful ramp."""

from __future__ import annotations

import math
from itertools import islice

from core.domain.account import Account, Role
from core.domain.errors import CallerError, InvalidInput
from core.domain.experiment import Experiment, ExperimentState, Metric, MetricKind, Plan, Rule
from core.domain.ids import Millis
from core.services.experiment_metrics import ExperimentMetrics
from core.services.experiments import Experiments
from core.services.stores import Stores
from core.statistics import power
from core.statistics.day_cube import DayCube
from core.statistics.moments import Moments, mean_summary, ratio_summary
from core.statistics.readout import Reading
from core.statistics.report import Report, report, segment_readings
from core.statistics.totals import added_up, row
from core.statistics.verdict import Action

SAMPLE = 20_000
"""Viewers looked at when planning."""


class Readouts:
    """What product managers read, and what the worker watches."""

    def __init__(self, stores: Stores, metrics: ExperimentMetrics, experiments: Experiments) -> None:
        self._stores = stores
        self._metrics = metrics
        self._experiments = experiments

    def report(self, actor: Account, id: str, *, now: Millis, use_cuped: bool = True) -> Report:
        """The whole readout. Raises NotFound."""
        actor.require(Role.PRODUCT_MANAGER)
        experiment = self._stores.experiments.get(id)
        return report(experiment, self._cube(experiment), now=now, use_cuped=use_cuped)

    def segments(self, actor: Account, id: str, metric: str, arm: int) -> dict[str, Reading]:
        """One metric by segment; exploratory."""
        actor.require(Role.PRODUCT_MANAGER)
        experiment = self._stores.experiments.get(id)
        chosen = next((m for m in experiment.metrics if m.name == metric), None)
        if chosen is None:
            raise InvalidInput("metric", metric, "this experiment does not measure it")
        return segment_readings(experiment, self._cube(experiment), chosen, arm)

    def plan(
        self,
        actor: Account,
        id: str,
        *,
        effect: float,
        alpha: float = 0.05,
        power_wanted: float = 0.8,
        days: int = 14,
        rule: Rule = Rule.SEQUENTIAL,
        now: Millis,
    ) -> Plan:
        """Size the goal metric for a relative `effect`, from what viewers did in the last `days` days.

        The factor that the rule costs is in `per_arm`. Raises CallerError if the metric has no events to plan from.
        """
        actor.require(Role.PRODUCT_MANAGER)
        experiment = self._stores.experiments.get(id)
        if not (math.isfinite(effect) and 0 < abs(effect) < 10):
            raise InvalidInput("effect", effect, "a relative change other than 0 is needed")
        goal = experiment.metrics[0]
        moments, curve = self._past(goal, days)
        summary = ratio_summary(moments) if goal.kind is MetricKind.RATIO else mean_summary(moments)
        if not (summary.n >= 2 and summary.mean != 0 and summary.variance > 0):
            raise CallerError(f"{goal.name} has no events in the last {days} days to plan from", field="metric")
        cost = power.hybrid_factor if rule is Rule.HYBRID else power.sequential_factor
        factor = cost(alpha=alpha, power=power_wanted)
        deviation = math.sqrt(summary.variance)
        per_arm = factor * power.sample_size_normal(deviation, summary.mean * effect, alpha=alpha, power=power_wanted)
        exposure = (experiment.upper - experiment.lower) * experiment.steps[-1].exposure
        return Plan(
            metric=goal.name,
            baseline=summary.mean,
            deviation=deviation,
            effect=effect,
            alpha=alpha,
            power=power_wanted,
            per_arm=math.ceil(per_arm),
            days=power.days_needed(per_arm * len(experiment.arms), curve, exposure),
            factor=factor,
            rule=rule,
        )

    def watch(self, *, now: Millis) -> list[tuple[Experiment, str]]:
        """Hold what does harm and go on with what does not: called by the worker every few seconds.

        A guardrail beyond its margin or a wrong split pauses the experiment; a step that has lasted long enough is followed
        by the next one. Returns what was done, for the log.
        """
        done: list[tuple[Experiment, str]] = []
        states = [ExperimentState.RAMPING, ExperimentState.RUNNING]
        for experiment in list(self._stores.experiments.each({"state": {"in": states}})):
            found = report(experiment, self._cube(experiment), now=now)
            reason = _harm(found)
            if reason is not None:
                done.append((self._experiments.halt(experiment.id, reason, now=now), reason))
            elif experiment.step_over(now):
                done.append((self._experiments.advance(None, experiment.id, now=now), "next step of the ramp"))
        return done

    def _cube(self, experiment: Experiment) -> DayCube:
        return DayCube.of(experiment, self._metrics.cells(experiment.id))

    def _past(self, metric: Metric, days: int) -> tuple[Moments, list[float]]:
        """Moments of the metric over the last days per viewer, and cumulative distinct viewers per day."""
        viewers = [v for v in islice(self._stores.viewer_totals.each(), SAMPLE) if v.days]
        if not viewers:
            return Moments.empty(4), []
        last = max(max(v.days) for v in viewers)
        window = range(last - days + 1, last + 1)
        rows, first_seen = [], [0] * days
        for viewer in viewers:
            present = [day for day in window if day in viewer.days]
            if not present:
                continue
            totals: dict[str, float] = {}
            for day in present:
                totals = added_up(totals, viewer.days[day])
            rows.append(row(metric, totals, {}))
            first_seen[present[0] - window.start] += 1
        curve, so_far = [], 0.0
        for count in first_seen:
            so_far += count
            curve.append(so_far)
        return Moments.of(rows) if rows else Moments.empty(4), curve  # type: ignore[arg-type]


def _harm(found: Report) -> str | None:
    if found.trust.alarm:
        return f"viewers were not split as planned ({found.trust.where}, p = {found.trust.p_value:.2g})"
    for arm in found.arms:
        if arm.verdict.action in (Action.ROLL_BACK, Action.STOP):
            return f"{arm.name}: {arm.verdict.sentence}"
    return None
