"""Viewer events: in once each, refused with a reason, counted exactly once."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import TooLarge, Unavailable
from core.domain.events import CLOCK_AHEAD, OLDEST
from core.domain.ids import DAY
from core.domain.ports.live import TREND_HALF_LIFE
from core.domain.post import PostStatus, PostTotals
from core.domain.publisher import Publisher, PublisherKind
from core.domain.viewer import ViewerState
from core.services.engagement import TOPIC, Engagement
from core.services.event_intake import EventStatus
from tests.feed.world import NOW, World, make_post, world


@pytest.fixture
def small() -> World:
    return world(posts=12, publishers=3)


def like(id: str, post: str = "post-0000", viewer: str = "v", **more: object) -> dict[str, object]:
    return {"id": id, "kind": "like", "viewer": viewer, "at": NOW, "post": post} | more


def state_of(small: World, viewer: str = "v") -> object:
    return small.stores.live.viewers.read(viewer).viewer


def test_an_accepted_event_is_in_the_log_and_in_the_state(small: World) -> None:
    (result,) = small.engagement.accept([like("e1")], NOW)
    assert result.status is EventStatus.ACCEPTED
    assert [record.id for record in small.stores.log.replay(TOPIC)] == ["e1"]
    assert state_of(small).liked == ("post-0000",)  # type: ignore[attr-defined]


def test_the_same_event_again_is_a_duplicate_and_changes_nothing(small: World) -> None:
    small.engagement.accept([like("e1")], NOW)
    before = state_of(small)
    results = small.engagement.accept([like("e1"), like("e1")], NOW)
    assert [result.status for result in results] == [EventStatus.DUPLICATE] * 2
    assert state_of(small) == before


def test_another_event_under_an_id_that_is_taken_changes_no_state(small: World) -> None:
    small.engagement.accept([like("e1", viewer="a")], NOW)
    other = like("e1", viewer="b") | {"kind": "not_interested"}
    (result,) = small.engagement.accept([other], NOW)
    assert result.status is EventStatus.DUPLICATE
    small.engagement.consume("worker", now=NOW)
    assert small.stores.live.viewers.read("b").viewer == ViewerState(viewer="b")
    assert small.stores.live.viewers.read("a").viewer.liked == ("post-0000",)


def test_one_id_twice_in_a_batch_counts_once(small: World) -> None:
    results = small.engagement.accept([like("e1"), like("e1")], NOW)
    assert [result.status for result in results] == [EventStatus.ACCEPTED, EventStatus.DUPLICATE]
    assert state_of(small).tags["saree"] < 1.01  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("post", {"post": "unheard-of"}),
        ("post", {"post": ""}),
        ("post", {"post": "p" * 81}),
        ("id", {"id": ""}),
        ("id", {"id": "e" * 81}),
        ("id", {"id": 7}),
        ("id", {"id": "e\n2"}),
        ("viewer", {"viewer": "v\0z"}),
        ("viewer", {"viewer": "é\x85"}),
        ("viewer", {"viewer": None}),
        ("kind", {"kind": "stare"}),
        ("kind", {"kind": "served"}),
        ("at", {"at": NOW + CLOCK_AHEAD + 1}),
        ("at", {"at": NOW - OLDEST - 1}),
        ("at", {"at": "yesterday"}),
        ("seconds", {"kind": "watch", "seconds": -1}),
        ("completion", {"kind": "watch", "completion": 1e9}),
        ("value_minor", {"kind": "order", "value_minor": -5}),
        ("quantity", {"kind": "order", "quantity": 0}),
        ("text", {"kind": "comment", "text": "hello"}),
        ("publisher", {"kind": "follow", "post": ""}),
        ("publisher", {"kind": "follow", "publisher": "unheard-of"}),
        ("publisher", {"kind": "unfollow", "publisher": "unheard-of"}),
    ],
)
def test_a_refused_event_names_its_field_and_holds_no_other_up(
    small: World, field: str, changes: dict[str, object]
) -> None:
    results = small.engagement.accept([like("e1"), like("e2") | changes, like("e3")], NOW)
    assert [result.status for result in results] == [EventStatus.ACCEPTED, EventStatus.REFUSED, EventStatus.ACCEPTED]
    assert results[1].field == field
    assert results[1].reason


@pytest.mark.parametrize("thing", [None, 5, "like", [], {}])
def test_what_is_not_an_event_is_refused(small: World, thing: object) -> None:
    (result,) = small.engagement.accept([thing], NOW)  # type: ignore[list-item]
    assert result.status is EventStatus.REFUSED


def test_a_draft_has_no_events_but_a_withdrawn_post_may(small: World) -> None:
    small.stores.posts.insert(make_post("draft", status=PostStatus.DRAFT, published_at=None))
    small.stores.posts.insert(make_post("gone", status=PostStatus.WITHDRAWN))
    results = small.engagement.accept([like("e1", "draft"), like("e2", "gone")], NOW)
    assert [result.status for result in results] == [EventStatus.REFUSED, EventStatus.ACCEPTED]


def test_a_draft_that_is_published_has_events_at_once(small: World) -> None:
    small.stores.posts.insert(make_post("draft", status=PostStatus.DRAFT, published_at=None))
    assert small.engagement.accept([like("e1", "draft")], NOW)[0].status is EventStatus.REFUSED
    version = small.stores.posts.get("draft").version
    small.stores.posts.patch("draft", {"status": PostStatus.LIVE, "published_at": NOW}, expected_version=version)
    assert small.engagement.accept([like("e1", "draft")], NOW)[0].status is EventStatus.ACCEPTED


def test_a_post_made_a_moment_ago_is_known(small: World) -> None:
    small.engagement.accept([like("e1", "soon")], NOW)
    small.stores.posts.insert(make_post("soon"))
    assert small.engagement.accept([like("e1", "soon")], NOW)[0].status is EventStatus.ACCEPTED


def test_known_publishers_are_not_looked_up_for_each_batch(small: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def follow(id: str, publisher: str) -> EventStatus:
        event = like(id) | {"kind": "follow", "post": "", "publisher": publisher}
        return small.engagement.accept([event], NOW)[0].status

    assert follow("e1", "pub-1") is EventStatus.ACCEPTED
    assert follow("e2", "new") is EventStatus.REFUSED
    small.stores.publishers.insert(Publisher(id="new", name="New", kind=PublisherKind.BRAND))
    assert follow("e3", "new") is EventStatus.ACCEPTED

    def down(_: object) -> dict[str, Publisher]:
        raise Unavailable("the store does not answer")

    monkeypatch.setattr(small.stores.publishers, "get_many", down)
    assert (follow("e4", "pub-1"), follow("e5", "new")) == (EventStatus.ACCEPTED, EventStatus.ACCEPTED)
    with pytest.raises(Unavailable):
        follow("e6", "another")


def test_a_batch_above_the_limit_is_refused_whole(small: World) -> None:
    with pytest.raises(TooLarge):
        small.engagement.accept([like(f"e{number}") for number in range(10_001)], NOW)


def test_a_thousand_events_of_one_viewer_are_counted_once_whatever_the_worker_does(small: World) -> None:
    batch = [like(f"e{number}", f"post-{number % 12:04}", at=NOW + number) for number in range(1_000)]
    small.engagement.accept(batch, NOW)
    before = state_of(small)
    while small.engagement.consume("worker", now=NOW):
        pass
    assert state_of(small) == before
    assert sum(one.counts["like"] for one in small.stores.post_totals.each()) == 1_000


def test_events_of_many_threads_are_all_in_the_viewers_state(small: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: small.engagement.accept([like(f"e{n}", f"post-{n:04}")], NOW), range(12)))
    assert len(state_of(small).liked) == 12  # type: ignore[attr-defined]


def test_the_worker_applies_what_a_crash_left_out_of_the_state(small: World) -> None:
    works = small.stores.live.viewers.write

    def down(*_: object, **__: object) -> bool:
        raise Unavailable("the live store does not answer")

    small.stores.live.viewers.write = down  # type: ignore[method-assign]
    assert small.engagement.accept([like("e1")], NOW)[0].status is EventStatus.ACCEPTED
    small.stores.live.viewers.write = works  # type: ignore[method-assign]
    assert state_of(small).liked == ()  # type: ignore[attr-defined]
    assert small.engagement.consume("worker", now=NOW) == 1
    assert state_of(small).liked == ("post-0000",)  # type: ignore[attr-defined]


def test_a_batch_that_comes_again_is_not_counted_again(small: World) -> None:
    watch = {"kind": "watch", "seconds": 8.0, "completion": 1.0}
    order = {"kind": "order", "value_minor": 99_900, "product": "prod-0"}
    small.engagement.accept([like("e1"), like("e2") | watch, like("e3") | order], NOW)
    commit = small.stores.log.commit

    def lost(*_: object) -> None:
        raise Unavailable("killed before the commit")

    small.stores.log.commit = lost  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        small.engagement.consume("worker", now=NOW)
    trend = small.stores.live.trending.top(1)
    small.stores.log.commit = commit  # type: ignore[method-assign]
    assert Engagement(small.stores).consume("worker", now=NOW) == 3
    totals = small.stores.post_totals.get("post-0000")
    assert totals.counts == {"like": 1, "watch": 1, "completion": 1, "order": 1}
    assert (totals.watch_seconds, totals.revenue_minor) == (8.0, 99_900)
    assert small.stores.live.trending.top(1) == trend
    assert small.engagement.lag() == 0


def test_a_record_that_cannot_be_read_is_put_aside(small: World) -> None:
    from core.domain.ports.event_log import NewEvent

    small.stores.log.append(TOPIC, [NewEvent("bad", "v", b"{not json"), NewEvent("old", "v", b'{"id": "x"}')])
    small.engagement.accept([like("e1")], NOW)
    assert small.engagement.consume("worker", now=NOW) == 3
    assert {letter.record.id for letter in small.stores.log.dead_letters(TOPIC)} == {"bad", "old"}
    assert small.stores.post_totals.get("post-0000").counts == {"like": 1}


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["id", "kind", "viewer", "at", "post", "x"]), st.none() | st.text() | st.integers()
        )
    )
)
def test_any_json_gets_one_result_each(raws: list[dict[str, object]]) -> None:
    results = _shared.engagement.accept(raws, NOW)
    assert len(results) == len(raws)


_shared = world(posts=4, publishers=2)


def test_trends_count_by_when_things_happened_not_by_when_they_were_read(small: World) -> None:
    old = [like(f"old{n}", "post-0001", at=NOW - 4 * TREND_HALF_LIFE) for n in range(20)]
    new = [like(f"new{n}", "post-0002", at=NOW) for n in range(3)]
    small.engagement.accept([*old, *new], NOW)
    small.engagement.consume("worker", now=NOW + DAY)
    assert small.stores.live.trending.top(2) == pytest.approx({"post-0002": 3.0, "post-0001": 20 / 16})


def test_a_late_event_trends_as_if_it_had_come_in_time(small: World) -> None:
    events = [like("e0", "post-0001", at=NOW - TREND_HALF_LIFE), like("e1", "post-0001", at=NOW)]
    in_time, late = world(posts=4, publishers=2), world(posts=4, publishers=2)
    for one, order in ((in_time, events), (late, events[::-1])):
        for event in order:
            one.engagement.accept([event], NOW)
            one.engagement.consume("worker", now=NOW)
    assert in_time.stores.live.trending.top(1) == pytest.approx({"post-0001": 1.5})
    assert late.stores.live.trending.top(1) == pytest.approx({"post-0001": 1.5})


def test_an_order_with_lines_is_worth_their_sum(small: World) -> None:
    lines = [{"product": "a", "value_minor": 300}, {"product": "b", "quantity": 2, "value_minor": 50}]
    small.engagement.accept([like("e1") | {"kind": "order", "products": lines}], NOW)
    small.engagement.consume("worker", now=NOW)
    assert small.stores.post_totals.get("post-0000").revenue_minor == 350


def likes_of(small: World, post: str = "post-0000") -> int:
    return small.stores.post_totals.get(post).shown[0]


def test_a_viewer_likes_a_post_once_however_often_it_is_sent(small: World) -> None:
    small.engagement.accept([like(f"l{n}", viewer=f"v{n}") for n in range(10)], NOW)
    small.engagement.accept([like(f"u{n}", viewer="w", kind="unlike") for n in range(10)], NOW)
    small.engagement.accept([like(f"m{n}", viewer="x") for n in range(50)], NOW)
    small.engagement.accept([like("back", viewer="v0", kind="unlike", at=NOW + 1)], NOW)
    while small.engagement.consume("worker", now=NOW, limit=7):
        pass
    assert likes_of(small) == 10
    assert small.stores.post_totals.get("post-0000").counts == {"like": 60, "unlike": 11}


def test_the_newest_like_or_unlike_holds_in_whatever_order_they_come(small: World) -> None:
    for number, (kind, at) in enumerate([("like", NOW), ("unlike", NOW - 5), ("like", NOW - 9)]):
        small.engagement.accept([like(f"e{number}", kind=kind, at=at)], NOW)
        small.engagement.consume("worker", now=NOW)
    assert likes_of(small) == 1


@pytest.mark.parametrize("seed", range(8))
def test_likes_are_right_after_any_crash_of_the_worker(small: World, seed: int) -> None:
    chance = random.Random(seed)
    liking: dict[tuple[str, str], bool] = {}
    for number in range(120):
        viewer, post, kind = (
            f"v{chance.randrange(6)}",
            f"post-000{chance.randrange(3)}",
            chance.choice(["like", "unlike"]),
        )
        liking[viewer, post] = kind == "like"
        small.engagement.accept([like(f"e{number}", post, viewer, kind=kind, at=NOW + number)], NOW + number)
    stores, idle = small.stores, 0
    while idle < 3:
        works = {name: getattr(stores.documents, name) for name in ("insert", "patch")}
        left = [chance.randrange(1, 12)]

        def frail(name: str, *given: object, works=works, left=left, **more: object) -> object:  # type: ignore[no-untyped-def]
            left[0] -= 1
            if left[0] == 0:
                raise Unavailable("killed")
            return works[name](*given, **more)

        for name in works:
            setattr(stores.documents, name, partial(frail, name))
        try:
            idle = idle + 1 if not small.engagement.consume("worker", now=NOW, limit=chance.randrange(1, 40)) else 0
        except Unavailable:
            pass
        finally:
            for name, write in works.items():
                setattr(stores.documents, name, write)
    for post in {post for _, post in liking}:
        assert likes_of(small, post) == sum(likes for (_, on), likes in liking.items() if on == post)
        assert sum(stores.post_totals.get(post).counts.values()) == sum(
            msgspec.json.decode(record.payload)["post"] == post for record in stores.log.replay(TOPIC)
        )


def test_likes_that_were_counted_as_events_are_counted_on_from(small: World) -> None:
    small.stores.post_totals.insert(PostTotals(id="post-0000", counts={"like": 9, "unlike": 2}))
    assert likes_of(small) == 7
    small.engagement.accept([like("e1")], NOW)
    small.engagement.consume("worker", now=NOW)
    assert likes_of(small) == 8
