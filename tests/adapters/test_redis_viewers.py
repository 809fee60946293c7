"""Viewer states: decoded forms that are kept never hide what another process wrote."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from core.adapters import embedded_valkey, redis, redis_viewers
from core.domain.viewer import ViewerState

pytestmark = pytest.mark.server


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
    there._link.client.hset("feedroom:viewer:asha", "s", b"\xc1 not a state")
    assert read(here) == ViewerState(viewer="asha", version=1)


def test_states_of_an_earlier_version_are_read(two: tuple[redis.RedisLive, redis.RedisLive]) -> None:
    blob = msgspec.msgpack.encode({"viewer": "asha", "version": 6, "seen": ["p1"], "gone": 1})
    two[0]._link.client.hset("feedroom:viewer:asha", mapping={"v": 7, "s": blob})
    assert read(two[0]) == ViewerState(viewer="asha", seen=("p1",), version=7)


def test_whoever_writes_and_reads_in_turn_finds_the_latest(two: tuple[redis.RedisLive, redis.RedisLive]) -> None:
    chance, latest = random.Random(3), {viewer: ViewerState(viewer=viewer) for viewer in ("a", "b", "c")}
    for number in range(600):
        viewer, live = chance.choice("abc"), chance.choice(two)
        state = read(live, viewer)
        assert state == latest[viewer]
        assert live.viewers.write(replace(state, liked=(f"p{number}",)), expected_version=state.version)
        latest[viewer] = replace(state, liked=(f"p{number}",), version=state.version + 1)


def test_what_is_kept_is_bounded_in_bytes() -> None:
    kept = redis_viewers._Kept(1_000)
    states = {f"v{number}": ViewerState(viewer=f"v{number}") for number in range(50)}
    for viewer, state in states.items():
        kept.put(viewer, b"x" * 99, state)
    kept.put("v49", b"y" * 99, states["v49"])
    found = [viewer for viewer, state in states.items() if kept.get(viewer, b"x" * 99) is state]
    assert found == [f"v{number}" for number in range(40, 49)]
    assert kept.get("v49", b"y" * 99) is states["v49"]
    kept.put("big", b"x" * 900, ViewerState(viewer="big"))
    assert kept.get("big", b"x" * 900) is None
