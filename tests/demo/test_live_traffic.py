"""Simulated viewers use the real feed: what they do is tied to pages, ends before now, and can be planted with an effect."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from core.bootstrap import Services
from core.demo import live_traffic, seed
from core.demo.live_traffic import Traffic
from core.demo.posts import plans
from core.demo.render import settle
from core.domain.account import Account, Role
from core.domain.errors import Forbidden
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import DAY
from core.domain.job import Job, JobKind
from core.domain.post import Media, MediaKind
from core.feed.served_record import SERVED_TOPIC, read_served
from core.services.engagement import TOPIC
from core.settings import Settings
from tests.demo.world import NOW
from tests.fakes.stores import memory_stores

PLAYS = Media(
    kind=MediaKind.VIDEO, prefix="posts/x/y", width=540, height=960, duration=5.0, clip="clip.mp4", poster="p.jpg"
)
FEW = Traffic(viewers=10, pages=4, prefix="guest-test")


def demo(folder: Path) -> Services:
    """A demo world whose clips all play."""
    services = Services(Settings(data=folder, secret="s" * 40), memory_stores())
    seed.fill(services, NOW, guests=5)
    media = msgspec.to_builtins(PLAYS)
    for plan in plans().values():
        services.stores.posts.patch(plan.id, {"media": media})
        settle(services, plan, now=NOW)
    return services


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Services, live_traffic.Served]:
    services = demo(tmp_path_factory.mktemp("live"))
    return services, live_traffic.run(services, FEW, now=NOW)


def events_of(services: Services, prefix: str) -> list[ViewerEvent]:
    log, after, found = services.stores.log, 0, list[ViewerEvent]()
    while records := log.replay(TOPIC, after=after, limit=5_000):
        found += [
            msgspec.json.decode(record.payload, type=ViewerEvent) for record in records if record.key.startswith(prefix)
        ]
        after = records[-1].offset
    return found


def test_every_event_belongs_to_a_slot_that_was_served_and_lies_before_now(
    served: tuple[Services, live_traffic.Served],
) -> None:
    services, done = served
    pages = {}
    for record in services.stores.log.replay(SERVED_TOPIC, limit=100_000):
        page = read_served(record.payload)
        pages[page.request] = page
    events = events_of(services, "guest-test")
    assert len(events) == done.events > 100
    assert sum(event.kind is EventKind.IMPRESSION for event in events) == done.impressions > 50
    for event in events:
        page = pages[event.request]
        assert event.slot is not None
        assert page.slots[event.slot].post == event.post
        assert page.slots[event.slot].odds
        assert page.viewer == event.viewer
        assert page.at <= event.at < NOW
        assert event.at > NOW - 7 * DAY


def test_what_they_did_is_counted_for_calibration(served: tuple[Services, live_traffic.Served]) -> None:
    services, done = served
    job = Job(id="job", kind=JobKind.CALIBRATE, subject="calibration", asked_by="manager")
    services.calibration.run(job, lambda done, step: None, clock=lambda: NOW)
    (version,) = services.stores.calibrations.each()
    assert version.impressions == done.impressions


def test_who_had_their_turn_does_not_come_again(served: tuple[Services, live_traffic.Served]) -> None:
    services, _ = served
    assert live_traffic.run(services, FEW, now=NOW).pages == 0


def test_no_experiment_of_the_demo_world_is_disturbed(served: tuple[Services, live_traffic.Served]) -> None:
    services, _ = served
    assert not [event for event in events_of(services, "guest-test") if event.kind is EventKind.EXPOSURE]


def test_viewers_of_an_experiment_meet_its_arms_and_a_planted_effect_shows(
    served: tuple[Services, live_traffic.Served],
) -> None:
    services, _ = served
    arms: dict[str, str] = {}

    def lift(viewer: str) -> float:
        ((_, arm),) = [one for one in services.assignments.of(viewer, now=NOW) if one[0].id == "demo-win"]
        arms[viewer] = arm.name
        return 1.5 if arm.name == "treatment" else -1.5

    traffic = Traffic(viewers=16, pages=3, prefix="guest-arm", experiment="demo-win", lift=lift)
    live_traffic.run(services, traffic, now=NOW)
    events = events_of(services, "guest-arm")
    exposed = {event.viewer: event.arm for event in events if event.kind is EventKind.EXPOSURE}
    assert exposed == {viewer: arm for viewer, arm in arms.items() if viewer in exposed}
    assert len(exposed) >= 12
    likes, seen = Counter[str](), Counter[str]()
    for event in events:
        likes[arms[event.viewer]] += event.kind is EventKind.LIKE
        seen[arms[event.viewer]] += event.kind is EventKind.IMPRESSION
    assert likes["treatment"] / seen["treatment"] > 2 * likes["control"] / seen["control"]


def test_parts_together_are_the_whole_and_share_nobody(served: tuple[Services, live_traffic.Served]) -> None:
    services, _ = served
    traffic = Traffic(viewers=6, pages=1, prefix="guest-part")
    done = [live_traffic.run(services, traffic, now=NOW, part=part, parts=3) for part in range(3)]
    assert [one.viewers for one in done] == [2, 2, 2]


def test_the_demo_world_queues_the_traffic_once_behind_the_clips(served: tuple[Services, live_traffic.Served]) -> None:
    services, _ = served
    jobs = list(services.stores.jobs.each({"kind": JobKind.LIVE_TRAFFIC}))
    assert len(jobs) == live_traffic.PARTS
    clips = services.stores.jobs.find({"kind": JobKind.RENDER_DEMO}).items
    assert min(job.priority for job in jobs) > max(job.priority for job in clips)
    assert live_traffic.ensure(services, now=NOW) == 0


def test_only_a_product_manager_asks_for_traffic(served: tuple[Services, live_traffic.Served]) -> None:
    services, _ = served
    moderator = Account(id="m", email="m@x.example", name="M", role=Role.MODERATOR)
    with pytest.raises(Forbidden):
        live_traffic.ask(services, moderator, now=NOW)
