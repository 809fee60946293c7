"""Who could have met an experiment's change, and what they did in its time: the rows of a triggered analysis."""

from __future__ import annotations

from dataclasses import replace

from core.domain.experiment import Experiment, Metric, MetricKind, Phase, Targeting
from core.domain.experiment_data import PAST_DAYS, ViewerTotals
from core.domain.ids import Millis
from core.statistics.assignment import Assigner
from core.statistics.bucketing import exposed
from core.statistics.totals import added_up, day_of, row

Row = tuple[float, float, float, float, float]
"""Triggered, value and denominator since the trigger, value and denominator of the rest; see `triggering.Side`."""


class Eligibility:
    """Rows of one metric. `problem` says why viewers who never triggered cannot be told, or is "": then only the others count."""

    def __init__(self, experiment: Experiment, metric: Metric, holdout: float, *, now: Millis) -> None:
        self._experiment, self._metric = experiment, metric
        begun = experiment.phases[0].started_at if experiment.phases else now
        ended = experiment.phases[-1].ended_at if experiment.phases else None
        self._days = range(day_of(begun), day_of(now if ended is None else ended) + 1)
        self._arms = {arm.name for arm in experiment.arms}
        widest = Phase(number=1, exposure=max((p.exposure for p in experiment.phases), default=0.0), started_at=begun)
        self._assign = Assigner(replace(experiment, phases=(widest,)), holdout)
        self.problem = ""
        if not experiment.phases:
            self.problem = "the experiment was never launched"
        elif experiment.targeting != Targeting():
            self.problem = "who is targeted is known only of viewers who came while it ran and were served"
        elif day_of(now) - self._days.start >= PAST_DAYS:
            self.problem = f"it began more than {PAST_DAYS} days ago, and totals per day are kept for that long"

    def row(self, viewer: ViewerTotals) -> tuple[str, Row] | None:
        """The viewer's arm and row; None if they are not eligible."""
        if viewer.id in self._experiment.overrides:
            return None
        part = viewer.experiments.get(self._experiment.id)
        if part is not None:
            if part.arm not in self._arms:
                return None
            since = row(self._metric, part.totals, {})
            rest = self._rest(viewer, float(since[0]), float(since[1]))
            return part.arm, (1.0, float(since[0]), float(since[1]), *rest)
        if self.problem:
            return None
        found = self._assign(viewer.id)
        start = self._from(viewer.id)
        if found is None or start is None or not (totals := self._within(viewer, start)):
            return None
        own = row(self._metric, totals, {})
        return found.name, (0.0, 0.0, 0.0, float(own[0]), float(own[1]))

    def _rest(self, viewer: ViewerTotals, value: float, denominator: float) -> tuple[float, float]:
        """What a triggered viewer did in the experiment's time before the trigger. A share counts once, so it has none."""
        if self._metric.kind is MetricKind.SHARE or self.problem:
            return 0.0, 0.0
        own = row(self._metric, self._within(viewer, self._days.start), {})
        return max(0.0, float(own[0]) - value), max(0.0, float(own[1]) - denominator)

    def _within(self, viewer: ViewerTotals, start: int) -> dict[str, float]:
        together: dict[str, float] = {}
        for day, totals in viewer.days.items():
            if start <= day < self._days.stop:
                together = added_up(together, totals)
        return together

    def _from(self, viewer: str) -> int | None:
        """The first day on which the ramp reached this viewer."""
        for phase in self._experiment.phases:
            if exposed(viewer, self._experiment.salt, phase.exposure):
                return day_of(phase.started_at)
        return None
