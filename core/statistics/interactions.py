"""Experiments that share viewers: is one's assignment independent of the other's, and do their effects add up?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from scipy import stats

from core.domain.experiment import Experiment, Metric, MetricKind, MetricRole
from core.domain.experiment_data import ViewerTotals
from core.statistics.effects import Effect
from core.statistics.moments import Moments, Summary, mean_summary, ratio_summary
from core.statistics.stratified import interaction
from core.statistics.totals import Sums, row
from core.statistics.words import p_in_words

ENOUGH = 100
"""Viewers that each of the four cells needs before anything is said."""
DEPENDENT = 0.001
"""Below this the two assignments are taken to depend on each other."""


class Says(StrEnum):
    """What may be said of a pair."""

    NONE = "no sign of interaction"
    INTERACT = "the effects do not add up"
    UNKNOWN = "cannot say yet"
    DEPENDENT = "the assignments depend on each other"
    APART = "they share no viewers"


@dataclass(frozen=True, slots=True)
class Interaction:
    """One arm of `first`, one of `second`, one goal metric.

    `viewers` are those in both experiments; `alone` and `together` are the effect of `first` where `second` shows its control and
    where it shows its treatment, in the metric's unit; `effect` is their difference with an interval at α / number of tests and a
    p-value multiplied by it. `independence_p` is that of the χ² between the two assignments.
    """

    first: Experiment
    second: Experiment
    first_arm: str
    second_arm: str
    metric: Metric
    viewers: float
    alone: float
    together: float
    effect: Effect
    independence_p: float
    says: Says
    sentence: str


@dataclass(slots=True)
class Joint:
    """Viewers of two experiments, by arm of each: sums of each goal metric since they were in both."""

    first: Experiment
    second: Experiment
    metrics: tuple[Metric, ...]
    cells: dict[tuple[str, str], list[Sums]] = field(default_factory=dict)

    @staticmethod
    def of(first: Experiment, second: Experiment) -> Joint:
        """Empty, for the goals of both."""
        goals: dict[tuple[str, str, str], Metric] = {}
        for metric in (*first.metrics, *second.metrics):
            if metric.role is MetricRole.GOAL:
                goals.setdefault((metric.kind.value, metric.numerator, metric.denominator), metric)
        return Joint(first, second, tuple(goals.values()))

    def add(self, viewer: ViewerTotals) -> None:
        """Count a viewer who is in both, by what they did since the later of their two exposures."""
        one, other = viewer.experiments.get(self.first.id), viewer.experiments.get(self.second.id)
        if one is None or other is None:
            return
        later = max(one, other, key=lambda part: part.since)
        cell = self.cells.setdefault((one.arm, other.arm), [Sums() for _ in self.metrics])
        for sums, metric in zip(cell, self.metrics, strict=True):
            sums.replace(None, row(metric, later.totals, later.before))

    def count(self, one: str, other: str) -> float:
        """Viewers in these two arms."""
        cell = self.cells.get((one, other))
        return cell[0].n if cell else 0.0

    def summary(self, metric: int, one: str, other: str) -> Summary:
        """The metric of these two arms."""
        cell = self.cells.get((one, other))
        moments = cell[metric].moments() if cell else Moments.empty(4)
        return ratio_summary(moments) if self.metrics[metric].kind is MetricKind.RATIO else mean_summary(moments)


def overlaps(first: Experiment, second: Experiment) -> bool:
    """True if both ran at the same time."""
    if not (first.phases and second.phases):
        return False
    (a_from, a_to), (b_from, b_to) = (
        (e.phases[0].started_at, e.phases[-1].ended_at or math.inf) for e in (first, second)
    )
    return a_from < b_to and b_from < a_to


def independence(counts: Sequence[Sequence[float]]) -> float:
    """p of Pearson's χ² for independence of rows and columns; NaN when a row or column is empty or there is only one."""
    table = np.asarray(counts, dtype=float)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape, default=0) < 2:
        return math.nan
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def interactions(joints: Iterable[Joint], alpha: float = 0.05) -> list[Interaction]:
    """Every pair of treatments of every pair of experiments, α shared by all tests that can be made (Bonferroni)."""
    found = [one for joint in joints for one in _of(joint)]
    tests = sum(1 for one in found if one.says is Says.NONE) or 1
    return [_judged(one, tests, alpha) if one.says is Says.NONE else one for one in found]


def _of(joint: Joint) -> list[Interaction]:
    first, second = joint.first, joint.second
    apart = first.layer == second.layer and (first.upper <= second.lower or second.upper <= first.lower)
    table = [[joint.count(a.name, b.name) for b in second.arms if b.weight > 0] for a in first.arms if a.weight > 0]
    p_value = independence(table)
    found = []
    for place, metric in enumerate(joint.metrics):
        for one in first.arms[1:]:
            for other in second.arms[1:]:
                if one.weight <= 0 or other.weight <= 0:
                    continue
                pairs = [(a.name, b.name) for a in (first.arms[0], one) for b in (second.arms[0], other)]
                cells = [joint.summary(place, *pair) for pair in pairs]
                says, sentence = _can_say(apart, p_value, [joint.count(*pair) for pair in pairs])
                m00, m01, m10, m11 = cells
                effect = interaction(((m00, m01), (m10, m11)))
                if says is Says.NONE and not effect.error > 0:
                    says, sentence = Says.UNKNOWN, f"Cannot say yet, because {metric.name} does not vary in them."
                found.append(
                    Interaction(
                        first, second, one.name, other.name, metric, sum(map(sum, table)), m10.mean - m00.mean,
                        m11.mean - m01.mean, effect, p_value, says, sentence,
                    )
                )  # fmt: skip
    return found


def _can_say(apart: bool, independence_p: float, counts: Sequence[float]) -> tuple[Says, str]:
    if apart and not sum(counts):
        return Says.APART, "They share no viewers: they have different ranges of one layer."
    if independence_p < DEPENDENT:
        return Says.DEPENDENT, (
            f"Who is in an arm of one depends on the arm of the other ({p_in_words(independence_p)}). Find the cause first: either "
            "exposure of one depends on what the other shows, or the assignment is broken."
        )
    if min(counts) < ENOUGH:
        return Says.UNKNOWN, (
            f"Cannot say yet, because one of the four combinations has {min(counts):,.0f} of the {ENOUGH} viewers that are needed."
        )
    return Says.NONE, ""


def _judged(one: Interaction, tests: int, alpha: float) -> Interaction:
    """With its share of α and its words."""
    half = float(stats.norm.ppf(1 - alpha / tests / 2)) * one.effect.error
    middle = one.effect.difference
    p_value = min(1.0, one.effect.p_value * tests)
    effect = replace(
        one.effect, p_value=p_value, interval=replace(one.effect.interval, lower=middle - half, upper=middle + half)
    )
    if p_value >= alpha:
        return replace(one, effect=effect, sentence="No sign of interaction: read each by itself.")
    name, sign = one.metric.name, "more" if middle > 0 else "less"
    sentence = (
        f"The effects do not add up: {one.first_arm} of {one.first.name} changes {name} by {one.alone:+.3g} alone and by "
        f"{one.together:+.3g} where {one.second.name} shows {one.second_arm}, {abs(middle):.3g} {sign}. Decide on the two together."
    )
    return replace(one, effect=effect, says=Says.INTERACT, sentence=sentence)
