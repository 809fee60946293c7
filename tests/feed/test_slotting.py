"""The page as the feed serves it: pins, sessions, caps on brands and topics, and exploration that keeps them all."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import pytest

from core.domain.account import Account, Role
from core.domain.feed import FeedPage
from core.domain.ids import MINUTE
from core.domain.mix import MixPolicy, Pin, Share
from core.domain.post import PostKind, PostStatus
from core.feed.slotting import EXPLORED
from tests.feed.world import NOW, World, make_post, make_product, world

PLAIN = MixPolicy(id="plain", name="Plain", per_publisher=50, explore=0.0)
MANAGER = Account(id="m", name="M", email="m@x.y", role=Role.PRODUCT_MANAGER)


@pytest.fixture
def small() -> World:
    return world()


def kinds(page: FeedPage) -> list[str]:
    return [slot.kind.value for slot in page.slots]


def test_a_pinned_post_that_no_source_proposes_stands_in_its_slot_on_the_first_page_of_a_session_only() -> None:
    many = world(posts=1_200, publishers=60)
    policy = replace(PLAIN, pins=(Pin(position=3, post="post-1190"),))
    plain = many.feed.page("w", size=10, policy=PLAIN, record=False, now=NOW)
    assert "post-1190" not in [slot.post for slot in plain.slots]
    first = many.feed.page("v", size=10, policy=policy, now=NOW)
    assert first.slots[3].post == "post-1190"
    assert first.slots[3].reason.rule == "pin at position 4"
    assert first.slots[3].reason.sentence == "Chosen for this place by the shop"
    second = many.feed.page("v", size=10, policy=policy, cursor=first.cursor, now=NOW)
    assert "post-1190" not in [slot.post for slot in second.slots]


def test_in_the_next_session_a_pin_stands_for_those_who_have_not_seen_the_post(small: World) -> None:
    policy = replace(PLAIN, pins=(Pin(position=0, post="post-0099"),))
    small.feed.page("v", size=5, policy=PLAIN, now=NOW)
    later = NOW + 31 * MINUTE
    assert small.feed.page("v", size=5, policy=policy, now=later).slots[0].post == "post-0099"
    last = small.feed.page("v", size=5, policy=policy, now=later + 31 * MINUTE)
    assert "post-0099" not in [slot.post for slot in last.slots]
    assert not last.relaxed


def test_a_pin_on_a_post_that_may_not_be_shown_is_told(small: World) -> None:
    small.change("post-0099", status=PostStatus.HELD)
    page = small.feed.page("v", policy=replace(PLAIN, pins=(Pin(position=0, post="post-0099"),)), now=NOW)
    assert len(page.slots) == 20
    assert "Pinned to slot 1: not live, or not for this viewer." in page.notes


def test_a_pin_that_safety_refuses_leaves_its_slot_to_others(small: World) -> None:
    allowed = small.feed.cards.allowed
    small.feed.cards.allowed = lambda ids, at, now: allowed(ids, at, now=now) - {"post-0099"}  # type: ignore[method-assign]
    page = small.feed.page("v", policy=replace(PLAIN, pins=(Pin(position=0, post="post-0099"),)), now=NOW)
    assert len(page.slots) == 20
    assert "post-0099" not in [slot.post for slot in page.slots]


def test_session_shares_hold_over_pages_and_begin_anew_after_a_pause_or_under_another_name(small: World) -> None:
    policy = replace(PLAIN, session_shares={PostKind.PRODUCT: Share(most=0.1)})
    served: list[str] = []
    for _ in range(4):
        served += kinds(small.feed.page("v", size=5, policy=policy, now=NOW))
        assert served.count("product") <= 0.1 * len(served)
    session = small.stores.live.viewers.read("v").viewer.session
    assert (session.slots, sum(session.kinds.values()), session.last[-1]) == (20, 20, served[-1])
    small.feed.page("v", size=5, policy=policy, now=NOW + 31 * MINUTE)
    assert small.stores.live.viewers.read("v").viewer.session.slots == 5
    small.feed.page("v", size=5, policy=policy, session="evening", now=NOW + 32 * MINUTE)
    session = small.stores.live.viewers.read("v").viewer.session
    assert (session.id, session.slots) == ("evening", 5)


def test_a_cursor_goes_on_in_the_session_that_it_came_from(small: World) -> None:
    first = small.feed.page("v", size=5, now=NOW)
    second = small.feed.page("v", size=5, now=NOW + MINUTE, cursor=first.cursor)
    small.feed.page("v", size=5, now=NOW + 2 * MINUTE, cursor=second.cursor)
    session = small.stores.live.viewers.read("v").viewer.session
    assert (session.id, session.slots) == (first.request, 15)


def test_gaps_hold_over_the_border_of_pages(small: World) -> None:
    policy = replace(PLAIN, gap={PostKind.PRODUCT: 2, PostKind.UGC: 1})
    served: list[str] = []
    for _ in range(6):
        served += kinds(small.feed.page("v", size=4, policy=policy, now=NOW))
    places = [place for place, kind in enumerate(served) if kind == "product"]
    assert min(b - a for a, b in itertools.pairwise(places)) > 2


def test_a_preview_of_the_second_page_counts_the_first(small: World) -> None:
    policy = replace(
        PLAIN, session_shares={PostKind.PRODUCT: Share(most=0.1)}, pins=(Pin(position=0, post="post-0099"),)
    )
    first = small.feed.preview(MANAGER, "v", size=10, policy=policy, now=NOW)
    shown = tuple(slot.post for slot in first.slots)
    second = small.feed.preview(MANAGER, "v", size=10, policy=policy, shown=shown, now=NOW)
    assert first.slots[0].post == "post-0099"
    assert kinds(first).count("product") + kinds(second).count("product") <= 2


def test_brands_and_topics_are_capped_and_follow_edits_of_posts_and_products(small: World) -> None:
    capped = replace(PLAIN, per_brand=1, per_topic=2)
    page = small.feed.page("v", size=8, policy=capped, record=False, now=NOW)
    assert max(Counter(slot.tags[0] for slot in page.slots).values()) <= 2
    assert kinds(page).count("product") <= 1  # all products of this world are of one brand
    small.stores.products.insert(make_product("prod-1", brand="Meera", updated_at=NOW))
    index = small.feed.catalogue.at_least(0, now=NOW)
    row = index.row("post-0003")
    assert index.brands.names[index.brand[row]] == "Kiran"
    small.change("post-0003", products=("prod-1",), tags=("phone", "saree"))
    small.stores.products.patch("prod-0", {"brand": "Tara", "updated_at": NOW})
    small.stores.live.signals.bump("catalogue")
    small.feed.page("v", size=8, policy=capped, record=False, now=NOW)
    index = small.feed.catalogue.at_least(0, now=NOW)
    assert index.brands.names[index.brand[index.row("post-0003")]] == "Meera"
    assert index.tags.names[index.topic[index.row("post-0003")]] == "phone"
    assert index.brands.names[index.brand[index.row("post-0007")]] == "Tara"
    assert index.brand[index.row("post-0000")] == index.brand[index.row("post-0024")]  # no product: the publisher
    assert index.brand[index.row("post-0000")] != index.brand[index.row("post-0001")]


def test_a_post_without_tags_has_no_topic() -> None:
    made = world(posts=0)
    made.stores.posts.upsert_many(make_post(f"bare-{number}", publisher=f"pub-{number}") for number in range(9))
    page = made.feed.page("v", size=8, policy=replace(PLAIN, per_topic=1), now=NOW)
    assert len(page.slots) == 8
    assert not page.relaxed


@pytest.mark.parametrize("seed", range(12))
def test_exploration_keeps_every_cap_and_leaves_pins_alone(small: World, seed: int) -> None:
    policy = replace(
        PLAIN, explore=0.5, per_publisher=2, per_brand=3, per_topic=5, gap={PostKind.PRODUCT: 1},
        pins=(Pin(position=4, post="post-0050"),), shares={PostKind.PROMOTIONAL: Share(most=0.2)},
    )  # fmt: skip
    page = small.feed.page(f"viewer-{seed}", size=16, policy=policy, now=NOW)
    assert not page.relaxed
    assert any(slot.reason.rule == EXPLORED for slot in page.slots)
    assert page.slots[4].post == "post-0050"
    assert page.slots[4].propensity == 1
    assert max(Counter(slot.publisher for slot in page.slots).values()) <= 2
    assert max(Counter(slot.tags[0] for slot in page.slots).values()) <= 5
    assert kinds(page).count("product") <= 3  # one brand
    assert kinds(page).count("promotional") <= 3


def test_a_policy_without_exploration_tries_nothing(small: World) -> None:
    page = small.feed.page("v", policy=PLAIN, now=NOW)
    assert all(slot.propensity == 1 and slot.reason.rule != EXPLORED for slot in page.slots)


def test_what_gave_way_is_on_the_page_as_data(small: World) -> None:
    policy = replace(PLAIN, per_publisher=1, shares={PostKind.UGC: Share(least=0.8)})
    page = small.feed.page("v", size=20, policy=policy, now=NOW)
    assert len(page.slots) == 20
    assert {relaxed.field for relaxed in page.relaxed} <= {"shares.ugc.least", "per_publisher"}
    assert {relaxed.note for relaxed in page.relaxed} <= set(page.notes)
