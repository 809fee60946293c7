"""Bad input of experiments: a named refusal, or a sentence that says why nothing can be said; never a NaN, never a re-bucket."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from core.domain.errors import CallerError, Conflict, InvalidInput
from core.domain.events import EventKind
from core.domain.experiment import Arm, Experiment, Metric, MetricKind, MetricRole
from core.domain.ids import DAY, HOUR, MINUTE
from core.domain.ports.event_log import NewEvent
from core.domain.post import Post, PostKind, PostStatus
from core.services.audit import Audit
from core.services.engagement import Engagement
from core.services.event_intake import EventStatus
from core.services.experiment_metrics import TOPIC, moments_of
from core.services.metric_revisions import MetricRevisions
from core.services.planning import Planning
from core.services.viewer_readouts import ViewerReadouts
from core.statistics.verdict import Action
from tests.services.test_experiments import ARMS, CLICKS, MANAGER, RATE, T0, WATCH, World, lived

SHARE = Metric(name="Orders", kind=MetricKind.SHARE, role=MetricRole.GOAL, numerator="orders")


def create(world: World, **changes: object) -> Experiment:
    given: dict[str, object] = {"name": "x", "arms": ARMS, "metrics": (CLICKS,), "now": T0}
    return world.experiments.create(MANAGER, **(given | changes))  # type: ignore[arg-type]


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "shares below 1": (
        {"arms": (Arm(name="a", weight=0.5), Arm(name="b", weight=0.4))},
        "add up to 0.9; shares must make 1",
    ),
    "shares above 1": (
        {"arms": (Arm(name="a", weight=0.5), Arm(name="b", weight=0.6))},
        "add up to 1.1; shares must make 1",
    ),
    "percentages": ({"arms": (Arm(name="a", weight=50), Arm(name="b", weight=40))}, "add up to 90; shares must make"),
    "one arm": ({"arms": (Arm(name="a"),)}, "a control and at least one treatment"),
    "arms of one name": ({"arms": (Arm(name="a"), Arm(name="a"))}, "each needs a name of its own"),
    "a control without weight": ({"arms": (Arm(name="a", weight=0), Arm(name="b"))}, "weights above 0"),
    "a metric nobody counts": ({"metrics": (replace(CLICKS, numerator="clickz"),)}, "which no event counts"),
    "a denominator nobody counts": ({"metrics": (CLICKS, replace(RATE, denominator="views"))}, "which no event counts"),
    "metrics of one name": ({"metrics": (CLICKS, CLICKS)}, "is chosen twice"),
    "no goal": ({"metrics": (WATCH,)}, "one metric at least is the goal"),
    "an empty range": ({"lower": 0.5, "upper": 0.5}, "a range lies within 0 and 1"),
    "a range that is no number": ({"lower": math.nan}, "a range lies within 0 and 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_by_name_and_nothing_is_stored(case: str) -> None:
    world = World()
    changes, why = REFUSED[case]
    with pytest.raises(InvalidInput, match=why):
        create(world, **changes)
    assert world.stores.experiments.count() == 0


@pytest.mark.parametrize("weight", [math.nan, math.inf, -1.0])
def test_a_weight_that_is_no_weight_is_refused(weight: float) -> None:
    with pytest.raises(InvalidInput, match="finite weight from 0 up"):
        Arm(name="a", weight=weight)


@pytest.mark.parametrize(
    "weights", [(1, 1), (2, 1, 1), (0.2, 0.8), (1 / 3, 1 / 3, 1 / 3), (50, 50), (100, 100), (33.3, 33.3, 33.4)]
)
def test_ratios_shares_and_percentages_are_all_understood(weights: tuple[float, ...]) -> None:
    arms = tuple(Arm(name=f"arm {i}", weight=weight) for i, weight in enumerate(weights))
    assert create(World(), arms=arms).arms == arms


def test_ranges_that_overlap_in_one_layer_are_refused_and_those_that_touch_are_not() -> None:
    world = World()
    ids = [
        create(world, name=name, lower=a, upper=b).id
        for name, a, b in (("A", 0.0, 0.5), ("B", 0.4, 0.9), ("C", 0.5, 1.0))
    ]
    world.experiments.launch(MANAGER, ids[0], now=T0)
    with pytest.raises(InvalidInput, match=r"overlaps 'A' \(0 to 0.5\) in layer feed"):
        world.experiments.launch(MANAGER, ids[1], now=T0)
    assert world.experiments.launch(MANAGER, ids[2], now=T0).launched_at == T0


def test_an_arm_added_in_mid_flight_is_refused_and_exposures_to_it_count_nobody() -> None:
    world = World()
    experiment = world.launched()
    late = (*ARMS, Arm(name="late"))
    with pytest.raises(Conflict, match="keeps its arms"):
        world.experiments.save(MANAGER, experiment.id, {"arms": late}, expected_version=experiment.version, now=T0)
    world.send([world.event(EventKind.EXPOSURE, "v", T0, experiment=experiment.id, arm="late")])
    world.consume()
    assert world.metrics.cells(experiment.id) == []
    before = {
        v: world.assignments.of(v, now=T0 + HOUR)[0][1].name
        for v in ("a", "b", "c")
        if world.assignments.of(v, now=T0 + HOUR)
    }
    assert set(before.values()) <= {"control", "treatment"}


def exposed(world: World, experiment: Experiment, arm: str, number: int, clicks: Callable[[int], int]) -> None:
    for place in range(number):
        viewer = f"{arm}-{place}"
        world.send([world.event(EventKind.EXPOSURE, viewer, T0, experiment=experiment.id, arm=arm)])
        world.send([world.event(EventKind.PRODUCT_CLICK, viewer, T0 + HOUR) for _ in range(clicks(place))])


UNSAID: dict[str, tuple[tuple[int, Callable[[int], int]], tuple[int, Callable[[int], int]], str]] = {
    "nobody in the treatment": ((5, lambda i: i), (0, lambda i: 0), "an arm has fewer than two viewers"),
    "one viewer in an arm": ((2, lambda i: i), (1, lambda i: 3), "an arm has fewer than two viewers"),
    "nothing happens": ((60, lambda i: 0), (60, lambda i: 0), "the control has no Product clicks at all"),
    "a constant control of 0": ((60, lambda i: 0), (60, lambda i: i % 3), "the control has no Product clicks at all"),
    "zero variance": ((60, lambda i: 2), (60, lambda i: 2), "does not vary between viewers"),
    "few conversions": ((40, lambda i: i % 2), (40, lambda i: i % 3), "of the 100 conversions"),
}


@pytest.mark.parametrize("case", UNSAID)
def test_what_cannot_be_said_yet_says_why_and_holds_nothing(case: str) -> None:
    world = World()
    experiment = world.launched()
    control, treatment, why = UNSAID[case]
    exposed(world, experiment, "control", *control)
    exposed(world, experiment, "treatment", *treatment)
    world.consume()
    (arm,) = world.readouts.report(MANAGER, experiment.id, now=T0 + DAY).arms
    assert arm.verdict.action is Action.CANNOT_SAY
    assert why in arm.verdict.sentence
    assert "nan" not in arm.verdict.sentence.lower()
    assert world.rollout.watch(now=T0 + DAY) == []


@pytest.mark.parametrize("case", UNSAID)
def test_the_other_readouts_say_it_too(case: str) -> None:
    world = World()
    experiment = world.launched()
    control, treatment, _ = UNSAID[case]
    exposed(world, experiment, "control", *control)
    exposed(world, experiment, "treatment", *treatment)
    world.consume()
    readouts = ViewerReadouts(world.stores)
    found = readouts.triggering(MANAGER, experiment.id, now=T0 + DAY).arms["treatment"]
    for interval in (found.relative_interval, found.overall_relative_interval):
        assert math.isnan(interval.lower) == math.isnan(interval.upper)
    assert "Cannot say yet" in readouts.holdout(MANAGER, now=T0 + DAY).problem
    assert readouts.aa_check(MANAGER, CLICKS, now=T0 + DAY).sentence.startswith("Cannot say yet")


def test_a_ratio_whose_denominator_never_happens_says_so() -> None:
    world = World()
    goal = replace(RATE, role=MetricRole.GOAL)
    draft = create(world, metrics=(goal,))
    experiment = world.experiments.launch(MANAGER, draft.id, now=T0)
    exposed(world, experiment, "control", 20, lambda i: i)
    exposed(world, experiment, "treatment", 20, lambda i: i)
    world.consume()
    (arm,) = world.readouts.report(MANAGER, experiment.id, now=T0 + DAY).arms
    assert (
        arm.verdict.sentence
        == "Cannot say yet, because no viewer has any impressions, of which Clicks per post is a share."
    )


def test_planning_by_a_metric_without_events_is_refused() -> None:
    world = World()
    draft = create(world, metrics=(SHARE,))
    with pytest.raises(CallerError, match="no events in the last 14 days"):
        Planning(world.stores).past(MANAGER, draft.metrics[0])


BROKEN: dict[str, tuple[dict[str, object], str]] = {
    "infinite seconds": ({"kind": "watch", "seconds": math.inf}, "seconds"),
    "seconds that are no number": ({"kind": "watch", "seconds": math.nan}, "seconds"),
    "negative seconds": ({"kind": "watch", "seconds": -1.0}, "seconds"),
    "a watch of a year": ({"kind": "watch", "seconds": 3.2e7}, "seconds"),
    "completion that is no number": ({"kind": "watch", "completion": math.nan}, "completion"),
    "an order of everything": ({"kind": "order", "value_minor": 10**30}, "value_minor"),
    "an event of tomorrow": ({"kind": "like", "at": T0 + DAY}, "at"),
    "an event of last year": ({"kind": "like", "at": T0 - 365 * DAY}, "at"),
    "an exposure from outside": ({"kind": "exposure", "experiment": "e", "arm": "a"}, "kind"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_an_event_that_cannot_be_is_refused_at_intake_by_its_field(case: str) -> None:
    world = World()
    changes, field = BROKEN[case]
    world.stores.posts.insert(
        Post(id="post", publisher="p", author="a", kind=PostKind.EDUCATIONAL, status=PostStatus.LIVE)
    )
    event = {"id": "e", "viewer": "v", "at": T0, "post": "post"} | changes
    (result,) = Engagement(world.stores).accept([event], T0)
    assert (result.status, result.field) == (EventStatus.REFUSED, field)
    assert world.stores.log.replay(TOPIC) == []


def test_a_record_that_cannot_be_read_is_put_aside_and_the_others_are_counted() -> None:
    world = World()
    experiment = world.launched()
    world.stores.log.append(TOPIC, [NewEvent("broken", "v", b'{"kind": "watch"'), NewEvent("odd", "v", b'{"id": 3}')])
    exposed(world, experiment, "control", 1, lambda i: 2)
    world.consume()
    assert moments_of(world.metrics.cells(experiment.id), "Product clicks").mean[0] == 2
    assert {letter.group for letter in world.stores.log.dead_letters(TOPIC)} == {"experiments"}
    assert world.metrics.rebuild() == 5
    assert moments_of(world.metrics.cells(experiment.id), "Product clicks").mean[0] == 2


def test_totals_that_are_too_large_to_square_are_counted_up_to_a_bound() -> None:
    world = World()
    experiment = world.launched()
    world.send([
        world.event(EventKind.EXPOSURE, "v", T0, experiment=experiment.id, arm="control"),
        world.event(EventKind.WATCH, "v", T0 + 1, seconds=1e300),
    ])  # fmt: skip
    world.consume()
    moments = moments_of(world.metrics.cells(experiment.id), "Watch time")
    assert np.isfinite(moments.products).all()
    assert moments.mean[0] == 86_400


SKEWED: dict[str, tuple[int, float]] = {
    "before the exposure": (T0 - MINUTE, 0.0),
    "at the exposure": (T0, 1.0),
    "a phone whose clock is ahead": (T0 + 5 * MINUTE, 1.0),
    "backdated to before it by days": (T0 - 5 * DAY, 0.0),
    "late by days, but after it": (T0 + HOUR, 1.0),
}


@pytest.mark.parametrize("case", SKEWED)
def test_only_what_happened_since_the_exposure_counts_whenever_it_arrives(case: str) -> None:
    world = World()
    experiment = world.launched()
    at, counted = SKEWED[case]
    world.send([world.event(EventKind.EXPOSURE, "v", T0, experiment=experiment.id, arm="control")])
    world.send([world.event(EventKind.IMPRESSION, "v", T0 + 3 * DAY)])
    world.send([world.event(EventKind.PRODUCT_CLICK, "v", at)])
    world.consume()
    kept = moments_of(world.metrics.cells(experiment.id), "Product clicks")
    world.metrics.rebuild()
    assert moments_of(world.metrics.cells(experiment.id), "Product clicks").mean[0] == kept.mean[0] == counted


def test_a_late_event_counts_on_the_last_day_of_its_viewer_and_leaves_earlier_looks_as_they_were() -> None:
    world = World()
    experiment = world.launched()
    world.send([world.event(EventKind.EXPOSURE, "v", T0, experiment=experiment.id, arm="control")])
    world.send([world.event(EventKind.PRODUCT_CLICK, "v", T0 + 3 * DAY)])
    world.consume()
    world.send([world.event(EventKind.PRODUCT_CLICK, "v", T0 + HOUR)])
    world.consume()
    by_day = {cell.day - T0 // DAY: cell.metrics["Product clicks"][1] for cell in world.metrics.cells(experiment.id)}
    assert by_day == {0: 0.0, 3: 2.0}


def test_the_same_event_sent_again_counts_once() -> None:
    world = World()
    experiment = world.launched()
    world.send([world.event(EventKind.EXPOSURE, "v", T0, experiment=experiment.id, arm="control")])
    click = world.event(EventKind.PRODUCT_CLICK, "v", T0 + HOUR)
    for _ in range(3):
        world.send([click])
        world.consume()
    assert moments_of(world.metrics.cells(experiment.id), "Product clicks").mean[0] == 1


def test_what_viewers_do_after_the_end_does_not_water_the_effect_down() -> None:
    world = World()
    experiment = world.launched()
    exposed(world, experiment, "control", 2, lambda i: 1)
    world.consume()
    world.experiments.decide(MANAGER, experiment.id, "Keep the control", now=T0 + DAY)
    world.send([world.event(EventKind.PRODUCT_CLICK, "control-0", T0 + 2 * DAY)])
    world.send([world.event(EventKind.PRODUCT_CLICK, "control-0", T0 + 2 * HOUR)])
    world.consume()
    assert moments_of(world.metrics.cells(experiment.id), "Product clicks").mean[0] == 1.5


class TestMetricEdits:
    """A metric edited while its experiment runs."""

    def revised(self) -> tuple[World, Experiment, Experiment]:
        world = World()
        experiment = world.launched()
        lived(world, experiment, viewers=200, days=2)
        world.consume()
        after = MetricRevisions(world.stores, Audit(world.stores)).revise(
            MANAGER,
            experiment.id,
            "Product clicks",
            numerator="likes",
            expected_version=experiment.version,
            now=T0 + 2 * DAY,
        )
        return world, experiment, after

    def test_the_running_experiment_keeps_its_revision_and_measures_the_new_one_beside_it(self) -> None:
        world, experiment, after = self.revised()
        assert after.metrics[: len(experiment.metrics)] == experiment.metrics
        new = after.metrics[-1]
        assert (new.name, new.revision, new.role) == ("Product clicks, revision 2", 2, MetricRole.SECONDARY)
        (line,) = world.stores.audit.find({"action": "experiment.revise_metric"}).items
        assert line.subject == experiment.id

    def test_the_new_revision_counts_viewers_who_joined_since_then_and_the_old_readout_stays(self) -> None:
        world, experiment, _ = self.revised()
        before = moments_of(world.metrics.cells(experiment.id), "Product clicks")
        at = T0 + 2 * DAY + HOUR
        world.send([world.event(EventKind.LIKE, "viewer-1", at)])
        world.send([world.event(EventKind.EXPOSURE, "new", at, experiment=experiment.id, arm="control")])
        world.send([world.event(EventKind.LIKE, "new", at + 1), world.event(EventKind.PRODUCT_CLICK, "new", at + 1)])
        world.consume()
        for _ in range(2):
            new = moments_of(world.metrics.cells(experiment.id), "Product clicks, revision 2")
            assert (new.n, new.mean[0]) == (1, 1)
            assert moments_of(world.metrics.cells(experiment.id), "Product clicks").n == before.n + 1
            world.metrics.rebuild()
        (arm,) = world.readouts.report(MANAGER, experiment.id, now=at).arms
        assert math.isnan(arm.readings["Product clicks, revision 2"].anytime.interval.lower)

    def test_a_revision_that_changes_nothing_or_cannot_be_counted_is_refused(self) -> None:
        world, experiment, after = self.revised()
        verbs = MetricRevisions(world.stores, Audit(world.stores))
        for changes, why in (({}, "nothing differs"), ({"numerator": "clickz"}, "this is not counted"),
                             ({"kind": MetricKind.RATIO}, "a ratio has one")):  # fmt: skip
            with pytest.raises(InvalidInput, match=why):
                verbs.revise(
                    MANAGER, experiment.id, "Product clicks", expected_version=after.version, now=T0, **changes
                )  # type: ignore[arg-type]
        assert world.experiments.get(MANAGER, experiment.id) == after

    def test_two_people_who_edit_at_once_are_told(self) -> None:
        world, experiment, _ = self.revised()
        with pytest.raises(Conflict):
            MetricRevisions(world.stores, Audit(world.stores)).revise(
                MANAGER, experiment.id, "Watch time", margin=0.05, expected_version=experiment.version, now=T0
            )


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_stored_sums_that_are_not_finite_say_so() -> None:
    world = World()
    experiment = world.launched()
    exposed(world, experiment, "control", 60, lambda i: i % 5)
    exposed(world, experiment, "treatment", 60, lambda i: i % 5)
    world.consume()
    cell = world.metrics.cells(experiment.id)[0]
    sums = {name: [*flat[:5], 1e308, *flat[6:]] for name, flat in cell.metrics.items()}
    world.stores.day_sums.upsert_many([replace(cell, metrics=sums), replace(cell, id="twice", metrics=sums)])
    (arm,) = world.readouts.report(MANAGER, experiment.id, now=T0 + DAY).arms
    assert arm.verdict.action is Action.CANNOT_SAY
    assert "rebuild them from the log" in arm.verdict.sentence
    assert msgspec.json.encode(arm.verdict.sentence)
