"""The link to the live store: one call of a process finds out that the server is gone or silent, and none waits after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.adapters import breaker, embedded_valkey, redis
from core.adapters.redis import RedisLive
from core.domain.errors import Unavailable
from core.domain.ids import MINUTE
from core.domain.viewer import ViewerState
from tests.fakes.silent import SilentServer
from tests.support.waiting import until

NOW = 1_790_000_000_000
CALLS: dict[str, Callable[[RedisLive], object]] = {
    "viewers": lambda live: live.viewers.read("asha"),
    "viewers written": lambda live: live.viewers.write(ViewerState(viewer="asha"), expected_version=0),
    "signals": lambda live: live.signals.version("experiments"),
    "signals bumped": lambda live: live.signals.bump("experiments"),
    "limits": lambda live: live.limits.hit("key", limit=9, window_ms=MINUTE, now=NOW),
    "trending": lambda live: live.trending.top(9),
    "sessions": lambda live: live.sessions.find("s"),
    "ping": lambda live: live.ping(),
}


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[SilentServer]:
    server = SilentServer(tmp_path / "s.sock")
    yield server
    server.close()


@pytest.mark.parametrize("first", CALLS)
def test_whatever_call_meets_a_silent_server_nobody_else_waits_for_it(
    silent: SilentServer, tmp_path: Path, first: str
) -> None:
    live = redis.open_live(silent.url, tmp_path)
    with pytest.raises(Unavailable, match="Timeout"):
        CALLS[first](live)
    for call in CALLS.values():
        with pytest.raises(Unavailable, match="Timeout"):
            call(live)
    assert silent.connections == 1
    live.close()


def test_a_silent_server_is_tried_again_after_each_rest_and_used_when_it_answers(
    silent: SilentServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "REST", 0.0)
    monkeypatch.setattr("core.adapters.redis_link.TRIAL", 0.05)
    live = redis.open_live(silent.url, tmp_path)
    for _ in range(3):
        with pytest.raises(Unavailable):
            live.ping()
    assert silent.connections == 3
    silent.awake = True
    live.ping()
    live.ping()
    assert silent.connections == 5, "the trial has a connection of its own"
    live.close()


def test_a_server_that_refuses_connections_is_left_alone_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "REST", 60.0)
    live = redis.open_live(f"unix://{tmp_path / 's.sock'}", tmp_path)
    with pytest.raises(Unavailable, match="does not answer"):
        live.ping()
    server = SilentServer(tmp_path / "s.sock")
    server.awake = True
    with pytest.raises(Unavailable, match="does not answer"):
        live.signals.version("experiments")
    assert server.connections == 0
    live._link._breaker._rests_until = 0.0
    live.ping()
    live.close()
    server.close()


@pytest.mark.server
def test_an_error_that_the_server_says_holds_nobody_up(tmp_path: Path) -> None:
    live = redis.open_live(None, tmp_path)
    live._link.client.set("feedroom:viewer:asha", "no hash")
    with pytest.raises(Unavailable, match="WRONGTYPE"):
        live.viewers.read("asha")
    live.ping()
    live.close()
    embedded_valkey.stop(tmp_path)


@pytest.mark.server
def test_a_listener_that_hears_nothing_for_long_holds_nobody_up(tmp_path: Path) -> None:
    path = embedded_valkey.ensure(tmp_path)
    live = redis.open_live(f"unix://{path}?socket_timeout=0.05", tmp_path)
    heard: list[int] = []
    stop = live.signals.listen(["catalogue"], lambda _, version: heard.append(version))
    with pytest.raises(AssertionError):  # several times as long as a call may take
        until(lambda: bool(heard) or bool(live._link._breaker._problem), seconds=0.7)
    live.ping()
    version = live.signals.bump("catalogue")
    until(lambda: heard == [version])
    stop()
    live.close()
    embedded_valkey.stop(tmp_path)
