"""Rollout: ramps that go on, hold, stop by themselves, tell people, and can be taken back."""

from __future__ import annotations

import pytest

from core.domain.account import Account, Role
from core.domain.errors import Conflict, Forbidden, InvalidInput
from core.domain.events import EventKind
from core.domain.experiment import Arm, Experiment, ExperimentState, Step
from core.domain.ids import DAY, HOUR, MINUTE
from core.domain.layers import proposed
from core.domain.mix import MixPolicy
from core.domain.notice import Tone
from core.services.experiment_check import ExperimentInput
from core.services.experiment_life import UNDO
from tests.services.test_experiments import ARMS, BRAND, CLICKS, MANAGER, T0, WATCH, World, lived

ADMIN = Account(id="admin", email="a@x.example", name="Asha", role=Role.ADMINISTRATOR)
RAMP = (Step(exposure=0.1, hours=24), Step(exposure=0.5, hours=24), Step(exposure=1.0))


class Watched(World):
    """The same world, and what managers are told in it."""

    def told(self, now: int) -> list[str]:
        return [notice.title for notice in self.notices.unread(MANAGER, now=now)]


@pytest.fixture
def world() -> Watched:
    return Watched()


def test_a_ramp_goes_on_by_its_schedule_and_managers_are_told(world: Watched) -> None:
    experiment = world.launched(steps=RAMP)
    world.rollout.watch(now=T0 + 23 * HOUR)
    assert world.experiments.get(MANAGER, experiment.id).exposure == 0.1
    world.rollout.watch(now=T0 + 24 * HOUR)
    after = world.experiments.get(MANAGER, experiment.id)
    assert (after.exposure, after.state) == (0.5, ExperimentState.RAMPING)
    assert world.told(T0 + 24 * HOUR) == ["Next step: More product posts"]


def test_a_ramp_that_a_person_holds_stays_at_its_step_until_they_let_go(world: Watched) -> None:
    experiment = world.launched(steps=RAMP)
    world.experiments.hold(MANAGER, experiment.id, now=T0 + HOUR)
    world.rollout.watch(now=T0 + 3 * DAY)
    assert world.experiments.get(MANAGER, experiment.id).exposure == 0.1
    world.experiments.hold(MANAGER, experiment.id, hold=False, now=T0 + 3 * DAY)
    world.rollout.watch(now=T0 + 3 * DAY)
    assert world.experiments.get(MANAGER, experiment.id).exposure == 0.5


def test_time_that_a_ramp_stood_still_does_not_count_towards_its_step(world: Watched) -> None:
    experiment = world.launched(steps=RAMP)
    world.experiments.pause(MANAGER, experiment.id, now=T0 + 2 * HOUR)
    resumed = world.experiments.resume(MANAGER, experiment.id, now=T0 + 30 * HOUR)
    assert resumed.next_step_at(T0 + 30 * HOUR) == T0 + 52 * HOUR
    world.rollout.watch(now=T0 + 31 * HOUR)
    assert world.experiments.get(MANAGER, experiment.id).exposure == 0.1


def test_a_breached_guardrail_stops_exposure_at_the_next_look_with_audit_and_notice(world: Watched) -> None:
    experiment = world.launched()
    lived(world, experiment, watch_lift=-0.5)
    world.consume()
    world.rollout.watch(now=T0 + 3 * DAY)
    stopped = world.experiments.get(MANAGER, experiment.id)
    assert stopped.state is ExperimentState.PAUSED
    assert "Watch time" in stopped.halted
    assert not world.assignments.active(now=T0 + 3 * DAY + 2_000)
    (notice,) = world.notices.unread(MANAGER, now=T0 + 3 * DAY)
    assert (notice.tone, notice.page, notice.query) == (Tone.ALARM, "readout", {"id": experiment.id})
    lines = [line.action for line in world.stores.audit.each({"subject": experiment.id})]
    assert "experiment.halt" in lines
    world.rollout.watch(now=T0 + 3 * DAY + MINUTE)
    assert len(world.told(T0 + 3 * DAY + MINUTE)) == 1


def test_what_the_machine_stopped_cannot_simply_go_on_but_can_start_again_with_a_new_salt(world: Watched) -> None:
    experiment = world.launched()
    world.experiments.halt(experiment.id, "Viewers were not split as planned.", now=T0 + DAY)
    with pytest.raises(Conflict, match="not split as planned"):
        world.experiments.resume(MANAGER, experiment.id, now=T0 + DAY)
    copied = world.experiments.copy(MANAGER, experiment.id, now=T0 + DAY)
    assert copied.state is ExperimentState.DRAFT
    assert copied.salt != experiment.salt
    assert (copied.arms, copied.metrics) == (experiment.arms, experiment.metrics)


def test_a_wrong_split_stops_exposure(world: Watched) -> None:
    experiment = world.launched()
    arms = ["control"] * 300 + ["treatment"] * 180
    world.send([
        world.event(EventKind.EXPOSURE, f"v{n}", T0 + n, experiment=experiment.id, arm=arm) for n, arm in enumerate(arms)
    ])  # fmt: skip
    world.consume()
    world.rollout.watch(now=T0 + HOUR)
    assert "not split as planned" in world.experiments.get(MANAGER, experiment.id).halted
    assert world.told(T0 + HOUR) == ["Stopped: More product posts"]


def test_rolling_back_gives_everybody_the_control_at_once(world: Watched) -> None:
    experiment = world.launched(steps=RAMP)
    assert world.assignments.active(now=T0 + 2_000)
    ended = world.experiments.roll_back(MANAGER, experiment.id, "viewers complained", now=T0 + HOUR)
    assert (ended.state, ended.decision) == (ExperimentState.DECIDED, "Rolled back: viewers complained")
    assert not world.assignments.active(now=T0 + HOUR + 1_000)


def test_an_end_can_be_taken_back_for_ten_minutes_and_everybody_keeps_their_arm(world: Watched) -> None:
    experiment = world.launched()
    viewers = [f"v{n}" for n in range(200)]
    before = {v: [arm.name for _, arm in world.assignments.of(v, now=T0 + 2_000)] for v in viewers}
    world.experiments.decide(MANAGER, experiment.id, "Keep the control", now=T0 + DAY)
    back = world.experiments.undo_end(MANAGER, experiment.id, now=T0 + DAY + MINUTE)
    assert (back.state, back.decision) == (ExperimentState.PAUSED, "")
    world.experiments.resume(MANAGER, experiment.id, now=T0 + DAY + 2 * MINUTE)
    after = {v: [arm.name for _, arm in world.assignments.of(v, now=T0 + DAY + 3 * MINUTE)] for v in viewers}
    assert after == before
    world.experiments.decide(MANAGER, experiment.id, "Keep the control", now=T0 + 2 * DAY)
    with pytest.raises(Conflict, match="ten minutes"):
        world.experiments.undo_end(MANAGER, experiment.id, now=T0 + 2 * DAY + UNDO)


def test_two_layers_cannot_both_decide_about_the_mix(world: Watched) -> None:
    world.stores.policies.insert(MixPolicy(id="other", name="Other"))
    arms = (Arm(name="control"), Arm(name="treatment", policy="other"))
    made = [
        world.experiments.create(MANAGER, name=layer, arms=arms, metrics=(CLICKS,), layer=layer, now=T0)
        for layer in ("feed", "shop")
    ]
    world.experiments.launch(MANAGER, made[0].id, now=T0)
    with pytest.raises(InvalidInput, match="use that layer"):
        world.experiments.launch(MANAGER, made[1].id, now=T0)


def test_everything_wrong_with_a_draft_is_said_at_once_and_by_field(world: Watched) -> None:
    taken = world.launched()
    asked = ExperimentInput(
        name=" ", arms=(Arm(name="a", weight=0.5), Arm(name="a", weight=0.4, policy="gone")), metrics=(WATCH,),
        steps=(Step(exposure=0.5), Step(exposure=0.2)), lower=0.2, upper=0.4, overrides={"tester": "none"},
    )  # fmt: skip
    said = {problem.field: problem.message for problem in world.experiments.check(MANAGER, asked)}
    assert set(said) == {"name", "arms", "weights", "arms.a.policy", "metrics", "steps", "overrides", "range"}
    assert "0.9" in said["weights"]
    assert repr(taken.name) in said["range"]
    with pytest.raises(InvalidInput):
        world.experiments.create(
            MANAGER, name="x", arms=(Arm(name="a", weight=0.5), Arm(name="b", weight=0.4)), metrics=(CLICKS,), now=T0
        )


def test_a_free_range_is_proposed(world: Watched) -> None:
    for lower, upper in ((0.0, 0.25), (0.5, 0.9)):
        made = world.experiments.create(
            MANAGER, name=f"At {lower}", arms=ARMS, metrics=(CLICKS,), lower=lower, upper=upper, now=T0
        )
        world.experiments.launch(MANAGER, made.id, now=T0)
    ranges = world.experiments.taken(MANAGER, "feed")
    assert [(one.lower, one.upper) for one in ranges] == [(0.0, 0.25), (0.5, 0.9)]
    assert proposed(ranges, 0.2) == (0.25, 0.45)
    assert proposed(ranges, 0.5) == (0.25, 0.5)


def test_a_planned_experiment_whose_metrics_change_must_be_planned_again(world: Watched) -> None:
    made = world.experiments.create(MANAGER, name="x", arms=ARMS, metrics=(CLICKS,), now=T0)
    planned = _planned(world, made)
    renamed = world.experiments.save(MANAGER, made.id, {"name": "y"}, expected_version=planned.version, now=T0)
    assert renamed.state is ExperimentState.PLANNED
    saved = world.experiments.save(
        MANAGER, made.id, {"metrics": (CLICKS, WATCH)}, expected_version=renamed.version, now=T0
    )
    assert (saved.state, saved.plan) == (ExperimentState.DRAFT, None)


def test_notices_are_put_away_by_each_account_for_itself(world: Watched) -> None:
    for number in range(3):
        world.notices.tell(f"n{number}", f"Notice {number}", roles=(Role.PRODUCT_MANAGER,), now=T0 + number)
    assert world.notices.tell("n1", "again", roles=(Role.PRODUCT_MANAGER,), now=T0) is None
    world.notices.dismiss(MANAGER, "n2")
    assert world.told(T0 + 9) == ["Notice 1", "Notice 0"]
    assert len(world.notices.unread(ADMIN, now=T0 + 9)) == 3
    assert world.notices.unread(BRAND, now=T0 + 9) == []
    assert world.notices.dismiss_all(MANAGER, now=T0 + 9) == 2
    assert world.told(T0 + 9) == []
    assert world.notices.unread(ADMIN, now=T0 + 40 * DAY) == []


def test_a_brand_member_may_not_hold_or_roll_back(world: Watched) -> None:
    experiment = world.launched(steps=RAMP)
    for act in (world.experiments.hold, world.experiments.roll_back, world.experiments.copy):
        with pytest.raises(Forbidden):
            act(BRAND, experiment.id, now=T0)


def _planned(world: Watched, experiment: Experiment) -> Experiment:
    from core.domain.experiment import Plan

    plan = Plan(metric="Product clicks", baseline=1.0, deviation=1.0, effect=0.1, per_arm=100)
    return world.experiments.keep_plan(MANAGER, experiment.id, plan, now=T0)
