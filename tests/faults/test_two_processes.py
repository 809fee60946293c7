"""Two API processes over one embedded store: one viewer asks both at once and never sees a post twice; events count once."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from core.bootstrap import Services, clock, open_services
from core.domain.account import Account, Role, Scope
from core.settings import Settings
from tests.benchmarks.processes import ROOT, free_port, running
from tests.feed.world import world

pytestmark = pytest.mark.server
POSTS = 600
SECRET = "s" * 40


class House:
    """Two servers on one data folder."""

    def __init__(self, services: Services, ports: tuple[int, int], key: str) -> None:
        self.services, self._ports, self._key = services, ports, key

    def ask(self, number: int, path: str, body: object = None) -> dict[str, Any]:
        """A request to the server whose turn it is. Raises HTTPError."""
        address = f"http://127.0.0.1:{self._ports[number % 2]}/api/v1{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, {"Authorization": f"Bearer {self._key}"})
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            found: dict[str, Any] = json.loads(answer.read())
        return found


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A catalogue of POSTS posts on SQLite and the embedded live store, and two processes that serve it."""
    with (
        tempfile.TemporaryDirectory(prefix="fr-", dir="/tmp", ignore_cleanup_errors=True) as folder,
        ExitStack() as open_,
    ):
        services = open_services(Settings(data=Path(folder), secret=SECRET, demo=False))
        open_.callback(services.stores.live.close)
        world(posts=POSTS, stores=services.stores)
        services.stores.live.signals.bump("catalogue")
        chief = Account(id="chief", email="chief@example.in", name="Chief", role=Role.ADMINISTRATOR)
        key = services.api_keys.create(chief, "app", list(Scope), now=clock()).secret
        ports = (free_port(), free_port())
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FEEDROOM_")}
        environment |= {
            "FEEDROOM_DATA": folder,
            "FEEDROOM_SECRET": SECRET,
            "FEEDROOM_DEMO": "0",
            "PYTHONPATH": str(ROOT),
        }

        def start(port: int) -> None:
            command = [
                sys.executable, "-m", "core.api.server", "--port", str(port), "--log-level", "warning",
            ]  # fmt: skip
            ready = f"http://127.0.0.1:{port}/api/v1/healthz"
            open_.enter_context(running(command, environment=environment, ready=ready))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(start, ports))
        yield House(services, ports, key)


def test_fifty_requests_of_one_viewer_at_once_show_no_post_twice(house: House) -> None:
    with ThreadPoolExecutor(50) as pool:
        pages = list(pool.map(lambda number: house.ask(number, "/feed?viewer=one&size=10"), range(50)))
    shown = [slot["post"] for page in pages for slot in page["slots"]]
    assert len(shown) == len(set(shown)) == 500
    assert len({page["request"] for page in pages}) == 50


def test_one_batch_sent_to_both_eight_times_at_once_counts_once(house: House) -> None:
    at = clock()
    batch = {
        "events": [
            {"id": f"e{n}", "kind": "like", "viewer": f"v{n % 5}", "at": at, "post": f"post-{n % 100:04}"}
            for n in range(400)
        ]
    }
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: house.ask(number, "/events", batch), range(8)))
    assert sum(answer["accepted"] for answer in answers) == 400
    assert sum(answer["duplicates"] for answer in answers) == 7 * 400
    while house.services.engagement.consume("worker", now=clock()):
        pass
    assert sum(one.counts.get("like", 0) for one in house.services.stores.post_totals.each()) == 400


def test_one_comment_sent_to_both_at_once_is_one_comment(house: House) -> None:
    comment = {"viewer": "v", "text": "Does it come in maroon?", "id": "c1"}
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: house.ask(number, "/posts/post-0001/comments", comment), range(8)))
    assert {one["id"] for one in made} == {"c1"}
    assert len(house.ask(0, "/posts/post-0001/comments")["items"]) == 1
