"""Experiments end to end on stores in memory: launched, exposed, measured, read, held."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import msgspec
import numpy as np
import pytest

from core.domain.account import Account, Role
from core.domain.errors import Conflict, Forbidden, InvalidInput
from core.domain.events import EventKind, ViewerEvent
from core.domain.experiment import Arm, Experiment, ExperimentState, Metric, MetricKind, MetricRole, Step
from core.domain.ids import DAY, HOUR
from core.domain.ports.event_log import NewEvent
from core.services.assignments import Assignments
from core.services.audit import Audit
from core.services.experiment_metrics import TOPIC, ExperimentMetrics, moments_of
from core.services.experiments import Experiments
from core.services.notices import Notices
from core.services.readouts import Readouts
from core.services.rollout import Rollout
from core.services.stores import Stores
from core.statistics.verdict import Action
from tests.fakes.stores import memory_stores

T0 = 1_760_000_000_000 // DAY * DAY
MANAGER = Account(id="manager", email="m@x.example", name="Mira", role=Role.PRODUCT_MANAGER)
BRAND = Account(id="brand", email="b@x.example", name="Bela", role=Role.BRAND, publisher="p")
CLICKS = Metric(
    name="Product clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks", unit="clicks"
)
WATCH = Metric(
    name="Watch time", kind=MetricKind.MEAN, role=MetricRole.GUARDRAIL, numerator="watch_seconds", margin=0.1, unit="s"
)
RATE = Metric(
    name="Clicks per post", kind=MetricKind.RATIO, role=MetricRole.SECONDARY, numerator="product_clicks",
    denominator="impressions",
)  # fmt: skip
ARMS = (Arm(name="control"), Arm(name="treatment"))


class World:
    """Services over stores in memory, and a writer of events."""

    def __init__(self) -> None:
        self.stores: Stores = memory_stores()
        self.experiments = Experiments(self.stores, Audit(self.stores))
        self.assignments = Assignments(self.stores)
        self.metrics = ExperimentMetrics(self.stores)
        self.readouts = Readouts(self.stores, self.metrics)
        self.notices = Notices(self.stores)
        self.rollout = Rollout(self.stores, self.metrics, self.experiments, self.notices)
        self.sent = 0
        self.launches = 0

    def launched(self, *, now: int = T0, steps: tuple[Step, ...] = (Step(exposure=1.0),)) -> Experiment:
        draft = self.experiments.create(
            MANAGER, name="More product posts", arms=ARMS, metrics=(CLICKS, WATCH, RATE), steps=steps, now=now
        )
        return self.launch(draft, now=now)

    def launch(self, draft: Experiment, *, now: int = T0) -> Experiment:
        """Launched with a salt that is the same in every run, so that the same viewers are drawn into each arm."""
        self.launches += 1
        self.stores.experiments.upsert_many([dataclasses.replace(draft, salt=f"drawing {self.launches}")])
        return self.experiments.launch(MANAGER, draft.id, now=now)

    def send(self, events: list[ViewerEvent]) -> None:
        self.stores.log.append(TOPIC, [NewEvent(e.id, e.viewer, msgspec.json.encode(e)) for e in events])

    def consume(self, batch: int = 2_000) -> None:
        while self.metrics.consume("worker", now=T0, limit=batch):
            pass

    def event(self, kind: EventKind, viewer: str, at: int, **fields: object) -> ViewerEvent:
        self.sent += 1
        needs = {} if kind is EventKind.EXPOSURE else {"post": "post"}
        return ViewerEvent(id=f"e{self.sent}", kind=kind, viewer=viewer, at=at, **(needs | fields))  # type: ignore[arg-type]


def lived(
    world: World, experiment: Experiment, viewers: int = 800, lift: float = 0.0, watch_lift: float = 0.0, days: int = 8
) -> None:
    """Viewers with a past, exposed on day 0, who click and watch on the days after; treatment differs by the lifts."""
    rng = np.random.default_rng(4)
    events: list[ViewerEvent] = []
    for number in range(viewers):
        viewer = f"viewer-{number}"
        taste = rng.gamma(4, 0.5)
        arm = world.assignments.of(viewer, now=T0 + 2_000)
        if not arm:
            continue
        name = arm[0][1].name
        more, longer = (1 + lift, 1 + watch_lift) if name == "treatment" else (1.0, 1.0)
        for past in range(3):
            at = T0 - (past + 1) * DAY
            events += [world.event(EventKind.PRODUCT_CLICK, viewer, at) for _ in range(rng.poisson(taste))]
        events.append(world.event(EventKind.EXPOSURE, viewer, T0, experiment=experiment.id, arm=name, text="metro"))
        for day in range(days):
            at = T0 + day * DAY + HOUR
            events.append(world.event(EventKind.IMPRESSION, viewer, at))
            seconds = float(rng.gamma(5, 2) * longer)
            events.append(world.event(EventKind.WATCH, viewer, at, seconds=seconds, completion=0.5))
            clicks = rng.poisson(taste * more / 2)
            events += [world.event(EventKind.PRODUCT_CLICK, viewer, at) for _ in range(clicks)]
    world.send(events)


def test_a_planted_lift_is_found_and_the_verdict_is_to_ship() -> None:
    world = World()
    experiment = world.launched()
    lived(world, experiment, lift=0.4)
    world.consume()
    report = world.readouts.report(MANAGER, experiment.id, now=T0 + 8 * DAY)
    (arm,) = report.arms
    assert not report.trust.alarm
    assert arm.verdict.action is Action.SHIP
    interval = arm.readings["Product clicks"].anytime.interval
    assert interval.lower < 0.4 < interval.upper
    assert arm.readings["Product clicks"].variance_removed > 0.2


def test_without_a_lift_nothing_is_shipped() -> None:
    world = World()
    experiment = world.launched()
    lived(world, experiment)
    world.consume()
    (arm,) = world.readouts.report(MANAGER, experiment.id, now=T0 + 8 * DAY).arms
    assert arm.verdict.action in (Action.KEEP_RUNNING, Action.NO_EFFECT)


def test_small_batches_and_a_rebuild_give_the_same_sums() -> None:
    world = World()
    experiment = world.launched()
    lived(world, experiment, viewers=40, lift=0.2)
    world.consume(batch=37)
    before = [moments_of(world.metrics.cells(experiment.id), m.name) for m in experiment.metrics]
    world.metrics.rebuild()
    after = [moments_of(world.metrics.cells(experiment.id), m.name) for m in experiment.metrics]
    for one, other in zip(before, after, strict=True):
        assert one.n == other.n > 0
        assert np.allclose(one.mean, other.mean)
        assert np.allclose(one.products, other.products)


def test_sums_equal_moments_computed_from_each_viewers_totals() -> None:
    from core.statistics.moments import Moments
    from core.statistics.totals import row

    world = World()
    experiment = world.launched()
    lived(world, experiment, viewers=60)
    world.consume(batch=100)
    viewers = list(world.stores.viewer_totals.each())
    for metric in experiment.metrics:
        rows = [row(metric, v.experiments[experiment.id].totals, v.experiments[experiment.id].before)
                for v in viewers if experiment.id in v.experiments]  # fmt: skip
        direct = Moments.of(np.array(rows))
        kept = moments_of(world.metrics.cells(experiment.id), metric.name)
        assert kept.n == direct.n
        assert np.allclose(kept.mean, direct.mean)
        assert np.allclose(kept.products, direct.products, atol=1e-6)


def test_a_batch_that_is_delivered_again_after_a_crash_counts_once() -> None:
    world = World()
    experiment = world.launched()
    lived(world, experiment, viewers=20)
    records = world.stores.log.poll(TOPIC, "experiments", "dies", limit=200, now=T0)
    world.metrics._count(records, {experiment.id: experiment})
    mean = moments_of(world.metrics.cells(experiment.id), "Product clicks")
    world.metrics._count(records, {experiment.id: experiment})
    again = moments_of(world.metrics.cells(experiment.id), "Product clicks")
    assert again.n == mean.n > 0
    assert np.allclose(again.products, mean.products)


@pytest.mark.parametrize("late_with", ["day_sums", "viewer_totals"])
def test_a_worker_that_wakes_up_after_its_lease_takes_nothing_back(late_with: str) -> None:
    def read(stalled: bool) -> tuple[dict[str, int], list[tuple[float, list[float]]]]:
        world = World()
        experiment = world.launched()
        lived(world, experiment, viewers=40)
        slept = not stalled

        def sleeping(write: Callable[..., Any]) -> Callable[..., Any]:
            def written(collection: str, *rest: Any, **more: Any) -> Any:
                nonlocal slept
                if collection == late_with and not slept:
                    slept = True
                    while world.metrics.consume("its successor", now=T0 + 40_000, limit=100):
                        pass
                return write(collection, *rest, **more)

            return written

        for name in ("insert", "patch", "upsert_many"):
            setattr(world.stores.documents, name, sleeping(getattr(world.stores.documents, name)))
        with pytest.raises(Conflict) if stalled else nullcontext():
            world.metrics.consume("sleeper", now=T0, limit=100)
        while world.metrics.consume("its successor", now=T0 + 120_000, limit=100):
            pass
        cells = world.metrics.cells(experiment.id)
        viewers = {viewer.id: viewer.offset for viewer in world.stores.viewer_totals.each()}
        return viewers, [((m := moments_of(cells, one.name)).n, m.mean.tolist()) for one in experiment.metrics]

    (viewers_late, moments_late), (viewers, moments) = read(True), read(False)
    assert viewers_late == viewers
    for late, alone in zip(moments_late, moments, strict=True):
        assert late[0] == alone[0] > 0
        assert np.allclose(late[1], alone[1])


def test_a_wrong_split_blocks_the_verdict_and_the_watch_holds_the_experiment() -> None:
    world = World()
    experiment = world.launched()
    world.send([
        world.event(EventKind.EXPOSURE, f"v{i}", T0, experiment=experiment.id, arm=ARMS[int(i % 3 == 0)].name)
        for i in range(1_500)
    ])  # fmt: skip
    world.consume()
    report = world.readouts.report(MANAGER, experiment.id, now=T0 + DAY)
    assert report.trust.alarm
    assert report.arms[0].verdict.action is Action.BLOCKED
    world.rollout.watch(now=T0 + DAY)
    held = world.experiments.get(MANAGER, experiment.id)
    assert held.state is ExperimentState.PAUSED
    assert "not split as planned" in held.halted


def test_a_breached_guardrail_pauses_the_ramp_with_its_reason() -> None:
    world = World()
    experiment = world.launched()
    lived(world, experiment, watch_lift=-0.5)
    world.consume()
    world.rollout.watch(now=T0 + 2 * DAY)
    held = world.experiments.get(MANAGER, experiment.id)
    assert held.state is ExperimentState.PAUSED
    assert "Watch time" in held.halted
    assert not world.assignments.active(now=T0 + 3 * DAY)


def test_the_watch_goes_to_the_next_step_when_the_time_has_come() -> None:
    world = World()
    steps = (Step(exposure=0.1, hours=24), Step(exposure=1.0, hours=24))
    experiment = world.launched(steps=steps)
    world.rollout.watch(now=T0 + 23 * HOUR)
    assert world.experiments.get(MANAGER, experiment.id).exposure == 0.1
    world.rollout.watch(now=T0 + 24 * HOUR)
    after = world.experiments.get(MANAGER, experiment.id)
    assert after.exposure == 1.0
    assert after.state is ExperimentState.RUNNING


def test_raising_exposure_keeps_everybody_in_their_arm() -> None:
    world = World()
    experiment = world.launched(steps=(Step(exposure=0.2, hours=1), Step(exposure=1.0)))
    first = {v: world.assignments.of(v, now=T0 + 2_000) for v in (f"v{i}" for i in range(500))}
    world.experiments.advance(MANAGER, experiment.id, now=T0 + HOUR)
    for viewer, before in first.items():
        now = world.assignments.of(viewer, now=T0 + 2 * HOUR)
        if before:
            assert now[0][1].name == before[0][1].name


def test_experiments_that_run_together_name_no_more_models_than_a_feed_process_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    monkeypatch.setattr(world.stores.models, "find_one", lambda name: name)  # whatever is named is there

    def draft(name: str, lower: float, *names: str) -> Experiment:
        arms = (Arm(name="control"), *(Arm(name=f"with {name}", model=name) for name in names))
        return world.experiments.create(
            MANAGER, name=name, arms=arms, metrics=(CLICKS,), lower=lower, upper=lower + 0.25, now=T0
        )

    with pytest.raises(InvalidInput, match="it would be model 5 of experiments; a feed process holds 4") as refused:
        draft("five", 0.0, "m1", "m2", "m3", "m4", "m5")
    assert (refused.value.field, refused.value.value) == ("arms.with m5.model", "m5")
    three = world.experiments.launch(MANAGER, draft("three", 0.0, "m1", "m2", "m3").id, now=T0)
    shared = draft("two, one of them new", 0.25, "m3", "m4")
    world.experiments.launch(MANAGER, shared.id, now=T0)
    another = draft("one more", 0.5, "m5")
    with pytest.raises(InvalidInput, match="Other experiments name 4: end one of them first") as refused:
        world.experiments.launch(MANAGER, another.id, now=T0)
    assert (refused.value.field, refused.value.value) == ("arms.with m5.model", "m5")
    world.experiments.decide(MANAGER, three.id, "keep control", now=T0)
    world.experiments.launch(MANAGER, another.id, now=T0)
    with pytest.raises(Conflict, match="no place for its model m2"):
        world.experiments.undo_end(MANAGER, three.id, now=T0)


def test_two_experiments_cannot_hold_the_same_range_of_a_layer() -> None:
    world = World()
    world.launched()
    second = world.experiments.create(MANAGER, name="Another", arms=ARMS, metrics=(CLICKS,), now=T0)
    with pytest.raises(InvalidInput, match="overlaps 'More product posts'"):
        world.experiments.launch(MANAGER, second.id, now=T0)


def test_arms_cannot_change_in_mid_flight() -> None:
    world = World()
    experiment = world.launched()
    with pytest.raises(Conflict, match="keeps its arms"):
        world.experiments.save(
            MANAGER, experiment.id, {"arms": (*ARMS, Arm(name="late"))}, expected_version=experiment.version, now=T0
        )
    assert world.experiments.get(MANAGER, experiment.id) == experiment


def test_a_brand_member_may_not_touch_experiments() -> None:
    world = World()
    experiment = world.launched()
    with pytest.raises(Forbidden):
        world.experiments.pause(BRAND, experiment.id, now=T0)


def test_an_empty_experiment_says_what_is_missing_and_shows_no_number() -> None:
    world = World()
    experiment = world.launched()
    (arm,) = world.readouts.report(MANAGER, experiment.id, now=T0 + DAY).arms
    assert arm.verdict.action is Action.CANNOT_SAY
    assert "fewer than two viewers" in arm.verdict.sentence
    assert "nan" not in arm.verdict.sentence.lower()


def test_a_viewer_seen_in_two_arms_is_counted_as_a_crossover() -> None:
    world = World()
    experiment = world.launched()
    world.send([
        world.event(EventKind.EXPOSURE, "v", T0 + i, experiment=experiment.id, arm=arm.name)
        for i, arm in enumerate(ARMS)
    ])  # fmt: skip
    world.consume()
    assert world.metrics.crossovers(experiment.id) == 1


def test_a_tester_is_put_into_an_arm_by_name_and_not_counted() -> None:
    world = World()
    experiment = world.launched()
    world.experiments.save(
        MANAGER, experiment.id, {"overrides": {"tester": "treatment"}}, expected_version=experiment.version, now=T0
    )
    ((_, arm),) = world.assignments.of("tester", now=T0 + 5_000)
    assert (arm.name, arm.counted) == ("treatment", False)
    assert dataclasses.asdict(arm)["experiment"] == experiment.id
