"""A shop in which one publisher has most of the posts: the others are found when the rules need them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from core.domain.mix import MixPolicy
from core.feed.default_policy import DEFAULT_POLICY
from core.feed.query import marks_of
from core.feed.replay import replay
from core.feed.sources.others import Others
from core.feed.standings import Standing
from core.feed.trace_record import captured, read, trace_of, written
from core.feed.why_not import MadePage, WhyNot, why_not
from core.services.feed_request import PageRequest
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
    page, outcome, query = made.feed.look(PageRequest(viewer="v", size=20), now=NOW)
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


def not_proposed(made: World, policy: MixPolicy, size: int) -> tuple[set[str], dict[str, WhyNot]]:
    """Which posts the source would propose for a page, and why those are not on it that no source proposed."""
    _, outcome, query = made.feed.look(PageRequest(viewer="v", size=size), policy=policy, now=NOW)
    page = MadePage(query, outcome, made.feed.pipeline)
    rows = np.setdiff1d(np.arange(query.index.size), np.concatenate([rows for _, rows in outcome.proposals]))
    posts = [made.stores.posts.get(query.index.ids[row]) for row in rows]
    found = {post.id: why_not(page, post.id, post) for post in posts}
    assert {answer.code for answer in found.values()} == {"not_proposed"}
    again = structs.replace(query, marks=marks_of(query.index, query.viewer))
    proposed = {query.index.ids[row] for row in Others().propose(again).rows}
    return proposed, found


def standing(answer: WhyNot) -> Standing:
    (found,) = [one for one in answer.standings if one.source == "others"]
    return found


def test_a_post_that_only_this_source_would_have_found_is_told_so_and_no_other() -> None:
    proposed, answers = not_proposed(shop(own=400, others=60), replace(DEFAULT_POLICY, per_publisher=30), size=10)
    assert proposed & answers.keys()
    assert answers.keys() - proposed
    for id, answer in answers.items():
        assert ("The source others would have" in answer.sentence) == (id in proposed)
        assert "Nearest was others" not in answer.sentence
        assert standing(answer).rank is None
        assert standing(answer).detail.startswith("it was not asked, as the rules left choice enough: ")


def test_where_this_source_was_asked_it_says_where_it_has_the_post() -> None:
    proposed, answers = not_proposed(shop(own=400, others=130), DEFAULT_POLICY, size=20)
    assert answers
    assert not proposed & answers.keys()
    for id, answer in answers.items():
        told = standing(answer)
        assert told.rank is not None
        assert told.rank > told.takes
        assert told.takes == (3 if id.startswith("own") else 100)
        assert "would have" not in answer.sentence


def test_where_too_few_publishers_are_there_that_is_why_this_source_finds_nothing() -> None:
    _, answers = not_proposed(shop(own=400, others=1), DEFAULT_POLICY, size=20)
    assert answers
    assert {standing(answer).detail for answer in answers.values()} == {
        "the shop has too few publishers to fill the page by the rules"
    }


def test_what_was_seen_does_not_come_again_to_keep_a_cap() -> None:
    made = shop(own=800, others=12)
    shown: list[str] = []
    for _ in range(6):
        shown += made.page_ids("v")
    assert len(set(shown)) == len(shown) == 120
