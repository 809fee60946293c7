"""The embedded Valkey: one per folder, brought up again by anybody, nothing acknowledged lost when it is killed."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from core.adapters import breaker, embedded_valkey, redis
from core.domain.errors import Unavailable
from core.domain.viewer import ViewerState
from tests.contracts.live_stores import redis_server

pytestmark = pytest.mark.server


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "d"
    yield folder
    embedded_valkey.stop(folder)


def server(data: Path) -> psutil.Process:
    return psutil.Process(int((data / "valkey" / "pid").read_text()))


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def running(data: Path) -> bool:
    try:
        return not gone(server(data))
    except psutil.NoSuchProcess:
        return False


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def another_process(data: Path, then: str) -> subprocess.Popen[str]:
    """A process that needs the folder's server, says so, and then does something."""
    program = f"""
import os, sys, threading, time
from pathlib import Path
from core.adapters import redis
live = redis.open_live(None, Path({str(data)!r}))
live.ping()
print("up", flush=True)
{then}
"""
    # A pipe of its own: reading an input that is /dev/null would end at once.
    started = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "up\n"
    return started


def test_processes_that_start_together_share_one_server(data: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        started = list(pool.map(lambda _: another_process(data, "sys.stdin.read()"), range(3)))
    pid = server(data).pid
    sharing = [p for p in psutil.process_iter(["name", "cmdline"]) if str(data) in " ".join(p.info["cmdline"] or ())]
    assert [p.pid for p in sharing if p.info["name"] == "valkey-server"] == [pid]
    for process in started:
        process.kill()
        process.wait()


def test_the_socket_and_the_files_are_private(data: Path) -> None:
    path = embedded_valkey.ensure(data)
    for private in (path.parent, data / "valkey"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_path_too_long_for_a_socket_finds_a_short_private_one(tmp_path: Path) -> None:
    data = tmp_path / ("long-" * 30) / "data"
    path = embedded_valkey.ensure(data)
    try:
        assert len(os.fsencode(path)) < 100
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        redis.open_live(None, data).ping()
        assert embedded_valkey.socket_path(data) == path
        assert embedded_valkey.socket_path(tmp_path / ("long-" * 30) / "other") != path
    finally:
        embedded_valkey.stop(data)
        path.parent.rmdir()


def test_the_server_ends_with_its_owner_even_if_that_is_killed(data: Path) -> None:
    for end in ("sys.exit(0)", "os.kill(os.getpid(), 9)"):
        owner = another_process(data, end)
        owner.wait(10)
        wait_for(lambda: not running(data))
        assert not running(data)


def test_the_server_outlives_the_thread_that_started_it(data: Path) -> None:
    thread = threading.Thread(target=embedded_valkey.ensure, args=(data,))
    thread.start()
    thread.join()
    time.sleep(0.1)
    assert running(data)


def test_a_killed_server_is_up_again_at_the_next_call_with_all_it_acknowledged(data: Path) -> None:
    live = redis.open_live(None, data)
    for version in range(200):
        assert live.viewers.write(ViewerState(viewer="asha", seen=(f"p{version}",)), expected_version=version)
    heard: list[int] = []
    stop = live.signals.listen(["catalogue"], lambda _topic, version: heard.append(version))
    before = live.signals.bump("catalogue")
    first = server(data)
    first.kill()
    wait_for(lambda: gone(first))
    state = live.viewers.read("asha").viewer
    assert (state.version, state.seen) == (200, ("p199",))
    after = live.signals.bump("catalogue")
    assert after > before
    wait_for(lambda: heard[-1:] == [after])
    stop()
    live.close()


def test_threads_that_find_it_dead_start_one_server(data: Path) -> None:
    live = redis.open_live(None, data)
    server(data).kill()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda n: live.viewers.read(f"v{n}").viewer.version, range(16))) == [0] * 16
    assert (data / "valkey" / "valkey.log").read_text().count("Ready to accept connections") == 2


def test_a_removed_socket_does_not_lead_to_two_servers_on_the_same_files(data: Path) -> None:
    path = embedded_valkey.ensure(data)
    first = server(data)
    live = redis.open_live(None, data)
    live.viewers.write(ViewerState(viewer="asha"), expected_version=0)
    path.unlink()
    assert redis.open_live(None, data).viewers.read("asha").viewer.version == 1
    assert gone(first)
    assert server(data).pid != first.pid


def test_versions_never_repeat_even_if_all_is_lost(data: Path) -> None:
    live = redis.open_live(None, data)
    before = live.signals.bump("catalogue")
    live._link.client.flushall()
    assert live.signals.bump("catalogue") > before


def test_damaged_files_say_where_to_look(data: Path) -> None:
    embedded_valkey.ensure(data)
    embedded_valkey.stop(data)
    for file in (data / "valkey" / "appendonlydir").glob("*.aof"):
        file.write_bytes(b"this is no command\r\n" * 50)
    with pytest.raises(Unavailable, match=r"the embedded Valkey did not start: .*valkey\.log"):
        embedded_valkey.ensure(data)


def test_a_silent_server_is_not_replaced(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded_valkey.ensure(data)
    monkeypatch.setattr(embedded_valkey, "PING_SECONDS", 0.2)
    process = server(data)
    process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable, match="does not answer"):
            embedded_valkey.ensure(data)
    finally:
        process.send_signal(signal.SIGCONT)
    assert server(data).pid == process.pid


def test_a_silent_server_is_waited_for_once_and_used_again_when_it_answers(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = redis.open_live(None, data)
    live._link.client.connection_pool.connection_kwargs["socket_timeout"] = 0.1
    live.ping()
    process = server(data)
    process.send_signal(signal.SIGSTOP)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(embedded_valkey, "ensure", lambda _: pytest.fail("it was taken for gone"))
            with pytest.raises(Unavailable, match="Timeout"):
                live.viewers.read("asha")
            patch.setattr(breaker, "REST", 0.0)
            live._link._breaker._rests_until = 0.0
            with pytest.raises(Unavailable, match="Timeout"):
                live.limits.hit("a", limit=1, window_ms=1_000, now=1)
    finally:
        process.send_signal(signal.SIGCONT)
    live.ping()
    assert server(data).pid == process.pid


def test_an_unreachable_server_is_named_without_its_password(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        live = redis.open_live(f"redis://me:hunter2@127.0.0.1:{port}/0", tmp_path)
        with pytest.raises(Unavailable, match=f"live state at redis://127.0.0.1:{port}/0 does not answer") as caught:
            live.ping()
    assert "hunter2" not in caught.value.detail
    assert "\n" not in caught.value.detail


def test_a_wrong_password_says_so_and_does_not_show_it(tmp_path: Path) -> None:
    with redis_server(tmp_path, password="right") as path:
        live = redis.open_live(f"unix://me:hunter2@{path}", tmp_path)
        with pytest.raises(Unavailable, match=r"WRONGPASS|invalid") as caught:
            live.ping()
        assert "hunter2" not in caught.value.detail
        redis.open_live(f"unix://:right@{path}", tmp_path).ping()


def test_a_state_that_cannot_be_read_starts_afresh_under_its_version(data: Path) -> None:
    live = redis.open_live(None, data)
    live.viewers.write(ViewerState(viewer="asha"), expected_version=0)
    live._link.client.hset("feedroom:viewer:asha", "s", b"\xc1 not a state")
    state = live.viewers.read("asha").viewer
    assert state == ViewerState(viewer="asha", version=1)
    assert live.viewers.write(state, expected_version=1)


def test_counters_are_bounded(data: Path) -> None:
    link = redis.open_live(None, data)._link
    trending = redis.RedisTrending(link, most=10)
    trending.bump({f"p{number}": float(number) for number in range(1, 31)}, now=1_000)
    assert sorted(trending.top(99)) == sorted(f"p{number}" for number in range(21, 31))
