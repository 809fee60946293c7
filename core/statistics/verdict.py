"""One sentence for a product manager: what to do, why, and what would change it. Never "OK" for unknown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.domain.experiment import MINIMUM_CONVERSIONS, MINIMUM_DAYS
from core.statistics.guardrails import GuardrailState
from core.statistics.readout import Reading
from core.statistics.sequential import Look, first_crossing
from core.statistics.words import p_in_words


class Action(StrEnum):
    """What the verdict asks for."""

    SHIP = "ship"
    STOP = "stop"
    ROLL_BACK = "roll_back"
    KEEP_RUNNING = "keep_running"
    NO_EFFECT = "no_effect_found"
    BLOCKED = "blocked"
    CANNOT_SAY = "cannot_say_yet"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The action and its sentence; `crossed` is the index of the day on which the goal was decided, if it was."""

    action: Action
    sentence: str
    crossed: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a verdict is made from, for one treatment arm."""

    goal: Reading
    goal_looks: Sequence[Look]
    guardrails: Sequence[Reading]
    mismatch_p: float
    mismatched: bool
    full_days: int
    planned: float
    days_left: float


def decide(evidence: Evidence) -> Verdict:
    """The verdict, in the order in which doubts weigh: trust, harm, knowledge, success."""
    goal = evidence.goal
    if evidence.mismatched:
        return Verdict(
            Action.BLOCKED,
            f"Do not read the effects: viewers were not split as planned ({p_in_words(evidence.mismatch_p)}). "
            "Find the cause first, then start again with a new salt.",
        )
    breached = [g.metric.name for g in evidence.guardrails if g.guardrail is GuardrailState.ROLL_BACK]
    if breached:
        return Verdict(
            Action.ROLL_BACK, f"Roll back: {_names(breached)} lost more than the margin that was agreed at launch."
        )
    if (unknown := _unknown(evidence)) is not None:
        return Verdict(Action.CANNOT_SAY, f"Cannot say yet, because {unknown}.")
    sign = 1.0 if goal.metric.higher_is_better else -1.0
    crossed = first_crossing(evidence.goal_looks)
    effect = _effect(goal)
    if crossed is not None:
        if evidence.goal_looks[crossed].at_end:
            effect = f"decided at the planned end: {_look(evidence.goal_looks[crossed])}"
        better = sign * evidence.goal_looks[crossed].estimate > 0
        if not better:
            return Verdict(
                Action.STOP, f"Stop: {goal.metric.name} became worse, {effect}. Harm needs no minimum of days.", crossed
            )
        return _good(evidence, effect, crossed)
    if sum(goal.viewers) >= evidence.planned:
        return Verdict(
            Action.NO_EFFECT,
            f"No effect found at the planned size: {effect}. A larger change is unlikely; a smaller one would need more viewers.",
        )
    left = (
        f"about {_days(evidence.days_left)} to plan"
        if math.isfinite(evidence.days_left)
        else "the end is not in sight yet"
    )
    return Verdict(Action.KEEP_RUNNING, f"Keep running: {effect}; {left}.")


def _good(evidence: Evidence, effect: str, crossed: int) -> Verdict:
    name = evidence.goal.metric.name
    held = [g.metric.name for g in evidence.guardrails if g.guardrail is GuardrailState.HOLD]
    if held:
        return Verdict(
            Action.KEEP_RUNNING,
            f"Hold: {name} is better, {effect}, but {_names(held)} moved the wrong way within its margin.",
            crossed,
        )
    if evidence.full_days < MINIMUM_DAYS:
        left = _days(MINIMUM_DAYS - evidence.full_days)
        return Verdict(
            Action.KEEP_RUNNING,
            f"Keep running {left} more: {name} is better, {effect}, but a full week is needed.",
            crossed,
        )
    open_ = [g.metric.name for g in evidence.guardrails if g.guardrail is GuardrailState.UNKNOWN]
    if open_:
        return Verdict(
            Action.KEEP_RUNNING,
            f"Keep running: {name} is better, {effect}, but {_names(open_)} is not known yet.",
            crossed,
        )
    return Verdict(Action.SHIP, f"Ship: {name} is better, {effect}, and every guardrail is cleared.", crossed)


def _unknown(evidence: Evidence) -> str | None:
    goal = evidence.goal
    if min(goal.viewers) < 2:
        return "an arm has fewer than two viewers"
    if goal.raw.control.n < 2:
        return "no phase of the ramp has two viewers in both arms"
    if goal.metric.denominator and math.isnan(goal.raw.control.mean):
        return f"no viewer has any {goal.metric.denominator}, of which {goal.metric.name} is a share"
    if goal.raw.control.mean == 0:
        return f"the control has no {goal.metric.name} at all, so no relative effect exists"
    if not all(
        math.isfinite(arm.mean) and math.isfinite(arm.variance) for arm in (goal.raw.control, goal.raw.treatment)
    ):
        return f"the sums of {goal.metric.name} are incomplete; rebuild them from the log"
    if not goal.used.effect.error > 0:
        return f"{goal.metric.name} does not vary between viewers"
    if goal.conversions < MINIMUM_CONVERSIONS:
        return (
            f"an arm has only {goal.conversions:,.0f} of the {MINIMUM_CONVERSIONS} conversions that an estimate needs"
        )
    if math.isnan(goal.anytime.interval.lower):
        return f"the control's {goal.metric.name} is not clearly different from zero"
    return None


def _effect(reading: Reading) -> str:
    return _look(reading.anytime)


def _look(look: Look) -> str:
    return f"{look.estimate:+.1%} ({look.interval.lower:+.1%} to {look.interval.upper:+.1%})"


def _names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _days(days: float) -> str:
    whole = max(1, math.ceil(days))
    return f"{whole} day" if whole == 1 else f"{whole} days"
