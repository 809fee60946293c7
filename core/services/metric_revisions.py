"""Metrics edited while an experiment runs: the revision it was launched with stays, the new one is measured beside it."""

from __future__ import annotations

from dataclasses import replace

from core.domain.account import Account, Role
from core.domain.errors import Conflict, InvalidInput
from core.domain.experiment import Experiment, ExperimentState, Metric, MetricKind, MetricRole
from core.domain.ids import MINUTE, Millis
from core.services.assignments import SIGNAL
from core.services.audit import Audit
from core.services.stores import Stores
from core.statistics.totals import check_metrics

_RUNNING = (ExperimentState.RAMPING, ExperimentState.RUNNING, ExperimentState.PAUSED)
MAX_METRICS = 40


class MetricRevisions:
    """One verb. The verdict never changes its goal under way: a revised goal is a secondary metric until the next experiment."""

    def __init__(self, stores: Stores, audit: Audit) -> None:
        self._stores, self._audit = stores, audit

    def revise(
        self,
        actor: Account,
        id: str,
        name: str,
        *,
        kind: MetricKind | None = None,
        numerator: str | None = None,
        denominator: str | None = None,
        higher_is_better: bool | None = None,
        margin: float | None = None,
        expected_version: int,
        now: Millis,
    ) -> Experiment:
        """Measure an edited `name` from now on as `name, revision N`, on viewers who join from now on.

        Raises InvalidInput naming what does not fit or that nothing differs, Conflict unless the experiment runs, NotFound.
        """
        actor.require(Role.PRODUCT_MANAGER)
        experiment = self._stores.experiments.get(id)
        if experiment.state not in _RUNNING:
            raise Conflict(
                f"an experiment that is {experiment.state.value} gets no new revisions; edit a draft instead"
            )
        if len(experiment.metrics) >= MAX_METRICS:
            raise InvalidInput("metrics", len(experiment.metrics), f"an experiment has at most {MAX_METRICS}")
        old = _latest(experiment, name)
        given = {
            "kind": kind,
            "numerator": numerator,
            "denominator": denominator,
            "higher_is_better": higher_is_better,
            "margin": margin,
        }
        changes = {field: value for field, value in given.items() if value is not None and value != getattr(old, field)}
        if changes.get("kind", old.kind) is not MetricKind.RATIO and old.denominator:
            changes["denominator"] = ""
        if not changes:
            raise InvalidInput("metric", name, "nothing differs from the revision that is measured")
        new = replace(
            old,
            **changes,  # type: ignore[arg-type]  # validates each field
            name=f"{_base(name)}, revision {old.revision + 1}",
            role=MetricRole.SECONDARY if old.role is MetricRole.GOAL else old.role,
            revision=old.revision + 1,
            since=now + MINUTE,  # by then every worker counts it, so that nobody is counted in part
        )
        check_metrics((new,))
        stored = self._stores.experiments.patch(
            id, {"metrics": (*experiment.metrics, new), "updated_at": now}, expected_version=expected_version
        )
        self._stores.live.signals.bump(SIGNAL)
        self._audit.record(actor, "experiment.revise_metric", id, now=now, metric=new.name)
        return stored


def _base(name: str) -> str:
    return name.rpartition(", revision ")[0] or name


def _latest(experiment: Experiment, name: str) -> Metric:
    """The last revision of the metric with this name. Raises InvalidInput for an unknown one."""
    same = [metric for metric in experiment.metrics if _base(metric.name) == _base(name)]
    if not same:
        raise InvalidInput("metric", name, "this experiment does not measure it")
    return max(same, key=lambda metric: metric.revision)
