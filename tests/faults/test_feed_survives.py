"""A real live store and a real API process are killed: pages go on, events are not lost, nothing is shown twice."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.bootstrap import Services, clock, open_services
from core.domain.account import Account, Role, Scope
from core.settings import Settings
from tests.browser.console import ROOT, Program, _free_port
from tests.feed.world import world

pytestmark = pytest.mark.server
ADMINISTRATOR = Account(id="a", email="a@x.example", name="Asha", role=Role.ADMINISTRATOR)


@dataclass
class House:
    """A Redis on a socket, an API process, and this process's own services over the same stores."""

    redis: Program
    api: Program
    port: int
    key: str
    services: Services

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request with the key; (status, JSON). Raises OSError if nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            text = json.dumps(body) if body is not None else None
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            connection.request(method, path, text, headers)
            answer = connection.getresponse()
            raw = answer.read()
            return answer.status, json.loads(raw) if raw[:1] in (b"{", b"[") else raw.decode()
        finally:
            connection.close()

    def page(self, viewer: str = "v", size: int = 10) -> list[str]:
        """The posts of a page; asserts that it is one."""
        query = urllib.parse.urlencode({"viewer": viewer, "size": size})
        status, found = self.ask("GET", f"/api/v1/feed?{query}")
        assert status == 200, found
        return [slot["post"] for slot in found["slots"]]

    def start_redis(self) -> None:
        self.redis.start()
        self.wait(self.live, "the live store")

    def start_api(self) -> None:
        self.api.start()
        self.wait(lambda: self.ask("GET", "/api/v1/healthz")[0] == 200, "the API")

    def live(self) -> bool:
        self.services.stores.live.ping()
        return True

    def wait(self, until: Callable[[], bool], what: str) -> None:
        """Look again and again for a minute; whatever `until` raises means not yet."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(Exception):
                if until():
                    return
            time.sleep(0.05)
        pytest.fail(f"{what} did not come back: {self.api.log.read_text()[-2_000:]}")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    socket, port = tmp_path / "redis.sock", _free_port()
    given = {name: value for name, value in os.environ.items() if not name.startswith("FEEDROOM_")}
    own = {
        "FEEDROOM_DATA": str(tmp_path / "data"), "FEEDROOM_SECRET": "s" * 40, "FEEDROOM_DEMO": "0",
        "FEEDROOM_REDIS_URL": f"unix://{socket}", "FEEDROOM_TRACE_SHARE": "1",
    }  # fmt: skip
    redis = Program(
        [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path)],
        given,
        tmp_path / "redis.log",
    )
    command = [sys.executable, "-m", "core.api.server", "--port", str(port)]
    api = Program(command, given | own | {"PYTHONPATH": str(ROOT)}, tmp_path / "api.log")
    redis.start()
    deadline = time.monotonic() + 60
    while not socket.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    services = open_services(Settings.from_environment(own))
    world(stores=services.stores)
    key = services.api_keys.create(ADMINISTRATOR, name="app", scopes=tuple(Scope), now=clock()).secret
    made = House(redis, api, port, key, services)
    try:
        made.start_api()
        yield made
    finally:
        api.kill()
        redis.kill()
        services.stores.live.close()


def test_pages_and_events_go_on_while_the_live_store_is_killed_and_nothing_is_lost(house: House) -> None:
    shown = house.page()
    house.redis.kill()
    for _ in range(3):
        shown += house.page()
    assert house.ask("GET", "/api/v1/readyz")[0] == 503
    assert "live state" in house.ask("GET", "/api/v1/readyz")[1]["detail"]
    event = {"id": "e1", "kind": "like", "viewer": "v", "at": clock(), "post": shown[0]}
    status, answer = house.ask("POST", "/api/v1/events", {"events": [event]})
    assert (status, answer["accepted"]) == (200, 1)
    text = house.ask("GET", "/api/v1/metrics")[1]
    assert 'feedroom_degraded_total{store="live state"}' in text

    house.start_redis()
    house.wait(lambda: house.ask("GET", "/api/v1/readyz")[0] == 200, "readiness")
    after = house.page() + house.page()
    assert not set(after) & set(shown[10:]), "what was shown while the store was down comes again"
    house.wait(lambda: house.services.engagement.consume("worker", now=clock()) > 0, "the event")
    assert shown[0] in house.services.stores.live.viewers.read("v").viewer.liked


def test_pages_and_events_go_on_while_the_live_store_hangs_and_nothing_is_shown_twice(house: House) -> None:
    shown = house.page()
    os.kill(house.redis.pid, signal.SIGSTOP)
    for turn in range(5):
        shown += house.page()
        event = {"id": f"e{turn}", "kind": "like", "viewer": "v", "at": clock(), "post": shown[0]}
        status, answer = house.ask("POST", "/api/v1/events", {"events": [event]})
        assert (status, answer["accepted"]) == (200, 1)
    status, answer = house.ask("GET", "/api/v1/readyz")
    assert status == 503
    assert "live state" in answer["detail"]
    os.kill(house.redis.pid, signal.SIGCONT)
    house.wait(lambda: house.ask("GET", "/api/v1/readyz")[0] == 200, "readiness")
    after = house.page() + house.page()
    assert len(set(shown[10:]) | set(after)) == 70, "what was shown while the store hung comes again"


def test_a_killed_api_process_goes_on_where_it_was(house: House) -> None:
    shown = house.page() + house.page()
    time.sleep(0.5)  # more than the 20 ms that pages wait to be written down
    house.api.kill()
    with pytest.raises(OSError, match="refused"):
        house.page()
    house.start_api()
    shown += house.page() + house.page()
    assert len(set(shown)) == 40
    last = house.services.traces.recent(limit=10)
    assert len(last) >= 2
    assert all(not house.services.traces.replayed(house.services.traces.read(one)).difference for one in last)


def test_kept_pages_are_replayed_by_the_command(house: House) -> None:
    house.page()
    house.wait(lambda: bool(house.services.traces.recent(limit=1)), "the trace")
    (request,) = house.services.traces.recent(limit=1)
    environment = house.api._environment
    made = subprocess.run(
        [sys.executable, "-m", "core.streaming.replay", request],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[-1] == "identical"
