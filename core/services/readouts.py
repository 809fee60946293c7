"""Readouts of experiments from stored sums."""

from __future__ import annotations

from core.domain.account import Account, Role
from core.domain.errors import InvalidInput
from core.domain.experiment import Experiment
from core.domain.ids import Millis
from core.services.experiment_metrics import ExperimentMetrics
from core.services.stores import Stores
from core.statistics.day_cube import DayCube
from core.statistics.readout import Reading
from core.statistics.report import Report, report, segment_readings


class Readouts:
    """What product managers read; planning and the watch over ramps are rooms of their own."""

    def __init__(self, stores: Stores, metrics: ExperimentMetrics) -> None:
        self._stores = stores
        self._metrics = metrics

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

    def _cube(self, experiment: Experiment) -> DayCube:
        return DayCube.of(experiment, self._metrics.cells(experiment.id))
