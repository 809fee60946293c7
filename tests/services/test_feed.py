"""Pages of the feed."""

from __future__ import annotations

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.domain.account import Account, Role
from core.domain.errors import Forbidden, InvalidInput, Unavailable
from core.domain.mix import MixPolicy, Share
from core.domain.post import PostKind, PostStatus
from core.domain.viewer import SampleViewer
from core.feed.default_policy import DEFAULT_POLICY
from core.feed.served_record import SERVED_TOPIC, read_served
from core.services.delivery import Delivery
from core.services.feed import Feed
from tests.feed.world import NOW, World, make_post, world

PLAIN = MixPolicy(id="plain", name="Plain", per_publisher=50)


@pytest.fixture
def small() -> World:
    return world()


def test_a_new_viewer_gets_a_full_page_within_the_shares(small: World) -> None:
    page = small.feed.page("somebody", now=NOW)
    kinds = Counter(slot.kind for slot in page.slots)
    assert len(page.slots) == 20
    for kind, share in DEFAULT_POLICY.shares.items():
        assert share.least * 20 <= kinds[kind] <= share.most * 20


@pytest.mark.parametrize("size", [1, 2, 3, 7, 13, 50])
def test_a_page_has_the_size_that_was_asked_for_and_no_gap_is_broken(small: World, size: int) -> None:
    page = small.feed.page("somebody", size=size, now=NOW)
    assert [slot.position for slot in page.slots] == list(range(size))
    kinds = [slot.kind for slot in page.slots]
    assert not any(a is b is PostKind.PRODUCT for a, b in itertools.pairwise(kinds))
    assert max(Counter(slot.publisher for slot in page.slots).values()) <= 3


def test_no_post_comes_twice_until_the_catalogue_is_exhausted_then_the_oldest_come_first(small: World) -> None:
    first = small.page_ids("v")
    seen = list(first)
    cursor = "start"
    for _ in range(5):
        page = small.feed.page("v", now=NOW)
        seen += [slot.post for slot in page.slots]
        cursor = page.cursor or ""
    assert len(set(seen)) == len(seen) == 120
    assert cursor == ""
    again = small.feed.page("v", now=NOW, policy=PLAIN)
    assert [slot.post for slot in again.slots] == first
    assert any("seen longest ago come again" in note for note in again.notes)


def test_the_shares_hold_when_everything_comes_again(small: World) -> None:
    for _ in range(8):
        page = small.feed.page("v", now=NOW)
    kinds = Counter(slot.kind for slot in page.slots)
    assert kinds[PostKind.PROMOTIONAL] <= 4
    assert kinds[PostKind.UGC] >= 8


def test_what_is_new_goes_before_what_comes_again(small: World) -> None:
    for _ in range(6):
        small.page_ids("v")
    small.stores.posts.insert(make_post("brand-new", kind=PostKind.PROMOTIONAL, updated_at=NOW, publisher="pub-1"))
    small.stores.live.signals.bump("catalogue")
    assert "brand-new" in small.page_ids("v")


def test_fifty_requests_at_once_never_show_a_post_twice() -> None:
    many = world(posts=400)
    other = Feed(many.stores, Delivery("s" * 40))
    feeds = [many.feed, other]

    def ask(number: int) -> list[str]:
        return [slot.post for slot in feeds[number % 2].page("v", size=5, now=NOW).slots]

    with ThreadPoolExecutor(16) as pool:
        pages = list(pool.map(ask, range(50)))
    shown = [post for page in pages for post in page]
    assert len(shown) == 250
    assert len(set(shown)) == 250


def test_a_like_changes_the_very_next_page_and_says_why(small: World) -> None:
    page = small.feed.page("v", now=NOW)
    liked = [slot for slot in page.slots if "saree" in slot.tags][:2]
    for slot in liked:
        small.act("v", "like", slot.post)
    after = small.feed.page("v", now=NOW)
    counts = [sum("saree" in slot.tags for slot in one.slots) for one in (page, after)]
    assert counts[1] > counts[0]
    assert any(slot.reason.sentence == "Because you liked 2 posts tagged saree" for slot in after.slots)


def test_following_brings_a_publishers_posts_and_not_interested_takes_them_away(small: World) -> None:
    small.act("v", "follow", "", publisher="pub-5")
    page = small.feed.page("v", now=NOW)
    assert sum(slot.publisher == "pub-5" for slot in page.slots) == 3
    assert any(slot.reason.sentence == "From Publisher 5, whom you follow" for slot in page.slots)
    hidden = small.page_ids("w", record=False)[0]
    small.act("w", "not_interested", hidden)
    assert hidden not in small.page_ids("w", size=50)


def test_a_verdict_an_edit_and_a_new_post_count_on_the_next_page(small: World) -> None:
    shown = small.feed.page("v", now=NOW, record=False, policy=PLAIN)
    banned, edited = shown.slots[0].post, shown.slots[1].post
    small.change(banned, status=PostStatus.HELD)
    small.change(edited, title="A better title")
    after = {slot.post: slot for slot in small.feed.page("v", now=NOW, policy=PLAIN).slots}
    assert banned not in after
    assert after[edited].title == "A better title"


def test_a_post_whose_document_is_not_live_is_never_shown_even_if_the_index_missed_it(small: World) -> None:
    page = small.page_ids("v", record=False)
    small.stores.posts.patch(page[0], {"status": PostStatus.HELD, "updated_at": NOW})
    fresh = Feed(small.stores, Delivery("s" * 40))
    fresh.catalogue = small.feed.catalogue
    again = fresh.page("v", now=NOW, record=False)
    assert page[0] not in [slot.post for slot in again.slots]
    assert len(again.slots) == 20


def test_product_posts_out_of_stock_are_left_out_and_the_note_says_what_is_missing(small: World) -> None:
    small.feed.page("w", now=NOW)
    small.stores.products.patch("prod-0", {"stock": 0, "updated_at": NOW})
    small.stores.live.signals.bump("catalogue")
    page = small.feed.page("v", now=NOW)
    assert len(page.slots) == 20
    assert all(slot.kind is not PostKind.PRODUCT for slot in page.slots)
    assert "Product: the mix asks for at least 2 of 20 slots, but only 0 can be shown." in page.notes


def test_looking_does_not_count(small: World) -> None:
    looked = small.feed.page("v", now=NOW, record=False)
    assert small.stores.live.viewers.read("v").viewer.seen == ()
    small.feed.flush()
    assert small.stores.log.replay(SERVED_TOPIC) == []
    assert len(looked.slots) == 20


def test_a_served_page_is_logged_with_propensities(small: World) -> None:
    page = small.feed.page("v", now=NOW)
    small.feed.flush()
    (record,) = small.stores.log.replay(SERVED_TOPIC)
    kept = read_served(record.payload)
    assert kept.request == page.request
    assert [(slot.post, slot.propensity) for slot in kept.slots] == [
        (slot.post, slot.propensity) for slot in page.slots
    ]
    assert all(0 < slot.propensity <= 1 for slot in kept.slots)


def test_a_page_without_reasons_is_logged_like_any_other(small: World) -> None:
    told, untold = small.feed.page("v", now=NOW, staff=True), small.feed.page("w", reasons=False, now=NOW)
    assert [slot.post for slot in told.slots] != []
    small.feed.flush()
    kept = {page.viewer: page for page in (read_served(one.payload) for one in small.stores.log.replay(SERVED_TOPIC))}
    for page in (told, untold):
        slots = kept[page.viewer].slots
        assert [(slot.post, slot.propensity) for slot in slots] == [(slot.post, slot.propensity) for slot in page.slots]
        assert all(slot.rule and slot.odds and slot.sources for slot in slots)
    assert [(slot.score, slot.rule) for slot in kept["v"].slots] == [
        (slot.reason.scores["score"], slot.reason.rule) for slot in told.slots
    ]


def test_two_slots_of_twenty_try_new_posts_out(small: World) -> None:
    explored = [slot for slot in small.feed.page("v", now=NOW).slots if slot.reason.rule == "exploration"]
    assert len(explored) == 2
    assert all(slot.reason.sentence == "New post: being tried out with you" for slot in explored)
    assert all(slot.reason.displaced for slot in explored)


def test_slots_are_filled_for_the_phone(small: World) -> None:
    slot = next(slot for slot in small.feed.page("v", now=NOW).slots if slot.kind is PostKind.PRODUCT)
    assert slot.media.clip.startswith("/media/")
    assert slot.products[0].price_minor == 99_900
    assert slot.products[0].image.startswith("/media/")
    assert slot.publisher_name == f"Publisher {slot.publisher.removeprefix('pub-')}"
    assert slot.reason.sources
    assert {"engagement", "reputation", "freshness", "like"} <= set(slot.reason.scores)


def test_only_staff_read_what_a_post_earns(small: World) -> None:
    earns = {"business", "score"}
    assert all(not earns & slot.reason.scores.keys() for slot in small.feed.page("v", now=NOW).slots)
    for page in (small.feed.page("v", now=NOW, staff=True), small.feed.page("v", now=NOW, record=False)):
        assert all(earns <= slot.reason.scores.keys() for slot in page.slots)


def test_a_region_is_kept_apart(small: World) -> None:
    small.stores.posts.insert(make_post("far", region="UA", published_at=NOW))
    small.stores.sample_viewers.insert(SampleViewer(id="kyiv", name="Olena", region="UA", language="uk"))
    assert small.page_ids("kyiv") == ["far"]
    assert "far" not in small.page_ids("delhi", size=50, region="IN")


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("size", {"size": 0}),
        ("size", {"size": 51}),
        ("cursor", {"cursor": "nonsense"}),
        ("cursor", {"cursor": "A" * 1_000}),
        ("policy", {"policy": "unheard-of"}),
        ("session", {"session": "s" * 81}),
    ],
)
def test_a_wrong_request_names_its_field(small: World, field: str, asked: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as caught:
        small.feed.page("v", now=NOW, **asked)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_a_cursor_of_another_viewer_is_refused(small: World) -> None:
    cursor = small.feed.page("v", now=NOW).cursor
    assert cursor is not None
    assert small.feed.page("v", now=NOW, cursor=cursor).slots
    with pytest.raises(InvalidInput):
        small.feed.page("w", now=NOW, cursor=cursor)


def test_infeasible_rules_are_relaxed_with_a_note_and_never_empty_the_page(small: World) -> None:
    policy = MixPolicy(
        id="ads",
        name="Ads",
        shares={PostKind.PROMOTIONAL: Share(least=1.0)},
        gap={PostKind.PROMOTIONAL: 3},
        per_publisher=20,
    )
    page = small.feed.page("v", now=NOW, policy=policy)
    assert {slot.kind for slot in page.slots} == {PostKind.PROMOTIONAL}
    assert any("could not be kept" in note for note in page.notes)


def test_an_empty_catalogue_gives_an_empty_page_that_says_so() -> None:
    page = world(posts=0).feed.page("v", now=NOW)
    assert page.slots == ()
    assert page.cursor is None
    assert "nothing to show" in page.notes[-1]


def test_without_live_state_the_page_is_made_from_what_is_left(small: World) -> None:
    def down(*_: object, **__: object) -> object:
        raise Unavailable("the live store does not answer")

    small.feed.page("w", now=NOW)
    small.stores.live.viewers.read = down  # type: ignore[method-assign]
    small.stores.live.viewers.write = down  # type: ignore[method-assign]
    first, second = small.page_ids("v"), small.page_ids("v")
    assert len(first) == 20
    assert not set(first) & set(second)


def test_without_the_document_store_known_posts_are_shown_and_unknown_ones_are_not(small: World) -> None:
    def down(*_: object, **__: object) -> object:
        raise Unavailable("the document store does not answer")

    known = set(small.page_ids("w"))
    for id in small.feed.cards.posts._held.keys() - known:
        del small.feed.cards.posts._held[id]  # as in a process that has room for fewer posts than there are
    small.stores.documents.get_many = down  # type: ignore[method-assign]
    small.stores.documents.find = down  # type: ignore[method-assign]
    small.stores.live.signals.bump("catalogue")
    page = small.feed.page("v", now=NOW)
    assert page.slots
    assert {slot.post for slot in page.slots} <= known
    assert any("does not answer" in note for note in page.notes)


def test_a_page_needs_no_document_that_the_index_was_built_from(small: World) -> None:
    read: list[object] = []
    small.feed.warm_up(now=NOW)
    small.stores.documents.get_many = lambda *asked: read.append(asked) or {}  # type: ignore[method-assign,func-returns-value]
    assert len(small.page_ids("v")) == 20
    assert not [asked for asked in read if asked[0] in ("posts", "products")]  # type: ignore[index]


def test_only_product_managers_preview(small: World) -> None:
    manager = Account(id="a1", email="m@example.in", name="M", role=Role.PRODUCT_MANAGER)
    assert len(small.feed.preview(manager, "v", now=NOW).slots) == 20
    with pytest.raises(Forbidden):
        small.feed.preview(replace(manager, role=Role.MODERATOR), "v", now=NOW)


def test_the_default_policy_is_stored_once(small: World) -> None:
    small.feed.page("v", now=NOW)
    Feed(small.stores, Delivery("s" * 40)).page("v", now=NOW)
    assert [policy.id for policy in small.stores.policies.each()] == [DEFAULT_POLICY.id]


def test_a_shop_without_live_posts_says_that_none_is_live_yet() -> None:
    page = world(0).feed.page("v", now=NOW)
    assert page.slots == ()
    assert "no post is live yet" in page.notes[-1]
