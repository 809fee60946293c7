"""What cannot be in an experiment, said by field, all at once: for a form while it is typed, and for the service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from core.domain.errors import InvalidInput
from core.domain.experiment import MAX_RATIO, MOST_MODELS, Arm, Experiment, Metric, MetricRole, Step, Targeting
from core.domain.layers import overlapping, taken
from core.services.stores import Stores
from core.statistics.totals import TOTALS

MAX_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentInput:
    """An experiment as somebody typed it; not yet known to be possible."""

    name: str
    arms: tuple[Arm, ...]
    metrics: tuple[Metric, ...]
    hypothesis: str = ""
    owner: str = ""
    targeting: Targeting = field(default_factory=Targeting)
    steps: tuple[Step, ...] = ()
    layer: str = "feed"
    lower: float = 0.0
    upper: float = 1.0
    overrides: Mapping[str, str] = field(default_factory=dict)
    holdout: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """A field and what is wrong with it, as a sentence that says what to do."""

    field: str
    value: object
    message: str

    def raised(self) -> InvalidInput:
        """As the error that a service raises."""
        return InvalidInput(self.field, self.value, self.message)


def problems(stores: Stores, asked: ExperimentInput, *, besides: str = "", ranges: bool = True) -> list[Problem]:
    """Everything that is wrong. `besides` is the id of the experiment being edited; without `ranges` the layer is not looked at."""
    found = [*_words(asked), *_arms(stores, asked.arms), *_metrics(asked.metrics), *_steps(asked.steps)]
    names = [arm.name for arm in asked.arms]
    found += [
        Problem("overrides", viewer, f"there is no arm {arm}; arms are {', '.join(names)}")
        for viewer, arm in asked.overrides.items()
        if arm not in names
    ]
    if not 0 <= asked.lower < asked.upper <= 1:
        found.append(Problem("range", (asked.lower, asked.upper), "a range lies within 0 and 1 and is not empty"))
    elif ranges:
        held = taken(asked.layer, stores.experiments.each({"layer": asked.layer}), besides=besides)
        if (other := overlapping(asked.lower, asked.upper, held)) is not None:
            found.append(Problem("range", (asked.lower, asked.upper), _overlap(other.experiment)))
    return found


def rivals(experiment: Experiment, others: Sequence[Experiment]) -> Experiment | None:
    """A launched experiment of another layer that also decides which mix or model makes the page: one viewer can have only one."""
    return next(
        (
            other
            for other in others
            if other.id != experiment.id
            and other.layer != experiment.layer
            and any(arm.policy or arm.model for arm in experiment.arms)
            and any(arm.policy or arm.model for arm in other.arms)
        ),
        None,
    )


def too_many_models(arms: Sequence[Arm], others: Iterable[Experiment] = ()) -> Problem | None:
    """The first arm whose model is one too many for a feed process, with those that launched `others` name.

    Arms count only where all models of their experiment are held: with one that finds no place none would ever count.
    """
    names = {arm.model for other in others for arm in other.arms if arm.model}
    elsewhere = len(names)
    for arm in arms:
        if arm.model:
            names.add(arm.model)
        if arm.model and len(names) > MOST_MODELS:
            said = f"it would be model {len(names)} of experiments; a feed process holds {MOST_MODELS} beside the one in force"
            end = f". Other experiments name {elsewhere}: end one of them first" if elsewhere else ""
            return Problem(f"arms.{arm.name}.model", arm.model, said + end)
    return None


def _overlap(other: Experiment) -> str:
    return (
        f"overlaps {other.name!r}, which holds {other.lower:.0%} to {other.upper:.0%} of layer {other.layer}; choose a "
        "part that is free, or end the other one first"
    )


def _words(asked: ExperimentInput) -> list[Problem]:
    found = []
    if not asked.name.strip():
        found.append(Problem("name", asked.name, "an experiment needs a name"))
    elif len(asked.name) > MAX_NAME:
        found.append(Problem("name", asked.name, f"a name has at most {MAX_NAME} characters"))
    if not asked.layer.strip():
        found.append(Problem("layer", asked.layer, "name the layer whose viewers take part"))
    return found


def _arms(stores: Stores, arms: Sequence[Arm]) -> list[Problem]:
    found = []
    if len(arms) < 2:
        found.append(Problem("arms", len(arms), "an experiment has a control and at least one treatment"))
    for name, count in Counter(arm.name.strip() for arm in arms).items():
        if not name:
            found.append(Problem("arms", name, "each arm needs a name"))
        elif count > 1:
            found.append(Problem("arms", name, f"two arms are called {name}; each needs a name of its own"))
    weights = [arm.weight for arm in arms]
    if (said := weights_problem(weights)) is not None:
        found.append(Problem("weights", weights, said))
    for arm in arms:
        if arm.policy and stores.policies.find_one(arm.policy) is None:
            found.append(Problem(f"arms.{arm.name}.policy", arm.policy, "there is no such version of the mix"))
        if arm.model and stores.models.find_one(arm.model) is None:
            found.append(Problem(f"arms.{arm.name}.model", arm.model, "there is no such model"))
    if (many := too_many_models(arms)) is not None:
        found.append(many)
    return found


def weights_problem(weights: Sequence[float]) -> str | None:
    """What is wrong with weights; None if nothing is. Whole numbers are parts (1 and 2); others are shares and make 1 or 100.

    >>> weights_problem([1, 1]), weights_problem([0.5, 0.5])
    (None, None)
    >>> weights_problem([0.5, 0.4])
    'weights add up to 0.9; shares must make 1 (or 100 as percentages)'
    """
    if not weights:
        return None
    total = sum(weights)
    if weights[0] <= 0 or sum(weight > 0 for weight in weights) < 2:
        return "the control and at least one treatment need weights above 0"
    if min(abs(total - 1), abs(total - 100)) < 1e-4:
        return None
    alike = len({weight for weight in weights if weight > 0}) == 1
    if any(weight != round(weight) for weight in weights) or (total > MAX_RATIO and not alike):
        return f"weights add up to {total:g}; shares must make 1 (or 100 as percentages)"
    return None


def _metrics(metrics: Sequence[Metric]) -> list[Problem]:
    found = []
    if not any(metric.role is MetricRole.GOAL for metric in metrics):
        found.append(Problem("metrics", [m.name for m in metrics], "one metric at least is the goal"))
    for name, count in Counter(metric.name for metric in metrics).items():
        if count > 1:
            found.append(Problem("metrics", name, f"{name} is chosen twice; each metric has one role"))
    for metric in metrics:
        found += [
            Problem("metrics", total, f"{metric.name} needs {total}, which no event counts")
            for total in (metric.numerator, metric.denominator)
            if total and total not in TOTALS
        ]
    return found


def _steps(steps: Sequence[Step]) -> list[Problem]:
    found = []
    if not steps:
        found.append(Problem("steps", 0, "a ramp has at least one step"))
    for before, after in pairwise(steps):
        if after.exposure <= before.exposure:
            message = (
                f"{after.exposure:.0%} comes after {before.exposure:.0%}; each step exposes more than the one before"
            )
            found.append(Problem("steps", after.exposure, message))
    if any(step.hours <= 0 for step in steps):
        found.append(Problem("steps", [step.hours for step in steps], "each step lasts some hours"))
    return found
