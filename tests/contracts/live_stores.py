"""Live stores for the contract suite: each server is a real process, started once and emptied before each test."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis as redis_py

from core.adapters import embedded_valkey, redis
from core.domain.ports.live import Live
from tests.fakes.live import MemoryLive


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


@contextmanager
def redis_server(folder: Path, password: str = "") -> Iterator[str]:
    """The socket of a `redis-server` of the system."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    path = folder / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(path), "--dir", str(folder), "--save", ""]
    command += ["--requirepass", password] if password else []
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with redis_py.Redis(unix_socket_path=str(path), password=password or None) as client:
            for _ in range(500):
                try:
                    client.ping()
                    break
                except redis_py.ConnectionError:
                    time.sleep(0.01)
        yield str(path)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def valkey_live() -> Iterator[redis.RedisLive]:
    with tempfile.TemporaryDirectory(prefix="feedroom-") as folder:
        live = redis.open_live(None, Path(folder))
        yield live
        live.close()
        embedded_valkey.stop(Path(folder))


@pytest.fixture(scope="session")
def redis_live() -> Iterator[redis.RedisLive]:
    with tempfile.TemporaryDirectory(prefix="feedroom-") as folder, redis_server(Path(folder)) as path:
        live = redis.open_live(f"unix://{path}", Path(folder))
        yield live
        live.close()


@pytest.fixture(params=["memory", "valkey", "redis"])
def live(request: pytest.FixtureRequest) -> Iterator[Live]:
    if request.param == "memory":
        yield MemoryLive(wall_clock)
        return
    store: redis.RedisLive = request.getfixturevalue(f"{request.param}_live")
    store._link.client.flushall()
    yield store
    store.signals.close()
