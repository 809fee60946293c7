"""Calibration end to end: pages are logged with their odds, outcomes are counted from the log, and every feed process follows."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from core.bootstrap import Services
from core.domain.account import Role
from core.domain.calibration import ActionCalibration, CalibrationVersion
from core.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import DAY, HOUR
from core.domain.job import Job, JobKind, JobState
from core.feed.actions import ACTIONS
from core.feed.served_record import SERVED_TOPIC, ServedPage, ServedSlot, read_served, served_event
from core.services.calibration import SUBJECT
from core.services.calibration_days import CalibrationDays
from core.services.engagement import TOPIC, _logged
from core.services.feed_calibration import FeedCalibration
from core.settings import Settings
from tests.fakes.stores import memory_stores
from tests.feed.world import NOW, World, world
from tests.services.catalog_world import account

MANAGER = account(Role.PRODUCT_MANAGER)
Z = -300


def quiet(done: float, step: str) -> None:
    return None


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return Services(Settings(data=tmp_path, secret="s" * 40), memory_stores())


def served(services: Services, *, pages: int, chance: float, day: int = 0, now: int = NOW) -> None:
    """Pages of 20 slots, all seen, with predicted odds of e^-3 for everything, and likes that come with `chance`."""
    rng = np.random.default_rng((1, day))
    log, at = services.stores.log, now - day * DAY
    for number in range(pages):
        request, viewer = f"r{day}-{number}", f"v{number}"
        slots = tuple(ServedSlot(f"p{n}", "ugc", 1.0, 0.5, 1, "", (Z,) * len(ACTIONS)) for n in range(20))
        log.append(SERVED_TOPIC, [served_event(ServedPage(request, viewer, "for_you-1", at, 1, slots))])
        events = []
        for n in range(20):
            kinds = [EventKind.IMPRESSION, *([EventKind.LIKE] if rng.random() < chance else [])]
            events += [
                ViewerEvent(
                    id=f"{request}-{n}-{kind}",
                    kind=kind,
                    viewer=viewer,
                    at=at + 1,
                    post=f"p{n}",
                    request=request,
                    slot=n,
                )
                for kind in kinds
            ]
        log.append(TOPIC, [_logged(event) for event in events])


def job(asked_by: str = "") -> Job:
    return Job(id="job", kind=JobKind.CALIBRATE, subject=SUBJECT, asked_by=asked_by)


def test_a_served_page_is_logged_with_the_odds_before_calibration() -> None:
    small = world()
    small.stores.calibrations.insert(doubled(small))
    page = small.feed.page("v", size=5, now=NOW)
    small.feed.flush()
    (record,) = small.stores.log.replay(SERVED_TOPIC)
    for slot, logged in zip(page.slots, read_served(record.payload).slots, strict=True):
        assert len(logged.odds) == len(ACTIONS)
        for action, odds in zip(ACTIONS, logged.odds, strict=True):
            chance = slot.reason.scores[action]
            doubling = math.log(2) if action == "like" else 0.0
            assert odds / 100 + doubling == pytest.approx(math.log(chance / (1 - chance)), abs=0.01)


def doubled(small: World, number: int = 1) -> CalibrationVersion:
    """A version that doubles the odds of a like."""
    action = ActionCalibration(intercept=math.log(2), slope=1.0)
    return CalibrationVersion(id=f"calibration-{number:06}", number=number, actions={"like": action})


def test_a_new_version_counts_on_the_very_next_page_of_a_running_process() -> None:
    small = world()
    before = {slot.post: slot.reason.scores for slot in small.feed.page("v", record=False, now=NOW).slots}
    small.stores.calibrations.insert(doubled(small))
    small.stores.live.signals.bump("models")
    after = {slot.post: slot.reason.scores for slot in small.feed.page("v", record=False, now=NOW).slots}
    for post in before.keys() & after.keys():
        was, now = before[post]["like"], after[post]["like"]
        assert now / (1 - now) == pytest.approx(2 * was / (1 - was), rel=1e-3)
        assert after[post]["completion"] == pytest.approx(before[post]["completion"], abs=2e-6)
        assert after[post]["engagement"] > before[post]["engagement"]


def test_a_store_that_is_down_leaves_the_last_calibration(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = FeedCalibration(services.stores)
    services.stores.calibrations.insert(doubled(world(posts=1)))
    assert follower.current(1, now=NOW).number == 1

    def down(*_: object, **__: object) -> None:
        raise Unavailable("the store is down")

    with monkeypatch.context() as broken:
        broken.setattr(services.stores.calibrations, "find", down)
        assert follower.current(2, now=NOW).number == 1
    services.stores.calibrations.insert(doubled(world(posts=1), 2))
    assert follower.current(2, now=NOW + 3_000).number == 2


def test_likes_that_come_twice_as_often_as_predicted_are_corrected_and_measured_on_a_later_day(
    services: Services,
) -> None:
    odds = 2 * math.exp(Z / 100)
    truth = odds / (1 + odds)
    for day in (2, 1, 0):
        served(services, pages=150, chance=truth, day=day)
    services.calibration.run(job("manager"), quiet, clock=lambda: NOW + HOUR)
    version = services.calibration.report(MANAGER, now=NOW + HOUR).current
    assert version is not None
    like = version.actions["like"]
    assert (version.impressions, version.held_out) == (9_000, (NOW // DAY,))
    assert like.intercept + like.slope * Z / 100 == pytest.approx(math.log(odds), abs=0.1)
    assert like.before is not None
    assert like.after is not None
    assert like.after.impressions == 3_000
    assert like.before.error == pytest.approx(truth - 1 / (1 + math.exp(3)), abs=0.01)
    assert like.after.error < like.before.error / 3
    assert version.actions["report"].slope == pytest.approx(1.0, abs=0.05)


def test_counting_again_in_parts_or_from_the_start_gives_the_same_numbers(services: Services) -> None:
    days = CalibrationDays(services.stores)
    served(services, pages=20, chance=0.1, day=3)
    assert days.count(quiet, now=NOW) == 400
    served(services, pages=20, chance=0.1, day=0)
    late = ViewerEvent(
        id="late", kind=EventKind.SHARE, viewer="v0", at=NOW - 3 * DAY + 5, post="p0", request="r3-0", slot=0
    )
    services.stores.log.append(TOPIC, [_logged(late)])
    assert days.count(quiet, now=NOW) == 800
    assert not days.waiting(now=NOW)
    assert days.count(quiet, now=NOW) == 800
    parts = [(one.day, one.impressions, one.cells) for one in days.held(now=NOW)]
    assert days.rebuild(quiet, now=NOW) == 800
    assert [(one.day, one.impressions, one.cells) for one in days.held(now=NOW)] == parts
    assert sum(cell[3] for _, _, cells in parts for cell in cells.get("share", {}).values()) == 1


def test_a_record_that_cannot_be_read_holds_nothing_up(services: Services) -> None:
    from core.domain.ports.event_log import NewEvent

    services.stores.log.append(SERVED_TOPIC, [NewEvent("bad", "v", b"not json")])
    services.stores.log.append(TOPIC, [NewEvent("bad", "v", b"{}")])
    served(services, pages=1, chance=0.5)
    assert CalibrationDays(services.stores).count(quiet, now=NOW) == 20


def test_days_that_have_left_the_window_are_forgotten(services: Services) -> None:
    days = CalibrationDays(services.stores)
    served(services, pages=2, chance=0.1)
    assert days.count(quiet, now=NOW) == 40
    assert days.count(quiet, now=NOW + 20 * DAY) == 0
    assert services.stores.calibration_days.count({"impressions": {"gt": 0}}) == 0


def test_the_machine_fits_when_there_is_enough_and_again_when_it_has_grown(services: Services) -> None:
    served(services, pages=10, chance=0.1)
    services.calibration.run(job(), quiet, clock=lambda: NOW)
    assert services.calibration.report(MANAGER, now=NOW).current is None
    served(services, pages=50, chance=0.1, day=1)
    services.calibration.run(job(), quiet, clock=lambda: NOW)
    services.calibration.run(job(), quiet, clock=lambda: NOW + HOUR)
    assert [one.number for one in services.calibration.report(MANAGER, now=NOW).history] == [1]
    served(services, pages=10, chance=0.1, day=2)
    services.calibration.run(job(), quiet, clock=lambda: NOW + HOUR)
    assert [one.number for one in services.calibration.report(MANAGER, now=NOW).history] == [2, 1]


def test_the_sweep_queues_one_job_and_only_when_the_log_has_moved(services: Services) -> None:
    assert not services.calibration.sweep(now=NOW)
    served(services, pages=1, chance=0.1)
    assert services.calibration.sweep(now=NOW)
    assert not services.calibration.sweep(now=NOW)
    assert services.stores.jobs.count({"kind": JobKind.CALIBRATE}) == 1


def finish_all(services: Services) -> None:
    for one in services.stores.jobs.find({"kind": JobKind.CALIBRATE}).items:
        services.stores.jobs.patch(one.id, {"state": JobState.DONE})


def test_a_young_version_is_renewed_at_each_sweep_and_a_settled_one_hourly(services: Services) -> None:
    for pages, day, again in ((60, 1, True), (220, 2, False)):
        served(services, pages=pages, chance=0.1, day=day)
        services.calibration.run(job("manager"), quiet, clock=lambda: NOW)
        assert services.calibration.sweep(now=NOW) is False
        served(services, pages=1, chance=0.1, day=day + 5)
        services.jobs.enqueue(JobKind.CALIBRATE, SUBJECT, now=NOW)
        finish_all(services)
        assert services.calibration.sweep(now=NOW + 1) is again
        finish_all(services)
    assert services.calibration.sweep(now=NOW + HOUR + 2)


def test_a_product_manager_asks_for_a_fit_once_and_it_is_audited(services: Services) -> None:
    first = services.calibration.ask(MANAGER, now=NOW)
    assert services.calibration.ask(MANAGER, now=NOW).id == first.id
    assert first.asked_by == MANAGER.id
    assert first.state is JobState.QUEUED
    (line,) = services.stores.audit.find().items
    assert line.action == "calibration.fit"
    for role in (Role.MODERATOR, Role.BRAND):
        other = account(role, "kiln" if role is Role.BRAND else None)
        with pytest.raises(Forbidden):
            services.calibration.ask(other, now=NOW)
        with pytest.raises(Forbidden):
            services.calibration.report(other, now=NOW)


def test_going_back_puts_an_earlier_version_in_force_as_a_new_one(services: Services) -> None:
    served(services, pages=40, chance=0.2)
    services.calibration.run(job("m"), quiet, clock=lambda: NOW)
    services.calibration.run(job("m"), quiet, clock=lambda: NOW + 1)
    first, second = (f"calibration-{number:06}" for number in (1, 2))
    back = services.calibration.go_back(MANAGER, first, " likes fell ", seen=2, now=NOW + 2)
    assert (back.why, back.made_by) == ("likes fell", MANAGER.id)
    assert services.stores.audit.find(order="at", descending=True).items[0].detail["why"] == "likes fell"
    assert (back.number, back.base) == (3, first)
    assert back.actions == services.stores.calibrations.get(second).actions
    plain = services.calibration.go_back(MANAGER, "", "all of them are wrong", now=NOW + 3)
    assert plain.actions == {}
    assert (FeedCalibration(services.stores).current(9, now=NOW + 3).slope == 1).all()
    with pytest.raises(InvalidInput):
        services.calibration.go_back(MANAGER, plain.id, "again", now=NOW + 4)
    with pytest.raises(NotFound):
        services.calibration.go_back(MANAGER, "calibration-000099", "gone", now=NOW + 4)
    for why in ("  ", "x" * 501):
        with pytest.raises(InvalidInput, match="why"):
            services.calibration.go_back(MANAGER, first, why, now=NOW + 4)


def test_a_fit_that_came_meanwhile_is_not_taken_back_unseen(services: Services) -> None:
    served(services, pages=40, chance=0.2)
    for _ in range(2):
        services.calibration.run(job("m"), quiet, clock=lambda: NOW)
    with pytest.raises(Conflict, match="version 2 has come in the meantime"):
        services.calibration.go_back(MANAGER, "", "likes fell", seen=1, now=NOW + 1)
    assert [one.number for one in services.calibration.report(MANAGER, now=NOW).history] == [2, 1]
