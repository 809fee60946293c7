"""How soon a page knows: from an accepted event to a page that it changed, from a verdict to pages without the post.

Two API processes over one data folder, so that the process that is asked is not the one that was told. An event: somebody follows a
publisher, and until a slot of their page says that it is there because of that. A verdict: a post that both processes show to
everybody is taken down (its status is changed as a moderator's decision changes it, in a third process), and until both processes
have answered without it and never show it again.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from core.adapters import embedded_valkey
from core.bootstrap import Services, clock, open_stores
from core.domain.post import PostStatus
from core.services.lifecycle import Lifecycle
from core.settings import Settings
from tests.benchmarks.feed_http import prepare
from tests.benchmarks.harness import Report, median, p99, run
from tests.benchmarks.processes import free_port, running

PATIENCE = 10.0
CHECKS = 4
"""Pages of each process that must stay without a post that was taken down."""


class Client:
    """One API process."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def page(self, viewer: str) -> list[dict[str, Any]]:
        """The slots of the viewer's next page."""
        return list(self._ask("GET", f"/api/v1/feed?size=20&viewer={viewer}")["slots"])

    def send(self, event: dict[str, Any]) -> None:
        """One accepted event."""
        answer = self._ask("POST", "/api/v1/events", json.dumps({"events": [event]}))
        if answer["accepted"] != 1:
            raise RuntimeError(f"the event was not accepted: {answer}")

    def _ask(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        self._connection.request(method, path, body=body, headers=self._headers)
        answer = self._connection.getresponse()
        read = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}: {read[:300]!r}")
        return dict(json.loads(read))


def measure(report: Report, options: argparse.Namespace) -> None:
    """Both, `--times` times."""
    with tempfile.TemporaryDirectory(prefix="feedroom-bench-") as folder, ExitStack() as stack:
        data = Path(folder)
        key = prepare(data, None, options.posts)
        clients = []
        for _ in range(2):
            port = free_port()
            command = [
                sys.executable, "-m", "core.api.server", "--port", str(port), "--log-level", "warning",
            ]  # fmt: skip
            environment = {"FEEDROOM_DATA": str(data), "FEEDROOM_SECRET": "b" * 40, "FEEDROOM_DEMO": "no"}
            ready = f"http://127.0.0.1:{port}/api/v1/healthz"
            stack.enter_context(running(command, environment=environment, ready=ready))
            clients.append(Client(port, key))
        settings = Settings(data=data, secret="b" * 40)
        services = Services(settings, open_stores(settings))
        events = [_event_to_page(clients, turn) for turn in range(options.times)]
        report.add("event accepted → changed page", "median_ms", median(events) * 1_000, "ms")
        report.add("event accepted → changed page", "p99_ms", p99(events) * 1_000, "ms")
        verdicts = [_verdict_to_pages(clients, services, turn) for turn in range(options.times)]
        report.add("verdict → gone from pages", "median_ms", median(verdicts) * 1_000, "ms")
        report.add("verdict → gone from pages", "p99_ms", p99(verdicts) * 1_000, "ms")
        services.stores.live.close()
        services.stores.documents.close()
        services.stores.log.close()
        embedded_valkey.stop(data)


def _event_to_page(clients: Sequence[Client], turn: int) -> float:
    """Seconds from the answer to a follow until a page of the other process shows its effect."""
    told, asked = clients[turn % 2], clients[1 - turn % 2]
    viewer = f"fresh-{turn}"
    first = told.page(viewer)
    publisher = first[turn % len(first)]["publisher"]
    event = {"id": f"{viewer}-f", "kind": "follow", "viewer": viewer, "publisher": publisher, "at": clock()}
    told.send(event)
    started = time.perf_counter()
    while time.perf_counter() - started < PATIENCE:
        if any("following" in slot["reason"]["sources"] for slot in asked.page(viewer)):
            return time.perf_counter() - started
    raise RuntimeError(f"following {publisher} never showed")


def _verdict_to_pages(clients: Sequence[Client], services: Services, turn: int) -> float:
    """Seconds from a verdict that takes a post down until neither process shows it any more."""
    viewers = (f"guest-{turn}-{number}" for number in range(1_000_000))
    shown = [{slot["post"] for slot in client.page(next(viewers))} for client in clients]
    post = min(shown[0] & shown[1])
    found = services.stores.posts.get(post)
    Lifecycle(services.stores).move(found, PostStatus.REJECTED, by="benchmark", now=clock())
    started = time.perf_counter()
    gone = started
    clean = 0
    while clean < CHECKS:
        pages = [{slot["post"] for slot in client.page(next(viewers))} for client in clients]
        if any(post in page for page in pages):
            clean = 0
        else:
            gone = time.perf_counter() if clean == 0 else gone
            clean += 1
        if time.perf_counter() - started > PATIENCE:
            raise RuntimeError(f"post {post} is still shown")
    return gone - started


def options(parser: argparse.ArgumentParser) -> None:
    """The benchmark's own flags."""
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=200)


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("freshness", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
