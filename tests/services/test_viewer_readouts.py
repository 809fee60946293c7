"""Readouts that need viewers: interactions, triggering, the holdout, A/A checks, cautions; bounded and kept for a while."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.errors import Forbidden, InvalidInput, NotFound
from core.domain.events import EventKind
from core.domain.experiment import Arm, Experiment, Step, Targeting
from core.domain.ids import DAY, HOUR, MINUTE
from core.domain.mix import Share
from core.domain.post import PostKind
from core.feed.default_policy import DEFAULT_POLICY
from core.services.assignments import HOLDOUT
from core.services.viewer_readouts import ViewerReadouts
from core.statistics.assignment import in_holdout
from core.statistics.bucketing import exposed
from core.statistics.interactions import Says
from tests.services.test_experiments import ARMS, BRAND, CLICKS, MANAGER, RATE, T0, WATCH, World, lived

NOW = T0 + 8 * DAY


def readouts(world: World) -> ViewerReadouts:
    return ViewerReadouts(world.stores)


def second(world: World, layer: str) -> Experiment:
    """An experiment of another layer that every viewer of the first is in, too."""
    draft = world.experiments.create(
        MANAGER, name="Bigger cards", arms=(Arm(name="small", flags={"card": "s"}), Arm(name="big", flags={"card": "b"})),
        metrics=(CLICKS,), steps=(Step(exposure=1.0),), layer=layer, now=T0,
    )  # fmt: skip
    return world.launch(draft)


def test_experiments_of_two_layers_are_compared_where_their_viewers_meet() -> None:
    world = World()
    first = world.launched()
    other = second(world, "cards")
    lived(world, first, viewers=900)
    world.send([
        world.event(EventKind.EXPOSURE, f"viewer-{i}", T0, experiment=other.id, arm=("small", "big")[i % 2])
        for i in range(900)
    ])  # fmt: skip
    world.consume()
    found = readouts(world).interactions(MANAGER, first.id, now=NOW)
    assert {frozenset((one.first.id, one.second.id)) for one in found} == {frozenset((first.id, other.id))}
    assert {one.says for one in found} == {Says.NONE}
    assert found[0].viewers > 800
    assert readouts(world).interactions(MANAGER, other.id, now=NOW)[0].sentence.startswith("No sign of interaction")


def test_an_experiment_by_itself_has_no_interactions_and_an_unknown_one_is_not_found() -> None:
    world = World()
    experiment = world.launched()
    assert readouts(world).interactions(MANAGER, experiment.id, now=NOW) == []
    with pytest.raises(NotFound):
        readouts(world).interactions(MANAGER, "none", now=NOW)


def come(world: World, experiment: Experiment, viewers: int, share: float) -> None:
    """Viewers who come for two days; of those in the experiment, a share meets the change on the second and clicks more then."""
    events = []
    for number in range(viewers):
        viewer = f"guest-{number}"
        events += [world.event(EventKind.PRODUCT_CLICK, viewer, T0 + HOUR) for _ in range(1 + number % 3)]
        found = world.assignments.of(viewer, now=T0 + HOUR)
        if found and exposed(viewer, "meets it", share):
            events.append(
                world.event(EventKind.EXPOSURE, viewer, T0 + DAY, experiment=experiment.id, arm=found[0][1].name)
            )
            more = 2 if found[0][1].name == "treatment" else 0
            events += [
                world.event(EventKind.PRODUCT_CLICK, viewer, T0 + DAY + HOUR) for _ in range(3 + number % 4 + more)
            ]
    world.send(events)
    world.consume()


def test_the_effect_on_everybody_is_that_on_those_who_met_the_change_thinned_out() -> None:
    world = World()
    experiment = world.launched()
    come(world, experiment, 2_000, share=0.3)
    found = readouts(world).triggering(MANAGER, experiment.id, now=T0 + 2 * DAY)
    arm = found.arms["treatment"]
    assert found.problem == ""
    assert not arm.differ
    assert sum(arm.eligible) == pytest.approx(2_000 * (1 - HOLDOUT), rel=0.03)
    assert arm.rate == pytest.approx(0.3, abs=0.03)
    assert arm.effect.interval.lower < 2 < arm.effect.interval.upper
    assert arm.overall_interval.lower < 2 * arm.rate < arm.overall_interval.upper
    control = 2 + 0.3 * 4.5
    assert arm.overall_relative == pytest.approx(0.6 / control, abs=0.05)


def test_a_metric_is_chosen_by_name_and_an_unknown_one_is_refused() -> None:
    world = World()
    experiment = world.launched()
    come(world, experiment, 300, share=0.5)
    for metric in (CLICKS, WATCH, RATE):
        assert readouts(world).triggering(MANAGER, experiment.id, metric=metric.name, now=NOW).metric == metric
    with pytest.raises(InvalidInput, match="does not measure it"):
        readouts(world).triggering(MANAGER, experiment.id, metric="Sleep", now=NOW)


@pytest.mark.parametrize(
    ("targeting", "now", "why"),
    [
        (Targeting(segments=("metro",)), T0 + DAY, "who is targeted"),
        (Targeting(), T0 + 40 * DAY, "more than 28 days ago"),
    ],
)
def test_where_nobody_can_tell_who_was_eligible_the_report_says_why(targeting: Targeting, now: int, why: str) -> None:
    world = World()
    experiment = world.launched()
    come(world, experiment, 200, share=0.5)
    world.stores.experiments.upsert_many([replace(experiment, targeting=targeting)])
    assert why in readouts(world).triggering(MANAGER, experiment.id, now=now).problem


def visits(world: World, viewers: int, clicks: int, held_out: int) -> None:
    """Everybody comes once; those in the holdout click `held_out` times in the mean, the others `clicks` times."""
    events = []
    for number in range(viewers):
        viewer = f"guest-{number}"
        times = (held_out if in_holdout(viewer, HOLDOUT) else clicks) + number % 2
        events.append(world.event(EventKind.IMPRESSION, viewer, T0))
        events += [world.event(EventKind.PRODUCT_CLICK, viewer, T0) for _ in range(times)]
    world.send(events)
    world.consume()


def test_the_holdout_shows_what_everything_together_has_changed() -> None:
    world = World()
    visits(world, 4_000, clicks=2, held_out=1)
    found = readouts(world).holdout(MANAGER, days=7, now=T0 + DAY)
    clicks = next(one for one in found.readings if one.metric.name == "Product clicks")
    assert found.problem == ""
    assert sum(found.viewers) == 4_000
    assert found.share_p > 0.001
    assert clicks.interval.lower < 1 / 1.5 < clicks.interval.upper
    assert clicks.sentence.startswith("Better by +6")
    orders = next(one for one in found.readings if one.metric.name == "Viewers who ordered")
    assert orders.sentence.startswith("Cannot say yet")


def test_a_small_holdout_says_why_nothing_can_be_said_and_too_long_a_time_is_refused() -> None:
    world = World()
    visits(world, 300, clicks=2, held_out=1)
    found = readouts(world).holdout(MANAGER, now=T0 + DAY)
    assert found.problem.startswith("Cannot say yet")
    assert found.readings == ()
    with pytest.raises(InvalidInput, match="kept for 28 days"):
        readouts(world).holdout(MANAGER, days=60, now=T0)


def test_days_outside_the_chosen_time_do_not_count() -> None:
    world = World()
    visits(world, 100, clicks=2, held_out=1)
    assert sum(readouts(world).holdout(MANAGER, days=7, now=T0 + 6 * DAY).viewers) == 100
    assert sum(readouts(world).holdout(MANAGER, days=7, now=T0 + 7 * DAY).viewers) == 0


def test_an_a_a_check_of_history_is_sound() -> None:
    world = World()
    experiment = world.launched()
    lived(world, experiment, viewers=600)
    world.consume()
    for metric in (CLICKS, RATE):
        found = readouts(world).aa_check(MANAGER, metric, now=NOW)
        assert found.sound, found.sentence
        assert found.sequence_error <= 0.05
    with pytest.raises(InvalidInput, match="20 to 1,000"):
        readouts(world).aa_check(MANAGER, CLICKS, runs=5_000, now=NOW)


def test_a_mix_that_shows_more_promotion_is_cautioned_against_the_one_in_force() -> None:
    world = World()
    more = replace(DEFAULT_POLICY, id="more", shares=DEFAULT_POLICY.shares | {PostKind.PROMOTIONAL: Share(most=0.5)})
    world.stores.policies.insert(more)
    arms = (ARMS[0], Arm(name="more promotion", policy="more"), Arm(name="flags", flags={"a": "b"}))
    draft = world.experiments.create(MANAGER, name="x", arms=arms, metrics=(CLICKS,), now=T0)
    found = readouts(world).cautions(MANAGER, draft.id)
    assert set(found) == {"more promotion"}
    assert "promotional" in found["more promotion"][0]


def test_answers_are_kept_for_minutes_and_then_read_again() -> None:
    world = World()
    experiment = world.launched()
    come(world, experiment, 60, share=0.9)
    verbs = readouts(world)
    first = verbs.triggering(MANAGER, experiment.id, now=NOW)
    come(world, experiment, 90, share=0.9)
    assert verbs.triggering(MANAGER, experiment.id, now=NOW + MINUTE) is first
    later = verbs.triggering(MANAGER, experiment.id, now=NOW + 6 * MINUTE)
    assert sum(later.arms["treatment"].eligible) > sum(first.arms["treatment"].eligible)


@pytest.mark.parametrize("ask", ["interactions", "triggering", "cautions"])
def test_a_brand_member_reads_none_of_it(ask: str) -> None:
    world = World()
    experiment = world.launched()
    verbs = readouts(world)
    given = {} if ask == "cautions" else {"now": NOW}
    with pytest.raises(Forbidden):
        getattr(verbs, ask)(BRAND, experiment.id, **given)
    with pytest.raises(Forbidden):
        verbs.holdout(BRAND, now=NOW)
    with pytest.raises(Forbidden):
        verbs.aa_check(BRAND, CLICKS, now=NOW)
