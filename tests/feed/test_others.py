"""A shop in which one publisher has most of the posts: the others are found when the rules need them."""

from __future__ import annotations

from collections import Counter

import pytest

from core.feed.replay import replay
from core.feed.trace_record import captured, read, trace_of, written
from core.services.feed_request import Asked
from tests.feed.world import NOW, World, make_post, world

DAY = 86_400_000


def shop(own: int, others: int) -> World:
    """`own` new posts of one publisher, and one old post of every kind of each of `others`."""
    made = world(posts=0, publishers=others + 1)
    kinds = ("ugc", "promotional", "educational", "product")
    posts = [make_post(f"own-{n:04}", kind=kinds[n % 4], published_at=NOW - n * 60_000) for n in range(own)]
    posts += [
        make_post(f"other-{n:03}-{kind}", publisher=f"pub-{n + 1}", kind=kind, published_at=NOW - 300 * DAY)
        for n in range(others)
        for kind in kinds
    ]
    made.stores.posts.upsert_many(posts)
    return made


def test_a_page_keeps_its_cap_though_every_source_found_one_publisher() -> None:
    made = shop(own=800, others=12)
    page = made.feed.page("v", now=NOW)
    publishers = Counter(slot.publisher for slot in page.slots)
    assert len(page.slots) == 20
    assert max(publishers.values()) <= 3
    assert not page.relaxed
    others = [slot for slot in page.slots if slot.publisher != "pub-0"]
    assert {slot.reason.sources for slot in others} == {("others",)}
    assert next((stage.kind, stage.before) for stage in page.stages if stage.stage == "others")[0] == "wider source"


@pytest.mark.parametrize(("others", "relaxed"), [(3, ["per_publisher"]), (12, [])])
def test_such_a_page_made_again_is_the_same_to_the_last_bit(others: int, relaxed: list[str]) -> None:
    made = shop(own=800, others=others)
    page, outcome, query = made.feed.look(Asked(viewer="v", size=20), now=NOW)
    names = made.feed.pipeline.source_names
    again = replay(read(written(trace_of(captured(query, outcome, names, page.request, "")))), made.feed.pipeline)
    assert again.difference == ""
    assert [one.field for one in again.outcome.selection.relaxed] == relaxed


def test_where_too_few_publishers_are_there_nothing_more_is_looked_for_and_the_page_says_so() -> None:
    made = shop(own=800, others=1)
    page = made.feed.page("v", now=NOW)
    assert len(page.slots) == 20
    assert [one.field for one in page.relaxed] == ["per_publisher"]
    assert [stage.after for stage in page.stages if stage.stage == "others"] == [0]
    assert len([stage for stage in page.stages if stage.kind == "selector"]) == 1


def test_what_was_seen_does_not_come_again_to_keep_a_cap() -> None:
    made = shop(own=800, others=12)
    shown: list[str] = []
    for _ in range(6):
        shown += made.page_ids("v")
    assert len(set(shown)) == len(shown) == 120
