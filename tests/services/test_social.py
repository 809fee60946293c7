"""Shares with links, and follows."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.anonymous import Anonymous
from core.domain.errors import Conflict, Duplicate, InvalidInput, NotFound, Unavailable
from core.domain.events import EventKind, ViewerEvent
from core.domain.post import PostStatus
from core.services.audit import Audit
from core.services.community import Community
from core.services.reports import Reports
from core.services.social import Social
from tests.fakes.failing import failing_once
from tests.feed.world import NOW, World, world

POST = "post-0000"


@pytest.fixture
def small() -> World:
    return world(posts=6, publishers=3)


@pytest.fixture
def social(small: World) -> Social:
    return Social(small.stores, small.engagement, "shop://posts/{post}?share={share}")


def work(small: World, social: Social) -> None:
    small.engagement.consume("worker", now=NOW)
    reports = Reports(small.stores, Audit(small.stores), Anonymous("of this shop"))
    Community(small.stores, reports, social).consume("worker", now=NOW)


def test_a_share_is_a_link_and_an_event(small: World, social: Social) -> None:
    made = social.share(POST, "v", channel="whatsapp", id="s1", now=NOW)
    assert made.link == "shop://posts/post-0000?share=s1"
    assert social.share(POST, "v", id="s1", now=NOW + 1).created_at == NOW
    work(small, social)
    assert small.stores.post_totals.get(POST).shown == (0, 0, 1)
    with pytest.raises(Duplicate):
        social.share(POST, "somebody else", id="s1", now=NOW)


def test_opening_a_link_counts_once_per_viewer(small: World, social: Social) -> None:
    made = social.share(POST, "v", id="s" * 80, now=NOW)
    assert social.open(made.id, "w" * 80, now=NOW).first
    assert not social.open(made.id, "w" * 80, now=NOW + 5).first
    assert social.open(made.id, "x", now=NOW).post == POST
    work(small, social)
    assert social.shared(made.id).opens == 2
    assert small.stores.post_totals.get(POST).counts == {"share": 1, "share_open": 2}


def test_an_open_is_of_one_viewer_and_one_link_whatever_their_ids_are(social: Social) -> None:
    for id in ("s", "s:x"):
        social.share(POST, "v", id=id, now=NOW)
    assert social.open("s", "x:w", now=NOW).first
    assert social.open("s:x", "w", now=NOW).first


def test_a_follow_is_of_one_viewer_and_one_publisher_whatever_their_ids_are(small: World, social: Social) -> None:
    for viewer, publisher in (("a>b", "c"), ("a", "b>c")):
        event = {"id": f"f{viewer}", "kind": "follow", "viewer": viewer, "publisher": publisher, "at": NOW}
        social.take(msgspec.convert(event, ViewerEvent), now=NOW)
    assert [social.followers(publisher) for publisher in ("c", "b>c")] == [1, 1]


def test_a_link_spells_what_an_address_cannot_hold(social: Social) -> None:
    assert social.share(POST, "v", id="s?&#=%", now=NOW).link == "shop://posts/post-0000?share=s%3F%26%23%3D%25"


def test_opens_are_counted_though_the_store_or_the_worker_fails_after_the_event(small: World, social: Social) -> None:
    made = social.share(POST, "v", id="s1", now=NOW)
    social.open(made.id, "w", now=NOW)
    social.open(made.id, "x", now=NOW)
    with failing_once(small.stores.documents, "shares"), pytest.raises(Unavailable):
        work(small, social)
    commit = small.stores.log.commit

    def lost(*given: object) -> None:
        raise Conflict("the lease is over")

    small.stores.log.commit = lost  # type: ignore[method-assign]
    community = Community(small.stores, Reports(small.stores, Audit(small.stores), Anonymous("of this shop")), social)
    with pytest.raises(Conflict):
        community.consume("worker", now=NOW)
    small.stores.log.commit = commit  # type: ignore[method-assign]
    community.consume("worker", now=NOW)
    assert social.shared(made.id).opens == 2


def test_an_open_that_an_app_sends_as_an_event_of_its_own_is_not_counted_twice(small: World, social: Social) -> None:
    made = social.share(POST, "v", id="s1", now=NOW)
    social.open(made.id, "w", now=NOW)
    sent = {"id": "mine", "kind": "share_open", "viewer": "w", "at": NOW, "post": POST, "share": made.id}
    small.engagement.accept([sent, sent | {"id": "other", "share": "no such share"}], NOW)
    work(small, social)
    assert social.shared(made.id).opens == 1


def test_a_link_to_a_post_that_is_gone_opens_nothing(small: World, social: Social) -> None:
    made = social.share(POST, "v", now=NOW)
    small.stores.posts.patch(POST, {"status": PostStatus.WITHDRAWN})
    for act in (
        lambda: social.shared(made.id),
        lambda: social.open(made.id, "w", now=NOW),
        lambda: social.shared("no"),
    ):
        with pytest.raises(NotFound):
            act()


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("channel", {"channel": "pigeon"}),
        ("id", {"id": ""}),
        ("id", {"id": "s/1"}),
        ("id", {"id": "s\0"}),
        ("viewer", {}),
    ],
)
def test_a_wrong_share_names_its_field(social: Social, field: str, more: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        social.share(POST, "" if field == "viewer" else "v", now=NOW, **more)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_a_follow_is_listed_at_once_and_counted_by_the_worker(small: World, social: Social) -> None:
    social.follow("v", "pub-1", following=True, now=NOW)
    social.follow("v", "pub-2", following=True, now=NOW + 1)
    assert [one.id for one in social.follows("v").items] == ["pub-2", "pub-1"]
    assert social.publisher("pub-1").followers == 0
    work(small, social)
    assert social.publisher("pub-1").followers == 1
    social.follow("v", "pub-1", following=False, now=NOW + 2)
    assert [one.id for one in social.follows("v").items] == ["pub-2"]
    work(small, social)
    assert (social.publisher("pub-1").followers, social.publisher("pub-1").posts) == (0, 2)
    with pytest.raises(NotFound):
        social.follow("v", "nobody", following=True, now=NOW)


def test_follows_come_in_pages_and_a_new_one_moves_none(small: World, social: Social) -> None:
    for number in range(3):
        social.follow("v", f"pub-{number}", following=True, now=NOW + number)
    first = social.follows("v", limit=1)
    assert [one.id for one in first.items] == ["pub-2"]
    social.follow("v", "pub-2", following=True, now=NOW + 5)
    second = social.follows("v", limit=1, cursor=first.cursor)
    third = social.follows("v", limit=1, cursor=second.cursor)
    assert [[one.id for one in page.items] for page in (second, third)] == [["pub-1"], ["pub-0"]]
    assert third.cursor is None
    assert social.follows("v", cursor="999").items == social.follows("v").items


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 101}, {"cursor": "-1"}, {"cursor": "²"}, {"cursor": ""}])
def test_a_wrong_page_of_follows_names_its_field(social: Social, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as caught:
        social.follows("v", **wrong)  # type: ignore[arg-type]
    assert [caught.value.field] == list(wrong)


def test_the_newest_follow_event_holds_in_whatever_order_they_come(small: World, social: Social) -> None:
    def event(kind: EventKind, at: int) -> ViewerEvent:
        return ViewerEvent(id=f"{kind}{at}", kind=kind, viewer="v", at=at, publisher="pub-1")

    for one in (event(EventKind.UNFOLLOW, NOW), event(EventKind.FOLLOW, NOW - 5), event(EventKind.UNFOLLOW, NOW)):
        social.take(one, now=NOW)
    assert social.followers("pub-1") == 0
