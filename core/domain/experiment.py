"""Experiments: a question, its arms, who takes part, what is measured, and the life it leads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.errors import Conflict, InvalidInput
from core.domain.ids import DAY, HOUR, Millis

MINIMUM_DAYS = 7
MINIMUM_CONVERSIONS = 100
MAX_RATIO = 20
"""Whole weights that add up to more than this are meant as percentages."""
MOST_MODELS = 4
"""Models that launched experiments may name together: each feed process holds them all beside the one in force."""


class ExperimentState(StrEnum):
    """Where an experiment is in its life."""

    DRAFT = "draft"
    PLANNED = "planned"
    RAMPING = "ramping"
    RUNNING = "running"
    PAUSED = "paused"
    DECIDED = "decided"
    ARCHIVED = "archived"

    @property
    def label(self) -> str:
        """The state in plain words."""
        return self.value.capitalize()


_S = ExperimentState
MOVES: dict[ExperimentState, frozenset[ExperimentState]] = {
    _S.DRAFT: frozenset({_S.PLANNED, _S.ARCHIVED}),
    _S.PLANNED: frozenset({_S.DRAFT, _S.RAMPING, _S.RUNNING, _S.ARCHIVED}),
    _S.RAMPING: frozenset({_S.RAMPING, _S.RUNNING, _S.PAUSED, _S.DECIDED}),
    _S.RUNNING: frozenset({_S.PAUSED, _S.DECIDED}),
    _S.PAUSED: frozenset({_S.RAMPING, _S.RUNNING, _S.DECIDED}),
    _S.DECIDED: frozenset({_S.PAUSED, _S.ARCHIVED}),
    _S.ARCHIVED: frozenset({_S.DRAFT, _S.DECIDED}),
}


class MetricRole(StrEnum):
    GOAL = "goal"
    GUARDRAIL = "guardrail"
    SECONDARY = "secondary"


class MetricKind(StrEnum):
    """`MEAN` per viewer, `SHARE` of viewers who did it at all, `RATIO` of two totals with viewers as units."""

    MEAN = "mean"
    SHARE = "share"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What is measured. `numerator` and `denominator` name totals per viewer (see `core.statistics.totals`).

    `margin` is the relative loss a guardrail may show (0.02 is 2 %). `revision` grows with each edit: a running experiment
    keeps the revision it was launched with, and measures a later one beside it, on viewers who joined since `since`.
    """

    name: str
    kind: MetricKind
    role: MetricRole
    numerator: str
    denominator: str = ""
    higher_is_better: bool = True
    margin: float = 0.0
    unit: str = ""
    revision: int = 1
    since: Millis = 0

    def __post_init__(self) -> None:
        if (self.kind is MetricKind.RATIO) != bool(self.denominator):
            raise InvalidInput("denominator", self.denominator, "a ratio has one, other metrics have none")
        if self.role is MetricRole.GUARDRAIL and not 0 < self.margin < 1:
            raise InvalidInput("margin", self.margin, f"the guardrail {self.name} needs a margin between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One treatment; the first arm of an experiment is the control. It names a version of the mix, a trained model, flags for the
    app, any of them together, or nothing (A/A)."""

    name: str
    weight: float = 1.0
    policy: str | None = None
    model: str | None = None
    flags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not math.isfinite(self.weight) or self.weight < 0:
            raise InvalidInput("weight", self.weight, f"arm {self.name} needs a finite weight from 0 up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Targeting:
    """Who may take part; an empty field means everybody. `newcomers` True takes new viewers only, False returning ones."""

    segments: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    newcomers: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a ramp: the share of eligible viewers exposed, and how long at least."""

    exposure: float
    hours: float = 24.0

    def __post_init__(self) -> None:
        if not 0 < self.exposure <= 1:
            raise InvalidInput("exposure", self.exposure, "a step exposes more than 0 and at most all (1)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of time with one exposure; estimates are made within phases and then weighted. `waited` is how much of it the
    experiment stood still."""

    number: int
    exposure: float
    started_at: Millis
    ended_at: Millis | None = None
    waited: Millis = 0


class Rule(StrEnum):
    """How α is spent: all of it on an interval that holds at every look, or half there and half on one test at the planned end."""

    SEQUENTIAL = "sequential"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many viewers per arm, the relative effect they find, α, power, the days, what the rule of looking costs, and the rule."""

    metric: str
    baseline: float
    deviation: float
    effect: float
    alpha: float = 0.05
    power: float = 0.8
    per_arm: float = 0.0
    days: float = 0.0
    factor: float = 1.0
    rule: Rule = Rule.SEQUENTIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A question asked of viewers.

    `salt` never changes after launch; `lower` and `upper` (0..1) are its range in its layer, so experiments of one layer never
    share a viewer. `overrides` put named testers into an arm; they are not counted. `holding` keeps a ramp at its step whatever the
    schedule says. `rehearses` is the id of the draft that simulated viewers have tried out.
    """

    id: str
    version: int = 1
    name: str
    hypothesis: str = ""
    owner: str = ""
    state: ExperimentState = ExperimentState.DRAFT
    salt: str
    layer: str = "feed"
    lower: float = 0.0
    upper: float = 1.0
    arms: tuple[Arm, ...]
    metrics: tuple[Metric, ...]
    targeting: Targeting = field(default_factory=Targeting)
    steps: tuple[Step, ...] = (Step(exposure=1.0),)
    phases: tuple[Phase, ...] = ()
    plan: Plan | None = None
    overrides: dict[str, str] = field(default_factory=dict)
    holdout: bool = True
    decision: str = ""
    decided_by: str = ""
    halted: str = ""
    holding: bool = False
    paused_at: Millis | None = None
    rehearses: str | None = None
    generated: bool = False
    created_at: Millis = 0
    updated_at: Millis = 0
    launched_at: Millis | None = None

    def __post_init__(self) -> None:
        if len(self.arms) < 2:
            raise InvalidInput("arms", len(self.arms), "an experiment has a control and at least one treatment")
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise InvalidInput("arms", names, "each arm needs a name of its own")
        if sum(arm.weight > 0 for arm in self.arms) < 2 or self.arms[0].weight <= 0:
            raise InvalidInput(
                "arms", [arm.weight for arm in self.arms], "the control and one treatment need weights above 0"
            )
        _check_weights([arm.weight for arm in self.arms])
        measured = [metric.name for metric in self.metrics]
        if len(set(measured)) < len(measured):
            raise InvalidInput("metrics", measured, "each metric needs a name of its own")
        if not 0 <= self.lower < self.upper <= 1:
            raise InvalidInput("range", (self.lower, self.upper), "a range lies within 0 and 1 and is not empty")
        if not any(metric.role is MetricRole.GOAL for metric in self.metrics):
            raise InvalidInput("metrics", [m.name for m in self.metrics], "one metric at least is the goal")
        exposures = [step.exposure for step in self.steps]
        if not exposures or exposures != sorted(exposures):
            raise InvalidInput("steps", exposures, "a ramp has steps of growing exposure")
        for viewer, arm in self.overrides.items():
            if arm not in names:
                raise InvalidInput(f"overrides.{viewer}", arm, f"there is no such arm; arms are {', '.join(names)}")

    @property
    def exposure(self) -> float:
        """The share exposed now; 0 before launch."""
        return self.phases[-1].exposure if self.phases and self.phases[-1].ended_at is None else 0.0

    @property
    def live(self) -> bool:
        """True while viewers are assigned."""
        return self.state in (ExperimentState.RAMPING, ExperimentState.RUNNING) and not self.halted

    def full_days(self, now: Millis) -> int:
        """Whole days since launch, 0 before."""
        return 0 if self.launched_at is None else max(0, now - self.launched_at) // DAY

    def next_step_at(self, now: Millis) -> Millis | None:
        """When the present ramp step has lasted long enough; None if no other follows. While it stands still, that moves on."""
        number = len(self.phases)
        if self.state not in (ExperimentState.RAMPING, ExperimentState.PAUSED) or not 0 < number < len(self.steps):
            return None
        standing = now - self.paused_at if self.paused_at is not None else 0
        phase = self.phases[-1]
        return phase.started_at + phase.waited + standing + round(self.steps[number - 1].hours * HOUR)

    def step_over(self, now: Millis) -> bool:
        """True when the present ramp step has lasted long enough and another one follows."""
        due = self.next_step_at(now)
        return self.state is ExperimentState.RAMPING and due is not None and now >= due

    def moved(self, state: ExperimentState) -> dict[str, object]:
        """The change to `state`, for a patch. Raises Conflict if the life of an experiment has no such move."""
        if state not in MOVES[self.state]:
            raise Conflict(f"an experiment that is {self.state.value} cannot become {state.value}")
        return {"state": state}


def _check_weights(weights: Sequence[float]) -> None:
    """Small whole numbers are a ratio (1:1, 2:1); shares make 1, percentages 100. Raises InvalidInput naming what they make."""
    total, some = sum(weights), {weight for weight in weights if weight > 0}
    if math.isclose(total, 1.0, abs_tol=1e-6) or math.isclose(total, 100.0, abs_tol=1e-4):
        return
    if not all(float(weight).is_integer() for weight in weights):
        raise InvalidInput("arms", weights, f"the shares add up to {total:g}; they must make 1, or 100 as percentages")
    if total > MAX_RATIO and len(some) > 1:
        raise InvalidInput("arms", weights, f"the percentages add up to {total:g}; they must make 100")
