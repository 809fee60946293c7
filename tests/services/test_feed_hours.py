"""Hourly counts of what was served and done, counted once however often a record is delivered."""

from __future__ import annotations

import pytest

from core.domain.account import Role
from core.domain.errors import Forbidden
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import HOUR
from core.domain.ports.event_log import NewEvent
from core.domain.post import PostStatus
from core.feed.served_record import SERVED_TOPIC, ServedPage, ServedSlot, served_event
from core.services.engagement import Engagement
from core.services.feed_hours import FeedHours
from core.services.stores import Stores
from tests.fakes.stores import memory_stores
from tests.services.catalog_world import NOW, World, account

MANAGER = account(Role.PRODUCT_MANAGER)
THIS_HOUR = NOW // HOUR * HOUR


@pytest.fixture
def stores() -> Stores:
    return memory_stores()


def serve(stores: Stores, name: str, at: int, *kinds: str) -> None:
    slots = tuple(ServedSlot(f"p{place}", kind, 1.0, 0.5, 1) for place, kind in enumerate(kinds))
    page = ServedPage(name, f"viewer-{name}", "for_you-1", at, 1, slots)
    stores.log.append(SERVED_TOPIC, [served_event(page)])


def drain(stores: Stores) -> int:
    hours = FeedHours(stores)
    total = 0
    while taken := hours.consume("worker", now=NOW):
        total += taken
    return total


def test_slots_are_counted_by_kind_in_the_hour_they_were_served(stores: Stores) -> None:
    serve(stores, "a", THIS_HOUR + 5, "ugc", "ugc", "product")
    serve(stores, "b", THIS_HOUR + 9, "ugc")
    serve(stores, "c", THIS_HOUR - 1, "educational")
    assert drain(stores) == 3
    before, now = FeedHours(stores).read(MANAGER, since=THIS_HOUR - HOUR, until=THIS_HOUR)
    assert (now.pages, now.slots) == (2, {"ugc": 3, "product": 1})
    assert (before.pages, before.slots) == (1, {"educational": 1})


def test_a_record_that_is_delivered_again_counts_once(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(stores, "a", THIS_HOUR, "ugc")
    with monkeypatch.context() as crash:
        crash.setattr(stores.log, "commit", lambda *_: None)
        drained = FeedHours(stores).consume("worker", now=NOW)
    assert drained == 1
    drain(stores)
    (hour,) = FeedHours(stores).read(MANAGER, since=THIS_HOUR, until=THIS_HOUR)
    assert (hour.pages, hour.slots) == (1, {"ugc": 1})


def test_viewer_events_are_counted_beside_what_was_served() -> None:
    world = World()
    post = world.at(PostStatus.LIVE)
    events = [
        ViewerEvent(id=f"e{number}", kind=kind, viewer="v", at=NOW, post=post.id)
        for number, kind in enumerate((EventKind.IMPRESSION, EventKind.IMPRESSION, EventKind.LIKE))
    ]
    Engagement(world.stores).accept(events, NOW)
    drain(world.stores)
    (hour,) = FeedHours(world.stores).read(MANAGER, since=NOW, until=NOW)
    assert hour.events == {"impression": 2, "like": 1}


def test_a_record_that_cannot_be_read_is_put_aside_and_holds_nothing_up(stores: Stores) -> None:
    stores.log.append(SERVED_TOPIC, [NewEvent("bad", "v", b"not json")])
    serve(stores, "a", THIS_HOUR, "ugc")
    drain(stores)
    (hour,) = FeedHours(stores).read(MANAGER, since=THIS_HOUR, until=THIS_HOUR)
    assert hour.slots == {"ugc": 1}


def test_hours_in_which_nothing_happened_are_zero_and_publishers_read_none(stores: Stores) -> None:
    hours = FeedHours(stores).read(MANAGER, since=NOW - 3 * HOUR, until=NOW)
    assert [hour.pages for hour in hours] == [0, 0, 0, 0]
    with pytest.raises(Forbidden):
        FeedHours(stores).read(account(Role.BRAND, "kiln"), since=NOW, until=NOW)
