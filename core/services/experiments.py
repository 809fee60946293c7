"""Experiments: drafted, planned, launched, ramped, held, decided."""

from __future__ import annotations

from dataclasses import replace

from core.domain.account import Account, Role
from core.domain.collection import Page
from core.domain.errors import Conflict, InvalidInput
from core.domain.experiment import (
    Arm,
    Experiment,
    ExperimentState,
    Metric,
    Phase,
    Plan,
    Step,
    Targeting,
)
from core.domain.ids import Millis, new_id
from core.services.assignments import SIGNAL
from core.services.audit import Audit
from core.services.stores import Stores
from core.statistics.assignment import check_layer

RUNNING_STATES = (ExperimentState.RAMPING, ExperimentState.RUNNING, ExperimentState.PAUSED)
EDITABLE = frozenset(
    {"name", "hypothesis", "arms", "metrics", "targeting", "steps", "layer", "lower", "upper", "overrides"}
)
DEFAULT_STEPS = (Step(exposure=0.05, hours=24), Step(exposure=0.25, hours=48), Step(exposure=1.0, hours=24))


class Experiments:
    """The product manager's verbs, and those of the machine that watches a ramp."""

    def __init__(self, stores: Stores, audit: Audit) -> None:
        self._stores = stores
        self._audit = audit

    def create(
        self,
        actor: Account,
        *,
        name: str,
        arms: tuple[Arm, ...],
        metrics: tuple[Metric, ...],
        hypothesis: str = "",
        targeting: Targeting | None = None,
        steps: tuple[Step, ...] = DEFAULT_STEPS,
        layer: str = "feed",
        lower: float = 0.0,
        upper: float = 1.0,
        now: Millis,
    ) -> Experiment:
        """A draft. Raises InvalidInput naming what does not fit."""
        actor.require(Role.PRODUCT_MANAGER)
        if not name.strip():
            raise InvalidInput("name", name, "an experiment needs a name")
        id = new_id(now)
        experiment = Experiment(
            id=id,
            name=name.strip(),
            hypothesis=hypothesis,
            owner=actor.id,
            salt=id,
            layer=layer,
            lower=lower,
            upper=upper,
            arms=arms,
            metrics=metrics,
            targeting=targeting or Targeting(),
            steps=steps,
            created_at=now,
            updated_at=now,
        )
        self._stores.experiments.insert(experiment)
        self._audit.record(actor, "experiment.create", id, now=now, name=name)
        return experiment

    def get(self, actor: Account, id: str) -> Experiment:
        """One experiment. Raises NotFound."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._stores.experiments.get(id)

    def find(
        self, actor: Account, *, state: ExperimentState | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Experiment]:
        """Experiments, last changed first."""
        actor.require(Role.PRODUCT_MANAGER)
        where = {"state": state} if state else None
        return self._stores.experiments.find(where, order="updated_at", descending=True, limit=limit, cursor=cursor)

    def save(
        self, actor: Account, id: str, changes: dict[str, object], *, expected_version: int, now: Millis
    ) -> Experiment:
        """Edit a draft. After launch arms, metrics and salt stay as they are: Conflict says to start a new experiment."""
        experiment = self.get(actor, id)
        if unknown := set(changes) - EDITABLE:
            raise InvalidInput("changes", sorted(unknown), "these fields cannot be edited")
        if experiment.launched_at is not None and set(changes) - {"name", "hypothesis", "overrides"}:
            raise Conflict(
                "a launched experiment keeps its arms, metrics and ranges; start a new one for another question"
            )
        replace(experiment, **changes)  # type: ignore[arg-type]  # validates before anything is stored
        return self._patch(actor, experiment, changes, "experiment.save", now, expected_version=expected_version)

    def keep_plan(self, actor: Account, id: str, plan: Plan, *, now: Millis) -> Experiment:
        """Size the experiment; its sequences are tuned to this number of viewers. Raises Conflict after launch."""
        experiment = self.get(actor, id)
        if experiment.launched_at is not None:
            raise Conflict("a launched experiment keeps the plan it was launched with")
        changes: dict[str, object] = {"plan": plan}
        if experiment.state is ExperimentState.DRAFT:
            changes |= experiment.moved(ExperimentState.PLANNED)
        return self._patch(actor, experiment, changes, "experiment.plan", now, per_arm=f"{plan.per_arm:.0f}")

    def launch(self, actor: Account, id: str, *, now: Millis) -> Experiment:
        """Start the ramp with its first step. Raises InvalidInput if the layer's range is taken."""
        experiment = self.get(actor, id)
        check_layer(experiment, list(self._stores.experiments.each({"state": {"in": list(RUNNING_STATES)}})))
        self._check_policies(experiment)
        state = ExperimentState.RAMPING if len(experiment.steps) > 1 else ExperimentState.RUNNING
        if experiment.state is ExperimentState.DRAFT:
            experiment = self._patch(
                actor, experiment, experiment.moved(ExperimentState.PLANNED), "experiment.plan", now
            )
        phase = Phase(number=1, exposure=experiment.steps[0].exposure, started_at=now)
        changes = experiment.moved(state) | {"phases": (phase,), "launched_at": now, "halted": ""}
        return self._patch(actor, experiment, changes, "experiment.launch", now, exposure=f"{phase.exposure:.0%}")

    def advance(self, actor: Account | None, id: str, *, now: Millis) -> Experiment:
        """Go to the next step of the ramp; the worker does so on schedule (actor None), a manager when they like."""
        experiment = self._stores.experiments.get(id) if actor is None else self.get(actor, id)
        number = len(experiment.phases)
        if experiment.state is not ExperimentState.RAMPING or experiment.halted or number >= len(experiment.steps):
            raise Conflict("there is no further step of a ramp to go to")
        closed = replace(experiment.phases[-1], ended_at=now)
        opened = Phase(number=number + 1, exposure=experiment.steps[number].exposure, started_at=now)
        last = number + 1 == len(experiment.steps)
        changes: dict[str, object] = {"phases": (*experiment.phases[:-1], closed, opened)}
        if last:
            changes |= experiment.moved(ExperimentState.RUNNING)
        return self._patch(actor, experiment, changes, "experiment.advance", now, exposure=f"{opened.exposure:.0%}")

    def pause(self, actor: Account, id: str, *, now: Millis) -> Experiment:
        """Assign nobody for now; what was measured stays."""
        experiment = self.get(actor, id)
        return self._patch(actor, experiment, experiment.moved(ExperimentState.PAUSED), "experiment.pause", now)

    def resume(self, actor: Account, id: str, *, now: Millis) -> Experiment:
        """Assign again, at the step where it stood."""
        experiment = self.get(actor, id)
        ramping = len(experiment.phases) < len(experiment.steps)
        state = ExperimentState.RAMPING if ramping else ExperimentState.RUNNING
        return self._patch(actor, experiment, experiment.moved(state) | {"halted": ""}, "experiment.resume", now)

    def halt(self, id: str, reason: str, *, now: Millis) -> Experiment:
        """The machine stops exposure: a guardrail was breached or the split is wrong. A person decides what follows."""
        experiment = self._stores.experiments.get(id)
        changes = experiment.moved(ExperimentState.PAUSED) | {"halted": reason}
        return self._patch(None, experiment, changes, "experiment.halt", now, reason=reason)

    def decide(self, actor: Account, id: str, decision: str, *, now: Millis) -> Experiment:
        """End it, in words (`ship treatment`, `roll back`, …); everybody gets the default again until a policy is published."""
        experiment = self.get(actor, id)
        if not decision.strip():
            raise InvalidInput("decision", decision, "say in words what was decided")
        phases = tuple(replace(p, ended_at=p.ended_at or now) for p in experiment.phases)
        changes = experiment.moved(ExperimentState.DECIDED) | {
            "decision": decision.strip(),
            "decided_by": actor.id,
            "phases": phases,
        }
        return self._patch(actor, experiment, changes, "experiment.decide", now, decision=decision)

    def archive(self, actor: Account, id: str, *, now: Millis) -> Experiment:
        """Put it away; its readout stays."""
        experiment = self.get(actor, id)
        return self._patch(actor, experiment, experiment.moved(ExperimentState.ARCHIVED), "experiment.archive", now)

    def _check_policies(self, experiment: Experiment) -> None:
        for arm in experiment.arms:
            if arm.policy is not None and self._stores.policies.find_one(arm.policy) is None:
                raise InvalidInput(f"arms.{arm.name}.policy", arm.policy, "there is no such policy")

    def _patch(
        self,
        actor: Account | None,
        experiment: Experiment,
        changes: dict[str, object],
        action: str,
        now: Millis,
        expected_version: int | None = None,
        **detail: str,
    ) -> Experiment:
        version = experiment.version if expected_version is None else expected_version
        stored = self._stores.experiments.patch(experiment.id, changes | {"updated_at": now}, expected_version=version)
        self._stores.live.signals.bump(SIGNAL)
        self._audit.record(actor, action, experiment.id, now=now, **detail)
        return stored
