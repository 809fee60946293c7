"""What a feed process reads of a viewer, and what it remembers for a moment."""

from __future__ import annotations

import pytest

from core.domain.viewer import ViewerState
from core.services.viewer_memory import TRENDING_FOR, ViewerMemory
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
