"""Which experiments serve versions of the mix right now, and to how many viewers."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.account import Account, Role
from core.domain.experiment import Experiment, ExperimentState, Targeting
from core.services.assignments import HOLDOUT
from core.services.stores import Stores


@dataclass(frozen=True, slots=True)
class Serving:
    """A running experiment whose arms name versions. `share` is the part of the viewers (of those it targets) who get them, and
    `other` the part who get another version than the one in force."""

    experiment: str
    name: str
    policies: tuple[str, ...]
    share: float
    other: float
    targeted: bool


def serving(stores: Stores, actor: Account, in_force: str) -> list[Serving]:
    """Running experiments whose arms name versions, by name; `in_force` is the id of the version that is."""
    actor.require(Role.PRODUCT_MANAGER)
    states = [ExperimentState.RAMPING, ExperimentState.RUNNING]
    running = stores.experiments.each({"state": {"in": states}})
    return sorted((_serving(one, in_force) for one in running if one.live and _policies(one)), key=lambda one: one.name)


def _policies(experiment: Experiment) -> tuple[str, ...]:
    return tuple(dict.fromkeys(arm.policy for arm in experiment.arms if arm.policy))


def _serving(experiment: Experiment, in_force: str) -> Serving:
    reached = experiment.exposure * (experiment.upper - experiment.lower) * (1 - HOLDOUT if experiment.holdout else 1)
    part = reached / sum(arm.weight for arm in experiment.arms)
    return Serving(
        experiment.id,
        experiment.name,
        _policies(experiment),
        part * sum(arm.weight for arm in experiment.arms if arm.policy),
        part * sum(arm.weight for arm in experiment.arms if arm.policy and arm.policy != in_force),
        experiment.targeting != Targeting(),
    )
