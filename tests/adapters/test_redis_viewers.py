"""Viewer states: decoded forms that are kept never hide what another process wrote."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.adapters import embedded_valkey, redis, stored_viewers
from core.adapters.stored_viewers import Kept, Stored
from core.domain.events import event_mark
from core.domain.viewer import Interaction, ViewerState

pytestmark = pytest.mark.server
ACTS = ["page", "page", "page", "like", "only like", "again", "shrink", "blind", "forget"]


@pytest.fixture
def two() -> Iterator[tuple[redis.RedisLive, redis.RedisLive]]:
    """The live stores of two processes."""
    with tempfile.TemporaryDirectory(prefix="feedroom-") as name:
        stores = redis.open_live(None, Path(name)), redis.open_live(None, Path(name))
        yield stores
        for store in stores:
            store.close()
        embedded_valkey.stop(Path(name))


def read(live: redis.RedisLive, viewer: str = "asha") -> ViewerState:
    return live.viewers.read(viewer, trending=0).viewer


def test_what_another_process_wrote_forgot_or_damaged_is_read(two: tuple[redis.RedisLive, redis.RedisLive]) -> None:
    here, there = two
    assert here.viewers.write(ViewerState(viewer="asha", seen=("p1",)), expected_version=0)
    first = read(here)
    assert first == read(there) == ViewerState(viewer="asha", seen=("p1",), version=1)
    assert read(here) is first
    assert there.viewers.write(replace(first, seen=("p1", "p2")), expected_version=1)
    assert not here.viewers.write(first, expected_version=1)
    assert read(here).seen == ("p1", "p2")
    there.viewers.forget("asha")
    assert read(here) == ViewerState(viewer="asha")
    assert there.viewers.write(ViewerState(viewer="asha", seen=("p9",)), expected_version=0)
    assert read(here) == ViewerState(viewer="asha", seen=("p9",), version=1)
    for part in "sa":
        there._link.client.hset("feedroom:viewer:asha", mapping={"v": f"1.{part}", part: b"\xc1 not a state"})
        assert read(here) == ViewerState(viewer="asha", version=1)
    assert here.viewers.write(ViewerState(viewer="asha", liked=("p3",)), expected_version=1)
    assert read(there) == ViewerState(viewer="asha", liked=("p3",), version=2)


def test_states_of_an_earlier_version_are_read(two: tuple[redis.RedisLive, redis.RedisLive]) -> None:
    blob = msgspec.msgpack.encode({"viewer": "asha", "version": 6, "seen": ["p1"], "gone": 1})
    two[0]._link.client.hset("feedroom:viewer:asha", mapping={"v": 7, "s": blob})
    assert read(two[0]) == ViewerState(viewer="asha", seen=("p1",), version=7)


def test_states_that_named_the_fields_of_acts_and_remembered_ids_are_read(
    two: tuple[redis.RedisLive, redis.RedisLive],
) -> None:
    acts = [
        {"post": "p1", "kind": "like", "weight": 1.0, "at": 5},
        {"kind": "watch", "weight": 0.8, "at": 6, "post": "p2"},
    ]
    for recent, wanted in ((acts, acts), ([], []), ([{"post": "p1"}], None), ("acts", None)):
        blob = msgspec.msgpack.encode(
            {"viewer": "asha", "version": 3, "seen": ["p1"], "recent": recent, "applied": ["e1", "e2"]}
        )
        two[0]._link.client.hset("feedroom:viewer:asha", mapping={"v": 3, "s": blob})
        found = ViewerState(viewer="asha", version=3)
        if wanted is not None:
            acts = tuple(Interaction(**act) for act in wanted)
            found = replace(found, seen=("p1",), recent=acts, applied=event_mark("e1") + event_mark("e2"))
        assert read(two[0]) == found


def test_states_that_were_stored_whole_are_read_and_written_in_parts(
    two: tuple[redis.RedisLive, redis.RedisLive],
) -> None:
    here, there = two
    old = {
        "viewer": "asha", "version": 6, "seen": ["p2"], "applied": [int.from_bytes(event_mark("e1")), 2**64 - 1],
        "recent": [["p1", "like", 1.0, 5]], "follows": ["brand-1"],
    }  # fmt: skip
    stored = {"v": 7, "s": msgspec.msgpack.encode(old), "k": 1, "g": "4-x", "o": msgspec.msgpack.encode(["p0", "p1"])}
    here._link.client.hset("feedroom:viewer:asha", mapping=stored)
    state = ViewerState(
        viewer="asha", version=7, seen=("p1", "p2"), applied=event_mark("e1") + b"\xff" * 8, follows=("brand-1",),
        recent=(Interaction(post="p1", kind="like", weight=1.0, at=5),),
    )  # fmt: skip
    assert read(here) == read(there) == state
    assert here.viewers.write(replace(state, seen=(*state.seen, "p3")), expected_version=7)
    assert read(here) == read(there) == replace(state, seen=("p1", "p2", "p3"), version=8)


def test_a_page_writes_nothing_of_what_the_viewer_did_and_events_nothing_of_what_was_served(
    two: tuple[redis.RedisLive, redis.RedisLive],
) -> None:
    here, there = two
    key, client = "feedroom:viewer:asha", here._link.client
    assert here.viewers.write(ViewerState(viewer="asha", tags={"saree": 1.0}, seen=("p1",)), expected_version=0)
    client.hset(key, mapping={"s": b"served", "a": b"done"})
    state = read(here)
    assert here.viewers.write(replace(state, seen=("p1", "p2")), expected_version=1)
    served, done = client.hmget(key, "s", "a")
    assert (served != b"served", done) == (True, b"done")
    client.hset(key, mapping={"s": b"served", "a": b"done"})
    state = read(here)
    assert here.viewers.write(replace(state, tags={"saree": 2.0}), expected_version=2)
    served, done = client.hmget(key, "s", "a")
    assert (served, done != b"done") == (b"served", True)
    assert there.viewers.write(replace(state, tags={"saree": 2.0}, seen=("p9",)), expected_version=3)
    assert read(here) == replace(state, tags={"saree": 2.0}, seen=("p9",), version=4)


def test_a_version_that_came_again_is_not_taken_for_the_state_that_had_it(
    two: tuple[redis.RedisLive, redis.RedisLive],
) -> None:
    here, there = two
    assert here.viewers.write(ViewerState(viewer="asha", liked=("p1",), seen=("p1",)), expected_version=0)
    held = read(here)
    there.viewers.forget("asha")
    assert there.viewers.write(ViewerState(viewer="asha", liked=("p2",), seen=("p2",)), expected_version=0)
    assert not here.viewers.write(replace(held, seen=("p1", "p3")), expected_version=1)
    assert read(here) == ViewerState(viewer="asha", liked=("p2",), seen=("p2",), version=1)


def test_whoever_writes_and_reads_in_turn_finds_the_latest(two: tuple[redis.RedisLive, redis.RedisLive]) -> None:
    chance, latest = random.Random(3), {viewer: ViewerState(viewer=viewer) for viewer in ("a", "b", "c")}
    for number in range(600):
        viewer, live = chance.choice("abc"), chance.choice(two)
        state = read(live, viewer)
        assert state == latest[viewer]
        assert live.viewers.write(replace(state, liked=(f"p{number}",)), expected_version=state.version)
        latest[viewer] = replace(state, liked=(f"p{number}",), version=state.version + 1)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1), st.sampled_from(ACTS), st.integers(1, 9)), max_size=40)
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_posts_seen_that_are_stored_apart_come_back_as_they_were(
    two: tuple[redis.RedisLive, redis.RedisLive], drawn: list[tuple[str, int, str, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_viewers, "APART", 6)
        patch.setattr(stored_viewers, "PER_PAGE", 3)
        latest = {viewer: ViewerState(viewer=viewer) for viewer in "ab"}
        for viewer in latest:
            two[0].viewers.forget(viewer)
        for step, (viewer, place, act, count) in enumerate(drawn):
            live, state = two[place], latest[viewer]
            if act == "forget":
                live.viewers.forget(viewer)
                latest[viewer] = ViewerState(viewer=viewer)
                continue
            if act != "blind":
                state = live.viewers.read(viewer, trending=0).viewer
                assert state == latest[viewer]
            fresh = tuple(f"p{step}-{number}" for number in range(count))
            again = state.seen[count : count + 2] if act == "again" else ()
            seen = (*(post for post in state.seen if post not in again), *again, *fresh)[-25:]
            seen = seen[-count:] if act == "shrink" else seen
            after = replace(state, seen=seen, liked=fresh if act == "like" else state.liked)
            after = replace(state, liked=fresh) if act == "only like" else after
            if live.viewers.write(after, expected_version=state.version):
                latest[viewer] = replace(after, version=state.version + 1)
            else:
                assert act == "blind"
            assert [read(store, viewer) for store in two] == [latest[viewer]] * 2


def test_a_viewer_who_saw_thousands_is_written_in_a_few_kilobytes(two: tuple[redis.RedisLive, redis.RedisLive]) -> None:
    here, there = two
    state = ViewerState(viewer="asha", seen=tuple(f"{number:026}" for number in range(10_000)))
    assert here.viewers.write(state, expected_version=0)
    for page in range(30):
        live = two[page % 2]
        state = read(live)
        fresh = tuple(f"page-{page}-{number}" for number in range(10))
        assert live.viewers.write(replace(state, seen=(*state.seen, *fresh)[-10_000:]), expected_version=state.version)
    held = here._link.client.hmget("feedroom:viewer:asha", "s", "k", "g")
    assert len(held[0]) < 6_000
    assert held[1:] == [b"300", held[2]]
    assert held[2].startswith(b"1.")
    assert read(there).seen == (*(f"{number:026}" for number in range(300, 10_000)),
                                *(f"page-{page}-{number}" for page in range(30) for number in range(10)))  # fmt: skip


def test_what_is_kept_is_bounded_in_bytes() -> None:
    kept = Kept(1_000)
    stored = [Stored(ViewerState(viewer=f"v{number}"), b"1.x", 60, 30, older_bytes=9) for number in range(50)]
    for one in (*stored, stored[-1]):
        kept.put(one)
    assert [one.state.viewer for one in stored if kept.of(one.state.viewer) is one] == [f"v{n}" for n in range(40, 50)]
    kept.put(Stored(ViewerState(viewer="big"), b"1.x", 450, 450))
    assert kept.of("big") is None


def test_states_are_recalled_without_asking_until_others_turn_out_to_change_them(
    two: tuple[redis.RedisLive, redis.RedisLive],
) -> None:
    here, there = two
    viewers = [f"v{number}" for number in range(20)]
    assert here.viewers.recall_many(viewers) is None, "nothing is known yet"
    mine = here.viewers.read_many(viewers)
    assert all(here.viewers.write_many([(replace(state, liked=("p1",)), 0) for state in mine]))
    recalled = here.viewers.recall_many(viewers)
    assert recalled is not None
    assert recalled == there.viewers.read_many(viewers)
    assert all(there.viewers.write_many([(replace(state, liked=("p2",)), 1) for state in recalled]))
    assert not any(here.viewers.write_many([(replace(state, liked=("p3",)), 1) for state in recalled]))
    assert {state.liked for state in here.viewers.read_many(viewers)} == {("p2",)}
    assert here.viewers.recall_many(viewers) is None, "twenty of twenty were changed by somebody else"
    for _ in range(10):
        assert {state.version for state in here.viewers.read_many(viewers)} == {2}
    assert here.viewers.recall_many(viewers) is not None


def test_one_viewer_among_many_whom_somebody_else_changed_is_read_whole(
    two: tuple[redis.RedisLive, redis.RedisLive],
) -> None:
    here, there = two
    viewers = [f"v{number}" for number in range(20)]
    assert all(here.viewers.write_many([(ViewerState(viewer=one, seen=("p1",)), 0) for one in viewers]))
    there.viewers.read_many(viewers)
    assert there.viewers.write(ViewerState(viewer="v7", seen=("p1", "p2")), expected_version=1)
    there.viewers.forget("v8")
    found = [read.viewer for read in here.viewers.read_all([*viewers, "new"], trending=5)]
    assert [state.viewer for state in found] == [*viewers, "new"]
    assert [state.version for state in found] == [1] * 7 + [2, 0] + [1] * 11 + [0]
    assert found[7].seen == ("p1", "p2")
