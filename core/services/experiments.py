"""Experiments: drafted, checked, planned, copied; what follows is in `experiment_life`."""

from __future__ import annotations

from dataclasses import fields, replace

from core.domain.account import Account, Role
from core.domain.collection import Page
from core.domain.errors import Conflict, InvalidInput
from core.domain.experiment import Arm, Experiment, ExperimentState, Metric, Plan, Step, Targeting
from core.domain.ids import Millis, new_id
from core.domain.layers import LAUNCHED, Taken, taken
from core.services.experiment_check import ExperimentInput, Problem, problems
from core.services.experiment_life import ExperimentLife

RUNNING_STATES = LAUNCHED
EDITABLE = frozenset(
    {
        "name", "hypothesis", "owner", "arms", "metrics", "targeting", "steps", "layer", "lower", "upper", "overrides",
        "holdout",
    }
)  # fmt: skip
AFTER_LAUNCH = frozenset({"name", "hypothesis", "owner", "overrides"})
"""What may still be edited after launch: nothing that changes who is in which arm, or what is measured."""
DEFAULT_STEPS = (Step(exposure=0.05, hours=24), Step(exposure=0.25, hours=48), Step(exposure=1.0, hours=24))


class Experiments(ExperimentLife):
    """The product manager's verbs, and those of the machine that watches a ramp."""

    def create(
        self,
        actor: Account,
        *,
        name: str,
        arms: tuple[Arm, ...],
        metrics: tuple[Metric, ...],
        hypothesis: str = "",
        owner: str = "",
        targeting: Targeting | None = None,
        steps: tuple[Step, ...] = DEFAULT_STEPS,
        layer: str = "feed",
        lower: float = 0.0,
        upper: float = 1.0,
        overrides: dict[str, str] | None = None,
        holdout: bool = True,
        now: Millis,
    ) -> Experiment:
        """A draft. Raises InvalidInput naming what does not fit; whether its range is free is asked at launch."""
        actor.require(Role.PRODUCT_MANAGER)
        asked = ExperimentInput(
            name=name.strip(), hypothesis=hypothesis, owner=owner or actor.id, arms=arms, metrics=metrics, steps=steps,
            targeting=targeting or Targeting(), layer=layer, lower=lower, upper=upper, overrides=dict(overrides or {}),
            holdout=holdout,
        )  # fmt: skip
        return self._insert(actor, asked, "experiment.create", now)

    def check(self, actor: Account, asked: ExperimentInput, *, besides: str = "") -> list[Problem]:
        """Everything that is wrong with what was typed, by field, with ranges that are taken. `besides` is what is being edited."""
        actor.require(Role.PRODUCT_MANAGER)
        return problems(self._stores, asked, besides=besides)

    def taken(self, actor: Account, layer: str, *, besides: str = "") -> list[Taken]:
        """Which ranges of a layer launched experiments hold, from the left."""
        actor.require(Role.PRODUCT_MANAGER)
        return taken(layer, self._stores.experiments.each({"layer": layer}), besides=besides)

    def launched(self, actor: Account) -> list[Experiment]:
        """Experiments that hold a range now, by layer and range."""
        actor.require(Role.PRODUCT_MANAGER)
        found = self._stores.experiments.each({"state": {"in": list(LAUNCHED)}})
        return sorted(found, key=lambda one: (one.layer, one.lower, one.name))

    def owners(self, actor: Account) -> dict[str, str]:
        """Names of the accounts that may own an experiment, by id."""
        actor.require(Role.PRODUCT_MANAGER)
        roles = [Role.PRODUCT_MANAGER, Role.ADMINISTRATOR]
        found = self._stores.accounts.each({"role": {"in": roles}})
        return dict(sorted(((one.id, one.name) for one in found), key=lambda pair: pair[1]))

    def rehearsals(self, actor: Account, id: str) -> list[Experiment]:
        """What simulated viewers made of a draft, the last first."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._stores.experiments.find({"rehearses": id}, order="updated_at", descending=True, limit=20).items

    def find(
        self, actor: Account, *, state: ExperimentState | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Experiment]:
        """Experiments with real viewers (not rehearsals), last changed first."""
        actor.require(Role.PRODUCT_MANAGER)
        where: dict[str, object] = {"rehearses": None}
        if state is not None:
            where["state"] = state
        return self._stores.experiments.find(where, order="updated_at", descending=True, limit=limit, cursor=cursor)

    def save(
        self, actor: Account, id: str, changes: dict[str, object], *, expected_version: int, now: Millis
    ) -> Experiment:
        """Edit a draft; one that was planned loses its plan if what was planned for changes.

        After launch arms, weights, metrics, targeting and range stay as they are: Conflict says to start a new experiment.
        """
        experiment = self.get(actor, id)
        if unknown := set(changes) - EDITABLE:
            raise InvalidInput("changes", sorted(unknown), "these fields cannot be edited")
        changed = {name: value for name, value in changes.items() if getattr(experiment, name) != value}
        if experiment.launched_at is not None and (fixed := set(changed) - AFTER_LAUNCH):
            raise Conflict(
                f"a launched experiment keeps its {', '.join(sorted(fixed))}: whoever is in an arm stays there and is measured "
                "as agreed; start a new one for another question"
            )
        edited = replace(experiment, **changed)  # type: ignore[arg-type]  # validates before anything is stored
        self._refuse(_asked(edited))
        if experiment.state is ExperimentState.PLANNED and set(changed) & {"arms", "metrics", "targeting"}:
            changed |= experiment.moved(ExperimentState.DRAFT) | {"plan": None}
        return self._patch(actor, experiment, changed, "experiment.save", now, expected_version=expected_version)

    def copy(self, actor: Account, id: str, *, now: Millis) -> Experiment:
        """A draft that asks the same again: new id and salt, so viewers are drawn anew; whatever broke the old split is gone."""
        origin = self.get(actor, id)
        return self._insert(actor, replace(_asked(origin), owner=actor.id), "experiment.copy", now, of=id)

    def keep_plan(self, actor: Account, id: str, plan: Plan, *, now: Millis) -> Experiment:
        """Size the experiment; its sequences are tuned to this number of viewers. Raises Conflict after launch."""
        experiment = self.get(actor, id)
        if experiment.launched_at is not None:
            raise Conflict("a launched experiment keeps the plan it was launched with")
        changes: dict[str, object] = {"plan": plan}
        if experiment.state is ExperimentState.DRAFT:
            changes |= experiment.moved(ExperimentState.PLANNED)
        return self._patch(actor, experiment, changes, "experiment.plan", now, per_arm=f"{plan.per_arm:.0f}")

    def _refuse(self, asked: ExperimentInput) -> None:
        for problem in problems(self._stores, asked, ranges=False):
            raise problem.raised()

    def _insert(self, actor: Account, asked: ExperimentInput, action: str, now: Millis, **detail: str) -> Experiment:
        self._refuse(asked)
        id = new_id(now)
        typed = {one.name: getattr(asked, one.name) for one in fields(asked)}
        experiment = Experiment(id=id, salt=id, created_at=now, updated_at=now, **typed)
        self._stores.experiments.insert(experiment)
        self._audit.record(actor, action, id, now=now, name=asked.name, **detail)
        return experiment


def _asked(experiment: Experiment) -> ExperimentInput:
    """What was typed to get this experiment."""
    return ExperimentInput(**{one.name: getattr(experiment, one.name) for one in fields(ExperimentInput)})
