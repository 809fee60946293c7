"""Joining served pages with what viewers did: only what was seen counts, each action once, in any order."""

from __future__ import annotations

import itertools

import pytest

from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import DAY, HOUR
from core.feed.actions import ACTIONS
from core.feed.outcomes import Outcomes
from core.feed.served_record import ServedPage, ServedSlot
from tests.feed.world import NOW

ODDS = tuple(range(-500, -400, 10))
_number = itertools.count()


def page(request: str, *posts: str, viewer: str = "v", at: int = NOW, odds: tuple[int, ...] = ODDS) -> ServedPage:
    slots = tuple(ServedSlot(post, "ugc", 1.0, 0.5, 1, "", odds) for post in posts)
    return ServedPage(request, viewer, "for_you-1", at, 1, slots)


def event(kind: EventKind, post: str = "a", *, at: int = NOW + 1_000, viewer: str = "v", **more: object) -> ViewerEvent:
    return ViewerEvent(id=f"e{next(_number)}", kind=kind, viewer=viewer, at=at, post=post, **more)  # type: ignore[arg-type]


def counted(pages: list[ServedPage], events: list[ViewerEvent]) -> tuple[int, dict[str, int]]:
    """Impressions, and how often each action happened, over all days."""
    outcomes = Outcomes(NOW - 10 * DAY)
    for one in pages:
        outcomes.serve(one)
    for each in events:
        outcomes.act(each)
    days = outcomes.days()
    table = sum((counts.table for _, counts in days.values()), start=0)
    happened = {} if isinstance(table, int) else dict(zip(ACTIONS, table[:, :, 3].sum(axis=1).tolist(), strict=True))
    return sum(seen for seen, _ in days.values()), {action: n for action, n in happened.items() if n}


def test_slots_that_nobody_saw_do_not_count() -> None:
    assert counted([page("r", "a", "b", "c")], [event(EventKind.IMPRESSION, "b", request="r", slot=1)]) == (1, {})


def test_an_action_counts_once_however_often_it_is_reported() -> None:
    clicks = [event(EventKind.PRODUCT_CLICK, request="r", slot=0) for _ in range(3)]
    assert counted([page("r", "a")], clicks) == (1, {"product_click": 1})


@pytest.mark.parametrize(("completion", "expected"), [(0.89, {}), (0.9, {"completion": 1}), (2.3, {"completion": 1})])
def test_a_watch_counts_as_completed_from_nine_tenths_on(completion: float, expected: dict[str, int]) -> None:
    watch = event(EventKind.WATCH, request="r", slot=0, completion=completion, seconds=4.0)
    assert counted([page("r", "a")], [watch]) == (1, expected)


def test_an_event_without_a_request_belongs_to_the_newest_page_with_its_post_within_a_day() -> None:
    pages = [page("old", "a", at=NOW - 2 * DAY), page("new", "a", at=NOW)]
    assert counted(pages, [event(EventKind.LIKE, at=NOW + HOUR)]) == (1, {"like": 1})
    assert counted(pages, [event(EventKind.LIKE, at=NOW + 2 * DAY)]) == (0, {})
    assert counted(pages, [event(EventKind.LIKE, at=NOW - 3 * DAY)]) == (0, {})


def test_an_event_of_another_viewer_or_of_a_post_that_was_not_on_the_page_counts_nowhere() -> None:
    pages = [page("r", "a")]
    assert counted(pages, [event(EventKind.LIKE, viewer="w", request="r", slot=0)]) == (0, {})
    assert counted(pages, [event(EventKind.LIKE, "b", request="r", slot=0)]) == (0, {})


def test_an_order_without_a_post_is_found_by_its_slot() -> None:
    order = event(EventKind.ORDER, "", request="r", slot=1, value_minor=5)
    assert counted([page("r", "a", "b")], [order]) == (1, {"order": 1})


def test_pages_without_predictions_are_left_out() -> None:
    assert counted([page("r", "a", odds=())], [event(EventKind.LIKE, request="r", slot=0)]) == (0, {})


def test_the_order_of_pages_and_events_changes_nothing() -> None:
    pages = [page(f"r{n}", "a", "b", at=NOW - n * HOUR) for n in range(4)]
    events = [
        event(kind, post, at=NOW - n * HOUR + 500)
        for n in range(4)
        for kind in (EventKind.WATCH, EventKind.LIKE)
        for post in "ab"
    ]
    assert counted(pages, events) == counted(pages[::-1], events[::-1]) == (8, {"like": 8})


def test_too_many_pages_are_thinned_out_by_viewer_the_same_in_any_order() -> None:
    pages = [page(f"r{n}", "a", viewer=f"v{n}") for n in range(400)]
    kept = []
    for ordered in (pages, pages[::-1]):
        outcomes = Outcomes(NOW - DAY, most=100)
        for one in ordered:
            outcomes.serve(one)
        for one in ordered:
            outcomes.act(event(EventKind.IMPRESSION, viewer=one.viewer, request=one.request, slot=0))
        kept.append((outcomes.share, next(iter(outcomes.days().values()))[0]))
    assert kept[0] == kept[1]
    assert kept[0][0] in (0.25, 0.125)
    assert 40 <= kept[0][1] <= 100
