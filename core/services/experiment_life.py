"""The life of an experiment after its draft: launched, ramped, held, paused, rolled back, decided, put away."""

from __future__ import annotations

from dataclasses import replace

from core.domain.account import Account, Role
from core.domain.errors import Conflict, InvalidInput
from core.domain.experiment import Experiment, ExperimentState, Phase
from core.domain.ids import MINUTE, Millis
from core.domain.layers import LAUNCHED
from core.services.assignments import SIGNAL
from core.services.audit import Audit
from core.services.experiment_check import rivals, too_many_models
from core.services.stores import Stores
from core.statistics.assignment import check_layer

UNDO: Millis = 10 * MINUTE
"""How long an end can be taken back; later, viewers have long met something else."""
_S = ExperimentState


class ExperimentLife:
    """Each verb checks the role and the move, patches by version, wakes the feed processes and leaves an audit line.

    Arms come from hashes of a salt that never changes, so whatever stands still and goes on gives each viewer the same arm.
    """

    def __init__(self, stores: Stores, audit: Audit) -> None:
        self._stores = stores
        self._audit = audit

    def get(self, actor: Account, id: str) -> Experiment:
        """One experiment. Raises NotFound."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._stores.experiments.get(id)

    def launch(self, actor: Account, id: str, *, now: Millis) -> Experiment:
        """Start the ramp with its first step. Raises InvalidInput if the layer's range is taken, if another layer decides about mix
        or model already, or if launched experiments would name more models than MOST_MODELS; Conflict for a rehearsal."""
        experiment = self.get(actor, id)
        if experiment.rehearses:
            raise Conflict("a rehearsal has no real viewers; launch the experiment that it rehearses")
        launched = list(self._stores.experiments.each({"state": {"in": list(LAUNCHED)}}))
        check_layer(experiment, launched)
        if (other := rivals(experiment, launched)) is not None:
            raise InvalidInput(
                "layer",
                experiment.layer,
                f"{other.name!r} in layer {other.layer} decides about the mix or model of the same viewers; use that layer",
            )
        if (many := too_many_models(experiment.arms, launched)) is not None:
            raise many.raised()
        self._check_arms(experiment)
        state = _S.RAMPING if len(experiment.steps) > 1 else _S.RUNNING
        if experiment.state is _S.DRAFT:
            experiment = self._patch(actor, experiment, experiment.moved(_S.PLANNED), "experiment.plan", now)
        phase = Phase(number=1, exposure=experiment.steps[0].exposure, started_at=now)
        changes = experiment.moved(state) | {"phases": (phase,), "launched_at": now, "halted": "", "holding": False}
        return self._patch(actor, experiment, changes, "experiment.launch", now, exposure=f"{phase.exposure:.0%}")

    def advance(self, actor: Account | None, id: str, *, now: Millis) -> Experiment:
        """Go to the next step of the ramp; the worker does so on schedule (actor None), a manager when they like."""
        experiment = self._stores.experiments.get(id) if actor is None else self.get(actor, id)
        number = len(experiment.phases)
        if experiment.state is not _S.RAMPING or experiment.halted or number >= len(experiment.steps):
            raise Conflict("there is no further step of a ramp to go to")
        closed = replace(experiment.phases[-1], ended_at=now)
        opened = Phase(number=number + 1, exposure=experiment.steps[number].exposure, started_at=now)
        last = number + 1 == len(experiment.steps)
        changes: dict[str, object] = {"phases": (*experiment.phases[:-1], closed, opened)}
        if last:
            changes |= experiment.moved(_S.RUNNING) | {"holding": False}
        return self._patch(actor, experiment, changes, "experiment.advance", now, exposure=f"{opened.exposure:.0%}")

    def hold(self, actor: Account, id: str, *, hold: bool = True, now: Millis) -> Experiment:
        """Stay at the present step whatever the schedule says, or follow it again. Raises Conflict outside a ramp."""
        experiment = self.get(actor, id)
        if experiment.state is not _S.RAMPING:
            raise Conflict("only a ramp can be held at its step")
        action = "experiment.hold" if hold else "experiment.follow_schedule"
        return self._patch(actor, experiment, {"holding": hold}, action, now)

    def pause(self, actor: Account, id: str, *, now: Millis) -> Experiment:
        """Assign nobody for now; what was measured stays."""
        experiment = self.get(actor, id)
        changes = experiment.moved(_S.PAUSED) | {"paused_at": now}
        return self._patch(actor, experiment, changes, "experiment.pause", now)

    def resume(self, actor: Account, id: str, *, now: Millis) -> Experiment:
        """Assign again, at the step where it stood; the time it stood still does not count towards the step.

        Raises Conflict if the machine stopped it: the evidence is still there, and it would be stopped again at once.
        """
        experiment = self.get(actor, id)
        if experiment.halted:
            raise Conflict(
                f"it was stopped because of this: {experiment.halted} The evidence stays, so it cannot go on; "
                "roll it back, or start again as a new experiment"
            )
        state = _S.RAMPING if len(experiment.phases) < len(experiment.steps) else _S.RUNNING
        phase = experiment.phases[-1]
        stood = now - experiment.paused_at if experiment.paused_at is not None else 0
        phases = (*experiment.phases[:-1], replace(phase, waited=phase.waited + stood))
        changes = experiment.moved(state) | {"phases": phases, "paused_at": None}
        return self._patch(actor, experiment, changes, "experiment.resume", now)

    def halt(self, id: str, reason: str, *, now: Millis) -> Experiment:
        """The machine stops exposure: a guardrail was breached or the split is wrong. A person decides what follows."""
        experiment = self._stores.experiments.get(id)
        changes = experiment.moved(_S.PAUSED) | {"halted": reason, "paused_at": now}
        return self._patch(None, experiment, changes, "experiment.halt", now, reason=reason)

    def roll_back(self, actor: Account, id: str, why: str = "", *, now: Millis) -> Experiment:
        """End it and give all viewers the control at once: every feed process hears of it with the next page it makes."""
        return self._end(
            actor, id, "Rolled back" + (f": {why.strip()}" if why.strip() else ""), "experiment.roll_back", now
        )

    def decide(self, actor: Account, id: str, decision: str, *, now: Millis) -> Experiment:
        """End it, in words (`ship treatment`, `keep control`, …); everybody gets the default again until a policy is published."""
        if not decision.strip():
            raise InvalidInput("decision", decision, "say in words what was decided")
        return self._end(actor, id, decision.strip(), "experiment.decide", now)

    def undo_end(self, actor: Account, id: str, *, now: Millis) -> Experiment:
        """Take an end back, for ten minutes: the experiment stands still, as if it had been paused then. Raises Conflict later, or
        if its range or the places of its models have been taken meanwhile."""
        experiment = self.get(actor, id)
        if experiment.state is not _S.DECIDED or not self.can_undo(experiment, now=now):
            raise Conflict("an end can be taken back for ten minutes; start again as a new experiment instead")
        launched = list(self._stores.experiments.each({"state": {"in": list(LAUNCHED)}}))
        try:
            check_layer(experiment, launched)
        except InvalidInput as taken:
            raise Conflict(f"its range is no longer free: it {taken.why}") from None
        if (many := too_many_models(experiment.arms, launched)) is not None:
            raise Conflict(f"there is no place for its model {many.value}: {many.message}")
        phases = (*experiment.phases[:-1], replace(experiment.phases[-1], ended_at=None))
        changes = experiment.moved(_S.PAUSED) | {
            "decision": "", "decided_by": "", "phases": phases, "paused_at": experiment.paused_at or experiment.updated_at,
        }  # fmt: skip
        return self._patch(actor, experiment, changes, "experiment.undo_end", now)

    def can_undo(self, experiment: Experiment, *, now: Millis) -> bool:
        """Whether the end of this experiment can still be taken back."""
        ended = experiment.state is _S.DECIDED and bool(experiment.phases) and not experiment.rehearses
        return ended and now - experiment.updated_at < UNDO

    def archive(self, actor: Account, id: str, *, now: Millis) -> Experiment:
        """Put it away; its readout stays."""
        experiment = self.get(actor, id)
        return self._patch(actor, experiment, experiment.moved(_S.ARCHIVED), "experiment.archive", now)

    def restore(self, actor: Account, id: str, *, now: Millis) -> Experiment:
        """Fetch it back from the archive: decided if it was, else a draft."""
        experiment = self.get(actor, id)
        state = _S.DECIDED if experiment.decision else _S.DRAFT
        return self._patch(actor, experiment, experiment.moved(state), "experiment.restore", now)

    def reopen(self, actor: Account, id: str, *, now: Millis) -> Experiment:
        """Make a planned experiment a draft again; its plan is forgotten."""
        experiment = self.get(actor, id)
        return self._patch(actor, experiment, experiment.moved(_S.DRAFT) | {"plan": None}, "experiment.reopen", now)

    def _end(self, actor: Account, id: str, decision: str, action: str, now: Millis) -> Experiment:
        experiment = self.get(actor, id)
        phases = tuple(replace(p, ended_at=p.ended_at or now) for p in experiment.phases)
        changes = experiment.moved(_S.DECIDED) | {"decision": decision, "decided_by": actor.id, "phases": phases}
        return self._patch(actor, experiment, changes, action, now, decision=decision)

    def _check_arms(self, experiment: Experiment) -> None:
        for arm in experiment.arms:
            if arm.policy is not None and self._stores.policies.find_one(arm.policy) is None:
                raise InvalidInput(f"arms.{arm.name}.policy", arm.policy, "there is no such policy")
            if arm.model is not None and self._stores.models.find_one(arm.model) is None:
                raise InvalidInput(f"arms.{arm.name}.model", arm.model, "there is no such model")

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
