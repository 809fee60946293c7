"""Why a post is not on a page: the first reason, and numbers that hold when they are tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.domain.mix import MixPolicy, Pin, Share
from core.domain.mix_rules import rules
from core.domain.post import PostKind, PostStatus
from core.feed.default_policy import DEFAULT_POLICY
from core.feed.index import KINDS
from core.feed.query import FeedQuery
from core.feed.replay import replay
from core.feed.slotting import EXPLORED
from core.feed.trace_record import captured, trace_of
from core.feed.what_if import without_each
from core.feed.why_not import CODES, MadePage, WhyNot, why_not
from core.pipeline.candidates import Candidates, Kept, Selection
from core.services.feed_request import PageRequest
from tests.feed.world import NOW, World, make_post, make_product, world

PLAIN = MixPolicy(id="plain", name="Plain", per_publisher=50, explore=0.0)
REQUEST = "01KAXA2T6H8J0K2M4N6P8Q0R2S"
"""Always the same lots."""


@pytest.fixture
def small() -> World:
    return world(posts=400)


def ask(small: World, post: str, *, then: bool = False, **more: Any) -> WhyNot:
    """The answer for the page of 10 that the viewer v would get; with `then`, for the same page made again from its trace."""
    policy, region = more.pop("policy", PLAIN), more.get("region")
    asked = PageRequest(viewer="v", request=REQUEST, **({"size": 10} | more))
    page, outcome, query = small.feed.look(asked, policy=policy, region=region, now=small.now)
    pipeline = small.feed.pipeline
    if then:
        made = replay(trace_of(captured(query, outcome, pipeline.source_names, page.request, "")), pipeline)
        query, outcome = made.query, made.outcome
    found = why_not(MadePage(query, outcome, pipeline, str.capitalize, then), post, small.stores.posts.find_one(post))
    assert found.code in CODES
    assert found.sentence.endswith(".")
    assert found.post == post
    return found


def chosen(small: World, policy: MixPolicy) -> list[str]:
    """What the mix puts on the page of 10 of the viewer v, before new posts are tried out."""
    _, outcome, query = small.feed.look(PageRequest(viewer="v", size=10, request=REQUEST), policy=policy, now=small.now)
    made = outcome.selection
    shown = zip(made.page.rows.tolist(), made.displaced, made.rules, strict=True)
    return [query.index.ids[displaced if rule == EXPLORED else row] for row, displaced, rule in shown]


def test_a_post_on_the_page_is_told_with_its_slot(small: World) -> None:
    page, _, _ = small.feed.look(PageRequest(viewer="v", size=10, request=REQUEST), policy=PLAIN, now=small.now)
    for then in (False, True):
        for slot in page.slots:
            found = ask(small, slot.post, then=then)
            assert (found.code, found.slot, found.rule) == ("on_page", slot.position, slot.reason.rule)


@pytest.mark.parametrize("then", [False, True])
def test_an_unknown_post_is_unknown(small: World, then: bool) -> None:
    assert ask(small, "unheard-of", then=then).code == "unknown"


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"status": PostStatus.HELD}, "not_live", "held"),
        ({"status": PostStatus.DRAFT}, "not_live", "draft"),
        ({"media": None}, "not_playable", "media"),
    ],
)
def test_a_post_that_nobody_may_see_says_what_state_it_is_in(
    small: World, changes: dict[str, object], code: str, said: str
) -> None:
    small.change("post-0001", **changes)
    found = ask(small, "post-0001")
    assert found.code == code
    assert said in found.sentence


def test_a_post_that_the_index_has_not_taken_in_yet_says_so(small: World) -> None:
    small.page_ids("v", record=False)
    small.stores.posts.insert(make_post("fresh"))
    assert ask(small, "fresh").code == "not_indexed"


def test_out_of_stock_region_language_hidden_and_unwanted_publishers_are_told_apart(small: World) -> None:
    small.stores.products.insert(make_product("gone", stock=0))
    small.stores.posts.insert(make_post("sold-out", kind=PostKind.PRODUCT, products=("gone",), updated_at=NOW))
    small.stores.posts.insert(make_post("far", region="UA", updated_at=NOW))
    small.stores.posts.insert(make_post("hindi", language="hi", updated_at=NOW))
    small.stores.live.signals.bump("catalogue")
    assert ask(small, "sold-out").code == "out_of_stock"
    far = ask(small, "far", region="IN")
    assert (far.code, far.sentence) == ("another_region", "It is for UA; the page is for IN.")
    assert ask(small, "hindi", languages=("en",)).code == "another_language"
    small.act("v", "not_interested", "post-0005")
    assert ask(small, "post-0005").code == "hidden_by_the_viewer"
    for number in range(29, 29 + 24 * 8, 24):
        small.act("v", "not_interested", f"post-{number:04}")
    unwanted = ask(small, f"post-{29 + 24 * 9:04}")
    assert unwanted.code == "publisher_not_wanted"


@pytest.mark.parametrize("then", [False, True])
def test_a_post_that_was_seen_says_how_long_ago(small: World, then: bool) -> None:
    shown = small.page_ids("v", size=10, policy=PLAIN)
    small.now += 3_600_000
    small.act("v", "like", shown[4], at=NOW)
    found = ask(small, shown[4], then=then)
    assert found.code == "already_seen"
    assert "5 posts ago; they acted on it 1 hour ago" in found.sentence


def test_a_post_that_no_source_proposed_says_where_it_stands_on_every_shelf(small: World) -> None:
    for number in range(0, 60, 6):
        small.act("v", "like", f"post-{number:04}")
    found = ask(small, "post-0390")
    assert found.code == "not_proposed"
    by_source = {one.source: one for one in found.standings}
    assert set(by_source) == {
        name for name in small.feed.pipeline.source_names if name not in ("everything", "seen again")
    }
    tag = by_source["tag affinity"]
    assert tag.takes == 40
    assert tag.rank is not None
    assert tag.rank > 40
    assert f"{tag.rank}" in tag.detail
    assert "'Saree', the source takes 40" in tag.detail
    assert "follow" in by_source["following"].detail
    assert "days old" in by_source["fresh"].detail
    assert tag.detail in found.sentence or by_source["popular"].detail in found.sentence


def test_the_rank_on_a_shelf_counts_what_the_viewer_may_be_shown(small: World) -> None:
    popular = {one.source: one for one in ask(small, "post-0399").standings}["popular"]
    small.page_ids("v", size=40, policy=PLAIN)
    after = {one.source: one for one in ask(small, "post-0399").standings}["popular"]
    assert popular.rank is not None
    assert after.rank is not None
    assert 0 < popular.rank - after.rank <= 40


def test_of_a_page_of_the_past_shelves_are_not_kept_and_that_is_said(small: World) -> None:
    found = ask(small, "post-0390", then=True)
    assert found.code == "not_proposed"
    assert "not kept" in found.sentence


@pytest.mark.parametrize("then", [False, True])
def test_the_score_it_would_have_needed_is_exact(small: World, then: bool) -> None:
    _, outcome, query = small.feed.look(PageRequest(viewer="v", size=10, request=REQUEST), policy=PLAIN, now=small.now)
    place = int(np.argsort(-outcome.candidates["score"])[40])
    id = query.index.ids[outcome.candidates.rows[place]]
    found = ask(small, id, then=then)
    assert (found.code, found.rank) == ("score", 41)
    assert found.needed is not None
    assert found.score is not None
    assert found.lowest is not None
    assert found.score < found.needed <= found.lowest + 1e-6
    for wanted, shown in ((found.needed, True), (found.needed - 1e-5, False)):
        scores = outcome.candidates["score"].copy()
        scores[place] = wanted
        made = small.feed.pipeline.selector.select(query, outcome.candidates.scored(score=scores))
        assert (outcome.candidates.rows[place] in (*made.page.rows, *made.displaced)) == shown


@pytest.mark.parametrize(
    ("policy", "kind", "said"),
    [
        ({"shares": {PostKind.PROMOTIONAL: Share(most=0.0)}}, PostKind.PROMOTIONAL, "at most 0%"),
        ({"shares": {PostKind.PRODUCT: Share(least=0.8)}}, PostKind.UGC, "at least 80%"),
        ({"shares": {PostKind.PROMOTIONAL: Share(most=0.125)}}, PostKind.PROMOTIONAL, "at most 12.5%"),
        ({"session_shares": {PostKind.PROMOTIONAL: Share(most=0.1)}}, PostKind.PROMOTIONAL, "at most 10% of a session"),
        ({"gap": {PostKind.PROMOTIONAL: 9}}, PostKind.PROMOTIONAL, "gap between promotional posts"),
        ({"per_publisher": 1}, None, "of one publisher"),
    ],
)
def test_the_rule_that_kept_it_out_is_named_and_without_it_the_post_is_on_the_page(
    policy: dict[str, Any], kind: PostKind | None, said: str
) -> None:
    small = world(posts=400, publishers=12)
    strict = replace(PLAIN, **policy)
    without, within = chosen(small, PLAIN), chosen(small, strict)
    cut = [id for id in without if id not in within and kind in (None, small.stores.posts.get(id).kind)]
    assert cut
    for id in cut:
        found = ask(small, id, policy=strict)
        assert found.code in ("rule", "displaced"), found.sentence
        assert said in found.rule.lower().replace("posts of one publisher", "of one publisher"), found.rule
        assert found.rule in set(dict(rules(strict)).values())
        assert found.rule in found.sentence


def test_every_rule_that_may_keep_a_post_out_goes_by_the_name_that_the_mix_gives_it() -> None:
    policy = MixPolicy(
        id="p", name="P", shares={kind: Share(least=0.125, most=0.625) for kind in PostKind},
        session_shares={PostKind.UGC: Share(least=0.0, most=0.333)}, gap=dict.fromkeys(PostKind, 2),
        per_brand=1, per_topic=4, pins=(Pin(position=0, post="a"), Pin(position=6, post="b")),
    )  # fmt: skip
    named = {name for place in range(len(KINDS)) for name, _ in without_each(policy, place)}
    assert named == {*dict(rules(policy)).values(), "several rules together"}


def test_a_post_whose_slot_tries_a_new_one_out_is_told_so(small: World) -> None:
    for _ in range(30):
        _, outcome, query = small.feed.look(PageRequest(viewer="v", size=20), now=small.now)
        tried = [slot for slot, rule in enumerate(outcome.selection.rules) if rule == "exploration"]
        if tried:
            break
    id = query.index.ids[outcome.selection.displaced[tried[0]]]
    found = why_not(MadePage(query, outcome, small.feed.pipeline), id, small.stores.posts.get(id))
    assert found.code == "tried_out"
    assert f"slot {tried[0] + 1}" in found.sentence


def test_what_safety_refused_and_what_a_filter_dropped_are_named(small: World) -> None:
    first, second = small.page_ids("v", size=10, policy=PLAIN, record=False)[:2]
    allowed = small.feed.cards.allowed
    small.feed.cards.allowed = lambda ids, at, now: allowed(ids, at, now=now) - {first}  # type: ignore[method-assign]
    small.feed.making.pipeline = replace(small.feed.pipeline, filters=(*small.feed.pipeline.filters, NotThis(second)))
    for then in (False, True):
        assert ask(small, first, then=then).code == "refused"
        dropped = ask(small, second, then=then)
        assert dropped.code == "filtered"
        assert "too loud" in dropped.sentence


class NotThis:
    def __init__(self, id: str) -> None:
        self.id = id

    def filter(self, query: FeedQuery, candidates: Candidates) -> Kept:
        return Kept.of(candidates, ("too loud", np.array([query.index.ids[row] == self.id for row in candidates.rows])))


def test_every_post_of_a_catalogue_has_an_answer(small: World) -> None:
    small.page_ids("v", size=10)
    for number in range(0, 400, 9):
        found = ask(small, f"post-{number:04}", policy=DEFAULT_POLICY)
        assert found.code in {"on_page", "already_seen", "not_proposed", "rule", "score", "displaced", "tried_out"}


def test_when_the_mix_had_failed_the_answer_says_so_and_tries_nothing(small: World) -> None:
    small.feed.making.pipeline = replace(small.feed.pipeline, selector=NoMix())
    page, outcome, query = small.feed.look(PageRequest(viewer="v", size=10), policy=PLAIN, now=small.now)
    assert len(page.slots) == 10
    last = query.index.ids[outcome.candidates.rows[np.argmin(outcome.candidates["score"])]]
    found = ask(small, last)
    assert found.code == "score"
    assert "the mix had failed" in found.sentence


class NoMix:
    def select(self, query: FeedQuery, candidates: Candidates) -> Selection:
        raise RuntimeError("no mix")
