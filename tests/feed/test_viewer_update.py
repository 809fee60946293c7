"""What events change in a viewer's state."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.events import MARK, EventKind, ViewerEvent, event_mark, is_marked
from core.domain.ids import MINUTE
from core.domain.viewer import RECENT, REMEMBERED_EVENTS, FeedSession, ViewerState
from core.feed import viewer_update
from core.feed.viewer_update import HALF_LIFE, KEPT_SUBJECTS, PostFacts, served, session_of, update, update_all
from tests.feed import update_reference

NOW = 1_795_000_000_000
SAREE = PostFacts("kiran", ("saree",))


def event(id: str, kind: str, at: int = NOW, **fields: object) -> ViewerEvent:
    base: dict[str, object] = {"post": "p1", "viewer": "v"}
    return ViewerEvent(id=id, kind=EventKind(kind), at=at, **(base | fields))  # type: ignore[arg-type]


def test_a_like_warms_the_tags_and_the_publisher() -> None:
    after = update(ViewerState(viewer="v"), event("e1", "like"), SAREE)
    assert after.tags["saree"] == pytest.approx(1.0)
    assert after.publishers["kiran"] > 0
    assert after.liked == ("p1",)


def test_the_same_event_twice_changes_nothing() -> None:
    once = update(ViewerState(viewer="v"), event("e1", "like"), SAREE)
    assert update(once, event("e1", "like"), SAREE) is once


def test_an_affinity_halves_in_its_half_life() -> None:
    before = update(ViewerState(viewer="v"), event("e1", "like"), SAREE)
    after = update(before, event("e2", "impression", at=NOW + HALF_LIFE, post="p2"), PostFacts("other", ("shoes",)))
    assert after.tags["saree"] == pytest.approx(0.5)


def test_not_interested_cools_and_hides() -> None:
    after = update(ViewerState(viewer="v"), event("e1", "not_interested"), SAREE)
    assert after.tags["saree"] < 0
    assert after.hidden == ("p1",)


def test_a_swipe_counts_against_and_a_full_watch_for_the_tags() -> None:
    swiped = update(ViewerState(viewer="v"), event("e1", "watch", completion=0.05), SAREE)
    watched = update(ViewerState(viewer="v"), event("e1", "watch", completion=1.0), SAREE)
    assert swiped.tags["saree"] < 0 < watched.tags["saree"]


def test_a_late_follow_does_not_undo_a_newer_unfollow() -> None:
    state = update(ViewerState(viewer="v"), event("e2", "unfollow", at=NOW, post="", publisher="kiran"), None)
    state = update(state, event("e1", "follow", at=NOW - 1_000, post="", publisher="kiran"), None)
    assert state.follows == ()


@pytest.mark.parametrize(("kind", "field"), [("like", "liked"), ("not_interested", "hidden"), ("follow", "follows")])
def test_what_a_viewer_decided_on_is_bounded_and_the_newest_is_kept(kind: str, field: str) -> None:
    ids = [f"p{number}" for number in range(KEPT_SUBJECTS + 3)]
    state = ViewerState(viewer="v", **{field: tuple(ids[:-3])})  # type: ignore[arg-type]  # one of three fields of one type
    for id in ids[-3:]:
        state = update(state, event(f"e-{id}", kind, post=id, publisher=id), None)
    assert getattr(state, field) == tuple(ids[3:])


kinds = st.sampled_from(["like", "unlike", "watch", "share", "not_interested", "follow", "impression", "order"])
events = st.lists(
    st.tuples(kinds, st.integers(0, 30 * 86_400_000), st.sampled_from(["p1", "p2", "p3"])), max_size=RECENT - 1
)


@given(events, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(drawn: list[tuple[str, int, str]], chance: random.Random) -> None:
    facts = {"p1": SAREE, "p2": PostFacts("meera", ("shoes", "saree")), "p3": PostFacts("kiran", ())}
    made = [
        event(
            f"e{place}",
            kind,
            at=NOW + at * 2 + place % 2,
            post=post,
            publisher="kiran" if kind == "follow" else "",
            completion=0.9,
        )
        for place, (kind, at, post) in enumerate({at: (kind, at, post) for kind, at, post in drawn}.values())
    ]
    shuffled = made.copy()
    chance.shuffle(shuffled)
    one = two = ViewerState(viewer="v")
    for item in sorted(made, key=lambda item: item.at):
        one = update(one, item, facts[item.post])
    for item in shuffled:
        two = update(two, item, facts[item.post])
    assert {k: v for k, v in two.tags.items() if abs(v) > 0.05} == pytest.approx(
        {k: v for k, v in one.tags.items() if abs(v) > 0.05}, abs=0.05
    )
    assert set(two.liked) == set(one.liked)
    assert set(two.follows) == set(one.follows)
    assert [one_.at for one_ in two.recent] == [one_.at for one_ in one.recent]


KINDS = [kind.value for kind in EventKind if kind not in (EventKind.SERVED, EventKind.EXPOSURE)]
acts = st.tuples(
    st.integers(0, 30),
    st.sampled_from(KINDS),
    st.sampled_from(["p1", "p2", "p3", "p4", "p5"]),
    st.integers(0, 3),
    st.sampled_from([0, 1, 60_000, 9 * 86_400_000]),
    st.floats(0, 2),
)


@pytest.mark.parametrize("bound", [2, 1_000])
@given(st.lists(acts, max_size=12), st.lists(acts, max_size=25))
def test_many_events_at_once_change_what_they_change_one_by_one(
    bound: int, first: list[tuple[int, str, str, int, int, float]], then: list[tuple[int, str, str, int, int, float]]
) -> None:
    def made(drawn: list[tuple[int, str, str, int, int, float]]) -> list[tuple[ViewerEvent, PostFacts | None]]:
        facts = {"p1": SAREE, "p2": PostFacts("meera", ("shoes", "saree", "jewels")), "p3": PostFacts("kiran", ())}
        return [
            (
                event(f"e{id}", kind, at=NOW + at, post=post, publisher=("", "kiran", "meera", "x")[publisher] or "a",
                      completion=completion, order="o", share="s"),
                facts.get(post),
            )
            for id, kind, post, publisher, at, completion in drawn
        ]  # fmt: skip

    with pytest.MonkeyPatch.context() as patch:
        for name in ("KEPT_SEEN", "KEPT_DECISIONS", "KEPT_SUBJECTS", "KEPT_AFFINITIES", "RECENT", "REMEMBERED_EVENTS"):
            patch.setattr(viewer_update, name, bound)
        before = plain = ViewerState(viewer="v", tags={"old": 0.5}, applied=event_mark("e0"), updated_at=NOW - 1)
        for item, known in made(first):
            before = update(before, item, known)
            plain = update_reference.update(plain, item, known)
        assert before == plain
        saved, one_by_one = msgspec.json.encode(before), before
        for item, known in made(then):
            one_by_one = update(one_by_one, item, known)
            plain = update_reference.update(plain, item, known)
        at_once = update_all(before, made(then))
        assert at_once == one_by_one == plain
        assert msgspec.json.encode(at_once) == msgspec.json.encode(plain)
        assert msgspec.json.encode(before) == saved


@given(st.lists(st.binary(min_size=8, max_size=8), max_size=30), st.binary(min_size=8, max_size=8), st.integers(0, 247))
def test_a_mark_is_found_only_where_a_mark_stands(marks: list[bytes], other: bytes, at: int) -> None:
    together = b"".join(marks)
    across = together[at : at + MARK]
    for mark in (*marks, other, *([across] if len(across) == MARK else [])):
        assert is_marked(mark, together) == (mark in marks)


def test_events_that_were_applied_change_nothing() -> None:
    both = [(event("e1", "like"), SAREE), (event("e2", "impression"), SAREE)]
    state = update_all(ViewerState(viewer="v"), both)
    assert update_all(state, both) is state
    assert update_all(state, ()) is state


def test_memory_of_a_viewer_is_bounded() -> None:
    state = ViewerState(viewer="v")
    for number in range(600):
        facts = PostFacts(f"pub-{number}", (f"tag-{number}",))
        state = update(state, event(f"e{number}", "like", at=NOW + number, post=f"p{number}"), facts)
    assert len(state.applied) == REMEMBERED_EVENTS * MARK
    assert len(state.recent) == RECENT
    assert len(state.tags) <= 200
    assert len(state.decided) <= 500


def test_served_posts_become_the_newest_seen_and_are_counted_by_kind() -> None:
    state = served(ViewerState(viewer="v", seen=("a", "b")), ("c", "a"), ("ugc", "ugc"))
    assert state.seen == ("b", "c", "a")
    assert state.kinds_served == {"ugc": 2}


def test_a_session_counts_its_pages_and_ends_after_half_an_hour_or_under_another_name() -> None:
    state = served(ViewerState(viewer="v"), ("a", "b"), ("ugc", "product"), session="one", at=NOW)
    state = served(state, ("c",), ("ugc",), session="one", at=NOW + 29 * MINUTE)
    assert (state.session.id, state.session.started_at, state.session.kinds) == ("one", NOW, {"ugc": 2, "product": 1})
    assert state.session.last == ("ugc", "product", "ugc")
    assert session_of(state, "", NOW + 58 * MINUTE) is state.session
    assert session_of(state, "one", NOW + 59 * MINUTE).slots == 0
    assert session_of(state, "two", NOW + 30 * MINUTE) == FeedSession(
        id="two", started_at=NOW + 30 * MINUTE, last_at=NOW + 30 * MINUTE
    )
    later = served(state, ("d",), ("product",), session="two", at=NOW + 30 * MINUTE)
    assert later.session.kinds == {"product": 1}
    assert later.kinds_served == {"ugc": 2, "product": 2}
