"""How much memory an API worker takes with a million live posts, a model of them, and a hundred thousand active viewers.

The worker is a real one under uvicorn over SQLite and an embedded Valkey. Its resident memory is read when the index is built, and
after `--requests` pages of viewers drawn at random. Filling a million posts takes some minutes and 6 GB of disk.
"""

from __future__ import annotations

import argparse
import http.client
import random
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from core.adapters import embedded_valkey
from core.bootstrap import Services, open_stores
from core.settings import Settings
from tests.benchmarks.big_catalogue import people
from tests.benchmarks.feed_http import prepare
from tests.benchmarks.harness import Report, run
from tests.benchmarks.processes import free_port, memory_mb, running


def measure(report: Report, options: argparse.Namespace) -> None:
    """Fill, start, ask, look."""
    case = f"{options.posts:,} posts, {options.viewers:,} viewers"
    with tempfile.TemporaryDirectory(prefix="feedroom-bench-") as folder:
        data = Path(folder)
        key = prepare(data, None, options.posts)
        _people(data, options)
        port = free_port()
        command = [
            sys.executable, "-m", "core.api.server", "--port", str(port), "--log-level", "warning",
        ]  # fmt: skip
        environment = {"FEEDROOM_DATA": str(data), "FEEDROOM_SECRET": "b" * 40, "FEEDROOM_DEMO": "no"}
        ready = f"http://127.0.0.1:{port}/api/v1/healthz"
        started = time.monotonic()
        with running(command, environment=environment, ready=ready, timeout=900) as process:
            report.add(case, "started", time.monotonic() - started, "s")
            report.add(case, "at the start", memory_mb(process.pid), "MB")
            highest = _asked(port, key, process.pid, options)
            after = memory_mb(process.pid)
            report.add(case, f"after {options.requests:,} pages", after, "MB")
            report.add(case, "highest", max(highest, after), "MB")
        embedded_valkey.stop(data)


def _people(data: Path, options: argparse.Namespace) -> None:
    settings = Settings(data=data, secret="b" * 40)
    services = Services(settings, open_stores(settings))
    people(services, options.posts, options.viewers, options.seen)
    services.stores.documents.close()
    services.stores.log.close()


def _asked(port: int, key: str, pid: int, options: argparse.Namespace) -> float:
    """Pages from four connections; returns the highest memory that was seen on the way, in MB."""
    highest = [memory_mb(pid)]

    def ask(seed: int) -> None:
        rng = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for number in range(options.requests // 4):
            viewer = f"viewer-{rng.randrange(options.viewers)}"
            connection.request(
                "GET", f"/api/v1/feed?size=20&viewer={viewer}", headers={"Authorization": f"Bearer {key}"}
            )
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"a page was answered with {answer.status}")
            if number % 100 == 0:
                highest.append(memory_mb(pid))

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(highest)


def options(parser: argparse.ArgumentParser) -> None:
    """The benchmark's own flags."""
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--viewers", type=int, default=100_000)
    parser.add_argument("--seen", type=int, default=100, help="posts that each viewer has seen before")
    parser.add_argument("--requests", type=int, default=20_000)


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("memory", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
