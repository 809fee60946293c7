"""What a feed process reads of a viewer, and what it remembers for a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from core.domain.errors import Unavailable
from core.domain.viewer import ViewerState
from core.feed.viewer_update import served
from core.services.viewer_memory import TRENDING_FOR, ViewerMemory, joined
from tests.fakes.live import MemoryLive

NOW = 1_790_000_000_000


def test_what_trends_is_asked_for_again_after_a_second_and_stays_the_same_object_until_it_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [100.0]
    monkeypatch.setattr("core.services.viewer_memory.time.monotonic", lambda: clock[0])
    live = MemoryLive()
    memory = ViewerMemory(live)
    live.trending.bump({"p1": 2.0}, now=NOW)
    first = memory.read("asha").trending
    assert first == {"p1": 2.0}
    clock[0] += TRENDING_FOR + 0.01
    assert memory.read("ravi").trending is first
    live.trending.bump({"p2": 3.0}, now=NOW)
    assert memory.read("asha").trending is first
    clock[0] += TRENDING_FOR + 0.01
    assert memory.read("asha").trending == {"p2": 3.0, "p1": 2.0}


def test_the_viewer_and_the_versions_are_read_each_time() -> None:
    live = MemoryLive()
    memory = ViewerMemory(live)
    memory.read("asha")
    assert memory.write_all([(ViewerState(viewer="asha", liked=("p1",)), 0)]) == [True]
    version = live.signals.bump("catalogue")
    read = memory.read("asha")
    assert (read.viewer.liked, read.viewer.version, read.versions["catalogue"]) == (("p1",), 1, version)


class Down:
    """Viewers of a store that does not answer."""

    def __getattr__(self, verb: str) -> Callable[..., object]:
        def fail(*_: object, **__: object) -> object:
            raise Unavailable("down")

        return fail


def serve(memory: ViewerMemory, viewer: str, *posts: str, session: str = "s", at: int = NOW) -> ViewerState:
    """What was stored, or would have been, after these posts were served as videos of creators."""
    before = memory.read(viewer).viewer
    after = served(before, posts, ["ugc"] * len(posts), session=session, at=at)
    assert memory.write_all([(after, before.version)]) == [True]
    return after


@contextmanager
def outage(live: MemoryLive) -> Iterator[None]:
    viewers = live.viewers
    live.viewers = Down()  # type: ignore[assignment]
    yield
    live.viewers = viewers


def test_in_a_long_outage_viewers_make_room_one_for_one_longest_served_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.services.viewer_memory.REMEMBERED", 3)
    live = MemoryLive()
    memory = ViewerMemory(live)
    with outage(live):
        for viewer in ("a", "b", "c", "a", "d"):
            serve(memory, viewer, f"p{viewer}")
        seen = {viewer: memory.read(viewer).viewer.seen for viewer in "abcd"}
    assert seen == {"a": ("pa",), "b": (), "c": ("pc",), "d": ("pd",)}


@pytest.mark.parametrize("known", [True, False])
def test_after_an_outage_the_viewer_is_as_if_all_had_been_stored(known: bool) -> None:
    live, untroubled = MemoryLive(), MemoryLive()
    memory, other = ViewerMemory(live), ViewerMemory(untroubled)
    for one in (memory, other) if known else ():
        serve(one, "asha", "p1", "p2")
    with outage(live):
        for number in range(3, 6):
            for one in (memory, other):
                serve(one, "asha", f"p{number}", at=NOW + number)
    for one in (memory, other):
        serve(one, "asha", "p6", at=NOW + 9)
    found, wanted = live.viewers.read("asha").viewer, untroubled.viewers.read("asha").viewer
    assert found == replace(wanted, version=found.version)
    assert found.session.kinds == {"ugc": 6 if known else 4}
    assert memory.read("asha").viewer is found, "nothing waits any more"


def test_what_others_stored_meanwhile_stays_and_a_write_whose_answer_was_lost_counts_once() -> None:
    live = MemoryLive()
    memory = ViewerMemory(live)
    stored = serve(memory, "asha", "p1")
    before = memory.read("asha").viewer
    after = served(before, ("p2",), ("ugc",), session="s", at=NOW + 1)
    with outage(live):
        memory.write_all([(after, before.version)])
    liked = replace(stored, liked=("p1",))
    assert live.viewers.write(liked, expected_version=1)
    found = memory.read("asha").viewer
    assert (found.liked, found.seen, found.session.kinds) == (("p1",), ("p1", "p2"), {"ugc": 2})
    assert live.viewers.write(after, expected_version=2)
    assert memory.read("asha").viewer == replace(after, version=3)


def test_of_two_sessions_the_later_goes_on() -> None:
    state = served(ViewerState(viewer="asha"), ("p1",), ("ugc",), session="old", at=NOW)
    orphan = served(ViewerState(viewer="asha"), ("p2",), ("brand",), session="new", at=NOW + 5)
    found = joined(replace(state, version=4), orphan)
    assert (found.session, found.version, found.seen) == (orphan.session, 4, ("p1", "p2"))
    assert found.kinds_served == {"ugc": 1, "brand": 1}
    early = served(ViewerState(viewer="asha"), ("p2",), ("brand",), session="new", at=NOW - 5)
    assert joined(replace(state, version=4), early).session == state.session
