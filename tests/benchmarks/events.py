"""Viewer events on one core: taken in durably by batch size, and handled by each reader of the log.

SQLite and the embedded live store, everything on this machine; run it pinned to one core (`taskset -c 0`) for numbers per core.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from core.adapters import embedded_valkey
from core.bootstrap import Services, clock, open_services
from core.domain.ids import MINUTE
from core.settings import Settings
from tests.benchmarks.harness import Report, run
from tests.feed.world import world

POSTS = 1_000
VIEWERS = 2_000
KINDS = (
    "impression",
    "watch",
    "impression",
    "watch",
    "impression",
    "watch",
    "like",
    "product_click",
    "add_to_cart",
    "order",
)


def measure(report: Report, options: argparse.Namespace) -> None:
    """Every batch size over the same number of events, then each reader over all of them."""
    with tempfile.TemporaryDirectory(prefix="feedroom-bench-") as folder:
        services = open_services(Settings(data=Path(folder), secret="b" * 40, demo=False))
        world(posts=POSTS, publishers=50, stores=services.stores)
        number = 0
        for size in options.sizes:
            wanted = min(options.events, max(size, 300) if size < 20 else options.events)
            started = time.perf_counter()
            for first in range(0, wanted, size):
                batch = [event(number + place) for place in range(min(size, wanted - first))]
                results = services.engagement.accept(batch, clock())
                assert all(result.status == "accepted" for result in results)
                number += len(batch)
            report.add(f"accept, batches of {size:,}", "rate", wanted / (time.perf_counter() - started), "events/s")
        for name, consume in readers(services).items():
            started, handled = time.perf_counter(), 0
            while done := consume():
                handled += done
            report.add(f"reader {name}", "rate", handled / (time.perf_counter() - started), "records/s")
        services.stores.live.close()
        embedded_valkey.stop(Path(folder))


def event(number: int) -> dict[str, object]:
    """One event of a shopper's day, as JSON gives it."""
    kind = KINDS[number % len(KINDS)]
    made: dict[str, object] = {
        "id": f"e{number}", "kind": kind, "viewer": f"v{number * 7 % VIEWERS}", "at": clock() - MINUTE + number % 1_000,
        "post": f"post-{number * 13 % POSTS:04}", "request": f"r{number // 20}", "slot": number % 20,
    }  # fmt: skip
    if kind == "watch":
        made |= {"seconds": 7.5, "completion": 0.8}
    elif kind in ("product_click", "add_to_cart", "order"):
        made["product"] = "prod-0"
    return made | ({"value_minor": 99_900} if kind == "order" else {})


def readers(services: Services) -> dict[str, Callable[[], int]]:
    """The worker's readers of viewer events."""
    return {
        "aggregate": lambda: services.engagement.consume("bench", now=clock()),
        "attribution": lambda: services.attribution.consume("bench", now=clock()),
        "community": lambda: services.community.consume("bench", now=clock()),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""

    def options(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--events", type=int, default=20_000, help="events per batch size")
        parser.add_argument("--sizes", type=int, nargs="+", default=[1, 20, 200, 1_000, 10_000])

    return run("events", measure, argv, options)


if __name__ == "__main__":
    sys.exit(main())
