"""The whole readout of an experiment, from its day cube: trust first, then effects, then the verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.domain.experiment import Experiment, Metric, MetricRole, Rule
from core.domain.ids import Millis
from core.statistics import multiplicity, power, srm
from core.statistics.day_cube import DayCube
from core.statistics.guardrails import GuardrailState
from core.statistics.readout import Cell, Reading, breach, looks, read
from core.statistics.sequential import Look
from core.statistics.verdict import Evidence, Verdict, decide

ALPHA = 0.05
DEFAULT_PLAN = 20_000.0
"""Viewers in all for which the sequence is tuned when nobody planned."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Was the split as planned? Counts per arm, χ² over phases and segments (Bonferroni), and the anytime-valid test."""

    observed: tuple[float, ...]
    expected: tuple[float, ...]
    p_value: float
    anytime_p: float
    where: str
    crossovers: int
    alarm: bool


@dataclass(frozen=True, slots=True)
class ArmReport:
    """One treatment: readings by metric name, the goal's looks by day, adjusted p-values, the verdict."""

    arm: int
    name: str
    readings: dict[str, Reading]
    goal_looks: tuple[Look, ...]
    adjusted_p: dict[str, float]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the results page shows. `planned` is in viewers of all arms, `progress` 0..1, `days` are UTC day numbers."""

    experiment: Experiment
    trust: Trust
    arms: tuple[ArmReport, ...]
    days: tuple[int, ...]
    planned: float
    progress: float
    days_left: float
    full_days: int


def report(
    experiment: Experiment, cube: DayCube, *, now: Millis, alpha: float | None = None, use_cuped: bool = True
) -> Report:
    """Read everything; α is the plan's unless given. Goal metrics × treatments share it by Bonferroni in their sequences and by
    Holm in fixed p-values. Goals follow the plan's rule; all other metrics have their sequence."""
    alpha = alpha or (experiment.plan.alpha if experiment.plan else ALPHA)
    rule = experiment.plan.rule if experiment.plan else Rule.SEQUENTIAL
    weights = [arm.weight for arm in experiment.arms]
    trust = _trust(cube, weights)
    planned = planned_viewers(experiment)
    viewers = sum(cube.viewers())
    left = _days_left(cube, planned)
    goals = [metric for metric in experiment.metrics if metric.role is MetricRole.GOAL]
    treatments = [i for i in range(1, len(experiment.arms)) if weights[i] > 0]
    goal_alpha = alpha / (len(goals) * len(treatments))

    def reading(metric: Metric, arm: int) -> Reading:
        goal = metric.role is MetricRole.GOAL
        found = read(
            metric, cube.cells(metric.name, arm), planned=planned, alpha=goal_alpha if goal else alpha,
            use_cuped=use_cuped, rule=rule if goal else Rule.SEQUENTIAL,
        )  # fmt: skip
        if metric.role is not MetricRole.GUARDRAIL:
            return found
        first = breach(metric, _daily(cube, metric, arm), planned=planned, alpha=alpha, use_cuped=use_cuped)
        return found if first is None else replace(found, guardrail=GuardrailState.ROLL_BACK, breached=first)

    readings = {arm: {metric.name: reading(metric, arm) for metric in experiment.metrics} for arm in treatments}
    adjusted = _adjusted(experiment, readings)
    arms = []
    for arm in treatments:
        daily = _daily(cube, goals[0], arm)
        path = looks(goals[0], daily, planned=planned, alpha=goal_alpha, use_cuped=use_cuped, rule=rule)
        evidence = Evidence(
            goal=readings[arm][goals[0].name],
            goal_looks=path,
            guardrails=[readings[arm][m.name] for m in experiment.metrics if m.role is MetricRole.GUARDRAIL],
            mismatch_p=min(trust.p_value, trust.anytime_p),
            mismatched=trust.alarm,
            full_days=experiment.full_days(now),
            planned=planned,
            days_left=left,
        )
        name = experiment.arms[arm].name
        arms.append(ArmReport(arm, name, readings[arm], tuple(path), adjusted[arm], decide(evidence)))
    progress = min(1.0, viewers / planned)
    return Report(experiment, trust, tuple(arms), cube.days, planned, progress, left, experiment.full_days(now))


def planned_viewers(experiment: Experiment) -> float:
    """Viewers of all arms at the planned end, for which sequences are tuned."""
    plan = experiment.plan
    return plan.per_arm * len(experiment.arms) if plan and plan.per_arm > 0 else DEFAULT_PLAN


def _daily(cube: DayCube, metric: Metric, arm: int) -> list[list[Cell]]:
    return [cube.cells(metric.name, arm, day=d) for d in range(len(cube.days))]


def _trust(cube: DayCube, weights: Sequence[float]) -> Trust:
    """χ² per phase and per segment, the worst p times the number of tests; plus the sequential test on daily counts."""
    observed = cube.viewers()
    whole = srm.chi_square(observed, weights)
    tests = [("all viewers", whole.p_value)]
    tests += [(f"phase {p}", srm.chi_square(cube.viewers(phase=p), weights).p_value) for p in cube.phases]
    tests += [(f"segment {s}", srm.chi_square(cube.viewers(segment=s), weights).p_value) for s in cube.segments if s]
    known = [(where, p) for where, p in tests if not math.isnan(p)]
    where, worst = min(known, key=lambda test: test[1], default=("", math.nan))
    p_value = min(1.0, worst * len(known)) if known else math.nan
    _, anytime = srm.sequential(cube.daily_viewers(), weights)
    anytime_p = anytime[-1] if anytime else math.nan
    alarm = p_value < srm.ALARM or anytime_p < srm.ALARM
    return Trust(tuple(observed), whole.expected, p_value, anytime_p, where, cube.crossovers, alarm)


def _adjusted(experiment: Experiment, readings: dict[int, dict[str, Reading]]) -> dict[int, dict[str, float]]:
    """Holm over goals × arms, Benjamini-Hochberg over secondary metrics × arms; guardrails keep their own p."""
    result: dict[int, dict[str, float]] = {arm: {} for arm in readings}
    for role, adjust in (
        (MetricRole.GOAL, multiplicity.holm),
        (MetricRole.SECONDARY, multiplicity.benjamini_hochberg),
        (MetricRole.GUARDRAIL, list),
    ):
        keys = [(arm, m.name) for arm in readings for m in experiment.metrics if m.role is role]
        raw = [readings[arm][name].used.effect.p_value for arm, name in keys]
        for (arm, name), value in zip(keys, adjust(raw), strict=True):
            result[arm][name] = float(value)
    return result


def _days_left(cube: DayCube, planned: float) -> float:
    """Days until the planned number of viewers, from this experiment's own curve; NaN if it does not grow."""
    if not cube.days:
        return math.nan
    curve = [sum(cube.viewers(day=d)) for d in range(len(cube.days))]
    return max(0.0, power.days_needed(planned, curve) - len(curve))


def segment_readings(
    experiment: Experiment, cube: DayCube, metric: Metric, arm: int, *, alpha: float = 0.05
) -> dict[str, Reading]:
    """One metric by segment, α shared by Bonferroni: exploratory, never a verdict."""
    level = alpha / max(1, len(cube.segments))
    planned = planned_viewers(experiment)
    return {
        segment or "all": read(metric, cube.cells(metric.name, arm, segment=segment), planned=planned, alpha=level)
        for segment in cube.segments
    }
