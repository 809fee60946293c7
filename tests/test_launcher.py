"""The launcher, for real: a whole Feedroom on a small data folder, started, asked, killed in parts, and stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from core import launcher
from core.adapters.children import Child, stop_all

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(data: Path, port: int, **settings: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("FEEDROOM_")}
    ours = {"DATA": str(data), "PORT": str(port), "DEMO": "0", **settings}
    return plain | {f"FEEDROOM_{name}": value for name, value in ours.items()}


def start(data: Path, port: int, **settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "core.launcher"],
        cwd=ROOT, env=environment(data, port, **settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def refusal(data: Path, port: int, **settings: str) -> str:
    """What the launcher says when it does not start; that it is one line and the status 2 is checked here."""
    process = start(data, port, **settings)
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 2, complaint
    assert said == ""
    assert complaint.count("\n") == 1
    assert "Traceback" not in complaint
    return complaint


def line_of(process: subprocess.Popen[str], pattern: str) -> str:
    """The first line of its output that fits."""
    assert process.stdout is not None
    for line in process.stdout:
        if re.search(pattern, line):
            return line
    assert process.stderr is not None
    raise AssertionError(f"it never said {pattern!r}; errors: {process.stderr.read()}")


def family(process: subprocess.Popen[str]) -> dict[str, psutil.Process]:
    """Its children by what they are."""
    found = {}
    for child in psutil.Process(process.pid).children():
        try:
            command = " ".join(child.cmdline())
        except psutil.Error:  # it ends just now
            continue
        for name in ("streamlit", "core.streaming.worker", "valkey"):
            if name in command:
                found[name] = child
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def all_gone(processes: dict[str, psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes.values())


@contextmanager
def running(data: Path, port: int, **settings: str) -> Iterator[subprocess.Popen[str]]:
    process = start(data, port, **settings)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def health(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/healthz", timeout=30) as answer:
        return int(answer.status)


@pytest.mark.server
def test_a_whole_feedroom_starts_restarts_what_died_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path / "data", port) as process:
        assert f"http://127.0.0.1:{port}" in line_of(process, "answers at")
        line_of(process, "no account yet")
        assert line_of(process, ".").strip() == (tmp_path / "data" / "setup_code").read_text().strip()
        assert health(port) == 200
        wait_for(lambda: set(family(process)) == {"streamlit", "core.streaming.worker", "valkey"})
        family_at_first = family(process)

        family_at_first["core.streaming.worker"].kill()
        assert "by SIGKILL" in line_of(process, "The worker ended")
        family_at_first["valkey"].kill()

        def revived() -> bool:
            now = family(process)
            return set(now) == set(family_at_first) and not any(
                now[name].pid == family_at_first[name].pid for name in ("core.streaming.worker", "valkey")
            )

        wait_for(revived)
        assert health(port) == 200

        last = family(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0
        assert all_gone(last)
        assert all_gone(family_at_first)


@pytest.mark.server
def test_a_second_start_uses_what_the_first_made_and_children_die_with_a_killed_launcher(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    with running(data, port) as process:
        line_of(process, "answers at")
        first = family(process)
        process.terminate()
        assert process.wait(20) == 0
        assert all_gone(first)
    secret = (data / "secret").read_text()
    with running(data, port) as process:
        found = re.search(r"after ([0-9.]+) s", line_of(process, "answers at"))
        assert found
        assert float(found[1]) < 20  # a hang, not slowness: the benchmark `startup` measures that on a quiet machine
        assert (data / "secret").read_text() == secret
        wait_for(lambda: len(family(process)) == 3)
        second = family(process)
        process.kill()
        wait_for(lambda: all_gone(second))


def test_a_busy_port_is_named_with_its_setting(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        complaint = refusal(tmp_path / "data", port)
    assert f"port {port} is in use" in complaint
    assert "FEEDROOM_PORT" in complaint


def test_a_wrong_setting_stops_with_a_line(tmp_path: Path) -> None:
    assert "FEEDROOM_DEMO=perhaps" in refusal(tmp_path / "data", free_port(), DEMO="perhaps")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}, "redis://127.0.0.1:1/0"),
        ({"S3_BUCKET": "clips", "S3_ENDPOINT": "http://127.0.0.1:1"}, "bucket clips at http://127.0.0.1:1"),
        ({"MONGO_URI": "mongodb://me:hunter2@127.0.0.1:1/feedroom"}, "127.0.0.1:1"),
    ],
)
def test_an_unreachable_server_stops_with_a_line(tmp_path: Path, settings: dict[str, str], named: str) -> None:
    complaint = refusal(tmp_path / "data", free_port(), **settings)
    assert named in complaint
    assert "hunter2" not in complaint


def child(tmp_path: Path, program: str) -> Child:
    command = (sys.executable, "-u", "-c", program)
    return Child(
        "console", command, log=tmp_path / "logs" / "console.log", environment=dict(os.environ), folder=tmp_path
    )


def test_a_console_that_dies_early_shows_the_end_of_its_log(tmp_path: Path) -> None:
    console = child(tmp_path, "print('importing'); raise SystemExit('no module named feedroom')")
    console.start()
    with pytest.raises(launcher.CannotStart, match=r"(?s)ended with status 1.*importing\nno module named feedroom"):
        launcher.wait_until_ready(console, free_port())


def test_the_end_of_the_log_is_of_this_start_only(tmp_path: Path) -> None:
    for text in ("first", "second"):
        console = child(tmp_path, f"print({text!r})")
        console.start()
        wait_for(lambda: console.ended() is not None)  # noqa: B023  called at once
    assert console.last_lines() == "second"
    assert console.log.read_text() == "first\nsecond\n"


def test_a_child_that_ignores_being_asked_is_killed_with_its_own_children(tmp_path: Path) -> None:
    stubborn = child(
        tmp_path,
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)\n"
        "time.sleep(60)\n",
    )
    stubborn.start()
    wait_for(lambda: stubborn.log.read_text().endswith("\n"))
    grandchild = psutil.Process(int(stubborn.log.read_text()))
    began = time.monotonic()
    stop_all([stubborn], patience=0.3)
    assert 0.3 <= time.monotonic() - began < 30
    assert stubborn.ended() == "by SIGKILL"
    wait_for(lambda: all_gone({"grandchild": grandchild}))


def test_a_child_that_keeps_dying_is_started_ever_more_slowly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dying = child(tmp_path, "raise SystemExit(3)")
    dying.start()
    watched = launcher.Watched(dying, since=0.0)
    pauses, now = [], 0.0
    for _ in range(7):
        wait_for(lambda: dying.ended() is not None)
        watched.look_after(now)
        pauses.append(watched.pause)
        now += watched.pause
        watched.look_after(now)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert "The console ended with status 3; starting it again in 1 s" in capsys.readouterr().out
    wait_for(lambda: dying.ended() is not None)
    watched.look_after(now + launcher.CALM_SECONDS + 1)
    assert watched.pause == 0
