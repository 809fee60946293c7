"""Readouts that need viewers, not only sums: interactions, triggering, the holdout, A/A checks. Bounded, and kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from typing import TypeVar, cast

import numpy as np

from core.domain.account import Account, Role
from core.domain.errors import InvalidInput
from core.domain.experiment import Experiment, ExperimentState, Metric, MetricKind, MetricRole
from core.domain.experiment_data import PAST_DAYS, ViewerTotals
from core.domain.ids import HOUR, MINUTE, Millis
from core.services.assignments import HOLDOUT
from core.services.feed_policies import Policies, last_publish
from core.services.stores import Stores
from core.statistics.aa import AACheck, aa_check, resalted
from core.statistics.assignment import in_holdout
from core.statistics.cautions import cautions
from core.statistics.eligible import Eligibility
from core.statistics.holdout import HOLDOUT_METRICS, HoldoutReport, holdout_report
from core.statistics.interactions import Interaction, Joint, interactions, overlaps
from core.statistics.moments import FloatArray, Moments
from core.statistics.totals import added_up, day_of, row
from core.statistics.triggering import Side, Triggered, triggered

SCAN = 20_000
"""Viewers read at most, the first by id: a sample that does not depend on what they do. About 3 s."""
AA_VIEWERS, AA_RUNS = 5_000, 200
KEPT: Millis = 5 * MINUTE
REMEMBERED = 64
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TriggerReport:
    """Per treatment arm by name, and why the effect on everybody cannot be told, or ""; `capped` says that only SCAN viewers
    were read."""

    metric: Metric
    arms: dict[str, Triggered]
    problem: str
    capped: bool


class ViewerReadouts:
    """Thread safe. Every answer is kept for minutes (the holdout for an hour), so that a page never reads all viewers twice."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._policies = Policies(stores)
        self._kept: dict[Hashable, tuple[Millis, object]] = {}
        self._lock = threading.Lock()

    def interactions(self, actor: Account, id: str, *, now: Millis) -> list[Interaction]:
        """This experiment with every other one that ran at the same time; α is shared by all pairs of all experiments."""
        actor.require(Role.PRODUCT_MANAGER)
        self._stores.experiments.get(id)
        return [one for one in self.all_interactions(actor, now=now) if id in (one.first.id, one.second.id)]

    def all_interactions(self, actor: Account, *, now: Millis) -> list[Interaction]:
        """Every pair of launched, not archived experiments that overlap in time."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._remembered("interactions", KEPT, now, self._interactions)

    def triggering(self, actor: Account, id: str, *, metric: str = "", now: Millis) -> TriggerReport:
        """The effect among viewers who met the change, and diluted to all who could have. Raises NotFound, and InvalidInput for
        a metric that the experiment does not have; the default is its goal."""
        actor.require(Role.PRODUCT_MANAGER)
        experiment = self._stores.experiments.get(id)
        chosen = _metric(experiment, metric)
        key = ("triggering", id, experiment.version, chosen.name)
        return self._remembered(key, KEPT, now, lambda: self._triggering(experiment, chosen, now))

    def holdout(self, actor: Account, *, days: int = 28, now: Millis) -> HoldoutReport:
        """Viewers who are in no experiment against everybody else, over the last `days` (1..28) UTC days."""
        actor.require(Role.PRODUCT_MANAGER)
        if not 1 <= days <= PAST_DAYS:
            raise InvalidInput("days", days, f"totals per day are kept for {PAST_DAYS} days")
        return self._remembered(("holdout", days, day_of(now)), HOUR, now, lambda: self._holdout(days, now))

    def aa_check(self, actor: Account, metric: Metric, *, runs: int = AA_RUNS, now: Millis) -> AACheck:
        """Draw the viewers of the last four weeks into two arms `runs` times by new salts and read `metric` each time."""
        actor.require(Role.PRODUCT_MANAGER)
        if not 20 <= runs <= 1_000:
            raise InvalidInput("runs", runs, "20 to 1,000 drawings")
        key = ("aa", metric.kind, metric.numerator, metric.denominator, runs)
        return self._remembered(key, HOUR, now, lambda: self._aa(metric, runs, now))

    def cautions(self, actor: Account, id: str) -> dict[str, tuple[str, ...]]:
        """By the treatment's name, what a short test cannot show of its mix against the control's; arms without a policy of
        their own have the one in force."""
        actor.require(Role.PRODUCT_MANAGER)
        experiment = self._stores.experiments.get(id)
        last = last_publish(self._stores.mix_publishes)
        in_force = self._policies.first() if last is None else self._policies.resolve(last.policy)
        mixes = [in_force if arm.policy is None else self._policies.resolve(arm.policy) for arm in experiment.arms]
        found = {arm.name: cautions(mixes[0], mix) for arm, mix in zip(experiment.arms[1:], mixes[1:], strict=True)}
        return {name: sentences for name, sentences in found.items() if sentences}

    def _viewers(self, limit: int = SCAN) -> Iterator[ViewerTotals]:
        return islice(self._stores.viewer_totals.each(batch=1_000), limit)

    def _interactions(self) -> list[Interaction]:
        states = [ExperimentState.RAMPING, ExperimentState.RUNNING, ExperimentState.PAUSED, ExperimentState.DECIDED]
        launched = [e for e in self._stores.experiments.each({"state": {"in": states}}) if e.launched_at is not None]
        joints = [Joint.of(one, other) for one, other in combinations(launched, 2) if overlaps(one, other)]
        if joints:
            for viewer in self._viewers():
                if len(viewer.experiments) > 1:
                    for joint in joints:
                        joint.add(viewer)
        return interactions(joints)

    def _triggering(self, experiment: Experiment, metric: Metric, now: Millis) -> TriggerReport:
        eligibility = Eligibility(experiment, metric, HOLDOUT, now=now)
        rows: dict[str, list[tuple[float, ...]]] = {arm.name: [] for arm in experiment.arms}
        seen = 0
        for viewer in self._viewers():
            seen += 1
            if (found := eligibility.row(viewer)) is not None:
                rows[found[0]].append(found[1])
        sides = {name: Side.of(np.array(held)) for name, held in rows.items()}
        control = sides[experiment.arms[0].name]
        arms = {arm.name: triggered(metric, control, sides[arm.name]) for arm in experiment.arms[1:] if arm.weight > 0}
        return TriggerReport(metric, arms, eligibility.problem, seen >= SCAN)

    def _holdout(self, days: int, now: Millis) -> HoldoutReport:
        today = day_of(now)
        window = range(today - days + 1, today + 1)
        sides: list[list[dict[str, float]]] = [[], []]
        for viewer in self._viewers():
            if (totals := _within(viewer, window)) is None:
                continue
            held = in_holdout(viewer.id, HOLDOUT)
            if held and viewer.experiments:
                continue  # was in an experiment without a holdout
            sides[0 if held else 1].append(totals)
        held_out, others = (
            {metric.name: _moments([row(metric, totals, {}) for totals in side]) for metric in HOLDOUT_METRICS}
            for side in sides
        )
        return holdout_report(held_out, others, HOLDOUT_METRICS, days=days, share=HOLDOUT)

    def _aa(self, metric: Metric, runs: int, now: Millis) -> AACheck:
        today = day_of(now)
        window = range(today - PAST_DAYS + 1, today + 1)
        joined = [
            (min(viewer.days), viewer.id, row(metric, totals, {}))
            for viewer in self._viewers(AA_VIEWERS)
            if (totals := _within(viewer, window)) is not None
        ]
        joined.sort(key=lambda one: one[:2])
        rows = np.array([values for _, _, values in joined]).reshape(-1, 4)
        arms = resalted([id for _, id, _ in joined], [f"a/a {number}" for number in range(runs)])
        ratio = metric.kind is MetricKind.RATIO
        return aa_check(rows[:, 0], arms.reshape(runs, -1), denominators=rows[:, 1] if ratio else None)

    def _remembered(self, key: Hashable, lifetime: Millis, now: Millis, make: Callable[[], T]) -> T:
        with self._lock:
            held = self._kept.get(key)
            if held is not None and 0 <= now - held[0] < lifetime:
                return cast(T, held[1])
            made = make()
            if len(self._kept) >= REMEMBERED:
                self._kept.pop(min(self._kept, key=lambda one: self._kept[one][0]))
            self._kept[key] = (now, made)
            return made


def _within(viewer: ViewerTotals, window: range) -> dict[str, float] | None:
    """What a viewer did on these days; None for nothing at all."""
    present = [totals for day, totals in viewer.days.items() if day in window]
    if not present:
        return None
    together: dict[str, float] = {}
    for totals in present:
        together = added_up(together, totals)
    return together


def _moments(rows: list[FloatArray]) -> Moments:
    return Moments.of(np.array(rows)) if rows else Moments.empty(4)


def _metric(experiment: Experiment, name: str) -> Metric:
    if not name:
        return next(metric for metric in experiment.metrics if metric.role is MetricRole.GOAL)
    found = next((metric for metric in experiment.metrics if metric.name == name), None)
    if found is None:
        raise InvalidInput("metric", name, "this experiment does not measure it")
    return found
