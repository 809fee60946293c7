"""Kept pages: everything is recorded, and a page made again from its trace is the same to the last bit."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from core.domain.errors import Unavailable
from core.domain.mix import MixPolicy, Pin, Share
from core.domain.post import PostKind, PostTotals
from core.feed.index import Index
from core.feed.query import FeedQuery
from core.feed.replay import replay
from core.feed.trace_index import IDENTITY, USED_BEFORE, gathered
from core.feed.trace_record import FIELDS, Made, PageTrace, captured, read, trace_of, written
from core.pipeline.engine import FeedPipeline
from core.services.feed_request import PageRequest
from tests.feed.world import NOW, World, world

STRICT = MixPolicy(
    id="strict", name="Strict", per_publisher=1, per_topic=2, explore=0.2,
    shares={PostKind.UGC: Share(least=0.5), PostKind.PROMOTIONAL: Share(most=0.1)},
    session_shares={PostKind.PRODUCT: Share(most=0.3)}, gap={PostKind.PROMOTIONAL: 3},
    pins=(Pin(position=2, post="post-0007"),), weights={"like": 3.0},
)  # fmt: skip


@pytest.fixture
def lively() -> World:
    """A catalogue whose posts were edited and counted, and the viewer v who has acted, follows and hides."""
    made = world(posts=300)
    made.feed.page("v", now=NOW)
    for post in made.page_ids("v")[:5]:
        made.act("v", "like", post)
        made.now += 1
    made.act("v", "follow", "", publisher="pub-3")
    made.act("v", "not_interested", made.page_ids("v")[0])
    made.stores.live.trending.bump({f"post-{number:04}": 300.0 - number for number in range(0, 300, 3)}, now=NOW)
    for number in range(0, 300, 7):
        made.change(f"post-{number:04}", title="An edited title")
    made.stores.post_totals.upsert_many(
        PostTotals(id=f"post-{number:04}", counts={"impression": 50 + number, "like": number % 9}, updated_at=NOW)
        for number in range(0, 300, 5)
    )
    made.feed.catalogue.refresh(now=made.now)
    return made


def keep(world: World, viewer: str = "v", **more: Any) -> tuple[PageTrace, FeedPipeline[FeedQuery]]:
    """The trace of the page that the viewer would get, after a journey through bytes."""
    feed = world.feed
    asked = PageRequest(viewer=viewer, size=20) if not more else PageRequest(viewer=viewer, **({"size": 20} | more))
    page, outcome, query = feed.look(asked, now=world.now, policy=more.get("policy"))
    return read(
        written(trace_of(captured(query, outcome, feed.pipeline.source_names, page.request, "")))
    ), feed.pipeline


def test_every_field_of_a_query_is_recorded() -> None:
    assert set(FIELDS) == set(FeedQuery.__struct_fields__)


def test_every_column_of_an_index_is_recorded(lively: World) -> None:
    index = lively.feed.catalogue.at_least(0, now=lively.now)
    rows = np.array([3, 5, 8], np.int32)
    held = gathered(index, rows)
    told = {
        *held.columns,
        *held.plain,
        *(f"{name}_{part}" for name in held.ragged for part in ("flat", "starts", "counts")),
    }
    by_kind = {field.name for field in fields(Index) if field.type in ("Vocabulary", "Shelves")}
    assert told | by_kind | IDENTITY | USED_BEFORE == {field.name for field in fields(Index)}
    assert np.array_equal(held.columns["log_odds"], index.log_odds[rows])
    held.columns["log_odds"][:] = 0
    assert index.log_odds[rows].any()


@pytest.mark.parametrize(
    "more", [{}, {"size": 1}, {"size": 50}, {"region": "IN"}, {"languages": ("en",)}, {"policy": STRICT}]
)
def test_a_page_made_again_is_the_same_to_the_last_bit(lively: World, more: dict[str, Any]) -> None:
    trace, pipeline = keep(lively, **more)
    again = replay(trace, pipeline)
    assert again.difference == ""
    assert len(trace.made.rows.array()) == more.get("size", 20)
    assert len(again.outcome.candidates["score"]) >= len(trace.made.rows.array())


def test_a_page_of_what_comes_again_is_made_again_too(lively: World) -> None:
    for _ in range(16):
        lively.page_ids("v")
    trace, pipeline = keep(lively)
    again = replay(trace, pipeline)
    assert any("come again" in note for note in again.outcome.notes) or again.outcome.candidates["score"].min() < -999
    assert again.difference == ""


def test_what_changes_afterwards_does_not_change_a_kept_page(lively: World) -> None:
    page, outcome, query = lively.feed.look(PageRequest(viewer="v", size=20), now=lively.now)
    taken = captured(query, outcome, lively.feed.pipeline.source_names, page.request, "")
    lively.stores.post_totals.upsert_many(
        PostTotals(id=slot.post, counts={"impression": 10_000, "like": 9_000}, updated_at=NOW + 60_000)
        for slot in page.slots
    )
    lively.feed.catalogue.refresh(now=NOW + 60_000)
    lively.page_ids("v")
    again = replay(read(written(trace_of(taken))), lively.feed.pipeline)
    assert again.difference == ""
    ids = [again.query.index.ids[row] for row in again.outcome.selection.page.rows]
    assert ids == [slot.post for slot in page.slots]


def test_posts_that_safety_refused_stay_refused_and_stages_that_failed_fail_again(lively: World) -> None:
    scorers = (lively.feed.pipeline.scorers[0], Broken(), *lively.feed.pipeline.scorers[2:])
    lively.feed.making.pipeline = replace(lively.feed.pipeline, scorers=scorers)
    first = lively.page_ids("v", record=False)[:3]
    allowed = lively.feed.cards.allowed
    lively.feed.cards.allowed = lambda ids, at, now: allowed(ids, at, now=now) - set(first)  # type: ignore[method-assign]
    trace, pipeline = keep(lively)
    again = replay(trace, pipeline)
    assert len(trace.refused.array()) > 0
    assert [stage.stage for stage in again.outcome.stages if stage.failed] == ["broken"]
    assert again.difference == ""


class Broken:
    def score(self, query: FeedQuery, candidates: object) -> object:
        raise Unavailable("no model")


def test_the_first_difference_is_named_with_the_engine_that_made_the_page(lively: World) -> None:
    trace, pipeline = keep(lively)
    score = trace.made.scores["score"].array()
    score[4] = np.nextafter(score[4], 9.0)
    changed = type(trace.made.rows).of(score)
    made = Made(
        **{name: getattr(trace.made, name) for name in Made.__struct_fields__}
        | {"scores": {**trace.made.scores, "score": changed}}
    )
    other = PageTrace(
        **{name: getattr(trace, name) for name in PageTrace.__struct_fields__} | {"made": made, "engine": "older"}
    )
    told = replay(other, pipeline).difference
    assert told.startswith("score of slot 5 was ")
    assert "made by engine older" in told


def test_bytes_that_are_no_trace_are_refused() -> None:
    for data in (b"", b"FRT1", b"FRT1junk", b"PK\x03\x04", b"FRT9" + b"0" * 50):
        with pytest.raises(ValueError, match="trace"):
            read(data)
