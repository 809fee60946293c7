"""The API's own server: connections are dealt out evenly, and a process that is killed is replaced."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.api.server import files_allowed, main
from tests.benchmarks.processes import ROOT, answers, free_port, running

pytestmark = pytest.mark.server
CONNECTIONS = 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Two workers over an empty data folder: the supervisor's process id and the port."""
    port = free_port()
    given = {name: value for name, value in os.environ.items() if not name.startswith("FEEDROOM_")}
    data = tmp_path_factory.mktemp("data")
    given |= {"FEEDROOM_DATA": str(data), "FEEDROOM_DEMO": "0", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "core.api.server", "--port", str(port), "--workers", "2", "--log-level", "warning"]
    with running(command, environment=given, ready=_health(port)) as process:
        _until(lambda: len(_listeners(process.pid, port)) == 2)
        yield process.pid, port


def _health(port: int) -> str:
    return f"http://127.0.0.1:{port}/api/v1/healthz"


def _listeners(supervisor: int, port: int) -> list[psutil.Process]:
    """Workers that listen."""
    return [one for one in psutil.Process(supervisor).children() if _count(one, port, psutil.CONN_LISTEN)]


def _count(process: psutil.Process, port: int, state: str) -> int:
    try:
        return sum(one.status == state and one.laddr.port == port for one in process.net_connections("tcp"))
    except psutil.NoSuchProcess:  # or it was killed and its supervisor has not heard of it yet
        return 0


def _until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _answers(port: int) -> bool:
    return answers(_health(port))


def test_connections_are_dealt_out_to_both_processes(server: tuple[int, int]) -> None:
    supervisor, port = server
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    try:
        workers = _listeners(supervisor, port)
        _until(lambda: sum(_count(one, port, psutil.CONN_ESTABLISHED) for one in workers) >= CONNECTIONS)
        each = [_count(one, port, psutil.CONN_ESTABLISHED) for one in workers]
        # a fair coin keeps away from 60 of 200 for all but one run in 50 million
        assert len(each) == 2
        assert min(each) > 60
    finally:
        for one in held:
            one.close()


def test_a_process_that_is_killed_is_replaced_and_the_port_goes_on_answering(server: tuple[int, int]) -> None:
    supervisor, port = server
    before = {one.pid for one in _listeners(supervisor, port)}
    os.kill(min(before), signal.SIGKILL)
    _until(lambda: all(_answers(port) for _ in range(20)))  # what was on its way to the dead one is lost
    _until(lambda: len({one.pid for one in _listeners(supervisor, port)} - before) == 1)
    assert all(_answers(port) for _ in range(20))


def test_a_port_that_somebody_else_has_is_refused_with_a_line(server: tuple[int, int]) -> None:
    _, port = server
    command = [sys.executable, "-m", "core.api.server", "--port", str(port), "--workers", "2"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert ended.stderr == f"The API does not start: 127.0.0.1:{port} cannot be had: Address already in use\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "70000"], "70000 is not a port; it takes one from 1 to 65535"),
        (["--port", "http"], "http is not a port"),
        (["--workers", "0"], "0 is not a number of processes; it takes one from 1 to 256"),
    ],
)
def test_a_wrong_option_is_refused_by_name(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert f"argument {arguments[0]}: {said}" in capsys.readouterr().err


def test_it_asks_for_as_many_open_files_as_the_system_gives() -> None:
    import resource

    allowed = files_allowed()
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == allowed
    assert most == resource.RLIM_INFINITY or soft <= most


def test_one_process_serves_too(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "core.api.server", "--port", str(port), "--log-level", "warning"]
    given = {"FEEDROOM_DATA": str(tmp_path), "FEEDROOM_DEMO": "0"}
    with running(command, environment=given, ready=_health(port)) as process:
        assert process.poll() is None
        assert _answers(port)
