"""The API under an open-loop load: people who each ask for a page every 5 s and report what they did with the last one.

Server, live store and load share the machine. `--rates` are pages a second, each with a batch of events: an impression and a watch
of each of `--clips` posts, and a like. The highest one of the default, 1,000, is 5,000 concurrent viewers. The rate at which p99
passes 100 ms is found between the rates that were measured.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.adapters import embedded_valkey
from core.bootstrap import Services, clock, open_stores
from core.domain.account import Account, Role, Scope
from core.settings import Settings
from tests.benchmarks.big_catalogue import fill, model
from tests.benchmarks.harness import Report, percentile, run
from tests.benchmarks.http_load import Answers
from tests.benchmarks.processes import free_port, processor_seconds, running

EVERY = 5.0
"""Seconds between the pages of one viewer."""
LIMIT_MS = 100.0
ADMINISTRATOR = Account(id="benchmark", email="b@x.example", name="Benchmark", role=Role.ADMINISTRATOR)


def measure(report: Report, options: argparse.Namespace) -> None:
    """Each live store in turn."""
    for store in options.stores:
        with tempfile.TemporaryDirectory(prefix="feedroom-bench-") as folder, live_store(store, Path(folder)) as url:
            data = Path(folder) / "data"
            key = prepare(data, url, options.posts)
            port = free_port()
            command = [
                sys.executable, "-m", "core.api.server", "--port", str(port),
                "--workers", str(options.workers), "--log-level", "warning",
            ]  # fmt: skip
            environment = {"FEEDROOM_DATA": str(data), "FEEDROOM_SECRET": "b" * 40, "FEEDROOM_DEMO": "no"}
            environment |= {"FEEDROOM_REDIS_URL": url} if url else {}
            with running(command, environment=environment, ready=f"http://127.0.0.1:{port}/api/v1/healthz") as api:
                # Each worker compiles its solver and takes its first events in.
                load(port, key, rate=100, seconds=15, clips=options.clips)
                _rates(report, options, store, port, key, api.pid)
            embedded_valkey.stop(data)


def _rates(report: Report, options: argparse.Namespace, store: str, port: int, key: str, api: int) -> None:
    passes: float | None = None
    before: tuple[float, float] = (0.0, 0.0)
    for rate in options.rates:
        taken = processor_seconds(api)
        answers = load(port, key, rate=rate, seconds=options.seconds, clips=options.clips, shared=options.shared)
        taken = processor_seconds(api) - taken
        case = f"{store}, {rate} pages/s"
        slowest = 0.0
        for name, seconds in (("page", answers.pages), ("events", answers.events)):
            if not seconds:
                continue
            report.add(case, f"{name} median_ms", percentile(seconds, 50) * 1_000, "ms")
            report.add(case, f"{name} p99_ms", percentile(seconds, 99) * 1_000, "ms")
            slowest = max(slowest, percentile(seconds, 99) * 1_000)
        report.add(case, "answered", (len(answers.pages) + len(answers.events)) / options.seconds, "requests/s")
        pages = max(len(answers.pages), 1)
        report.add(case, "processor time of the API per page and its events", taken / pages * 1_000, "ms")
        report.add(case, "of the load itself", answers.processor_seconds / pages * 1_000, "ms")
        report.add(case, "errors", sum(answers.errors.values()), "count")
        report.add(case, "unanswered", answers.unfinished, "count")
        if answers.errors:
            print(f"{case}: {answers.errors}")
        if passes is None and slowest > LIMIT_MS:
            share = (LIMIT_MS - before[1]) / (slowest - before[1])
            passes = before[0] + share * (rate - before[0])
            break
        before = (rate, slowest)
    report.add(store, "p99 passes 100 ms at" if passes else "p99 stays below 100 ms to", passes or before[0], "pages/s")


def load(port: int, key: str, *, rate: float, seconds: float, clips: int = 4, shared: int = 0) -> Answers:
    """Run the generator in a process of its own, so that its collector and its loop do not disturb the numbers."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_load, port, key, rate, seconds, clips, shared).result()


def _load(port: int, key: str, rate: float, seconds: float, clips: int, shared: int) -> Answers:
    from tests.benchmarks.http_load import Load

    viewers = round(rate * EVERY)
    return Load(port, key, viewers=viewers, every=EVERY, seconds=seconds, clips=clips, shared=shared).run()


def prepare(data: Path, redis_url: str | None, posts: int) -> str:
    """A filled data folder with a model of all posts in force; returns the secret of an API key."""
    settings = Settings(data=data, secret="b" * 40, redis_url=redis_url)
    services = Services(settings, open_stores(settings))
    fill(services, posts)
    model(services, posts)
    new = services.api_keys.create(
        ADMINISTRATOR, "load", [Scope.FEED_READ, Scope.EVENTS_WRITE], per_minute=10_000_000, now=clock()
    )
    services.stores.documents.close()
    services.stores.log.close()
    return new.secret


@contextmanager
def live_store(name: str, folder: Path) -> Iterator[str | None]:
    """None for the embedded Valkey, the address of a `redis-server` of the system otherwise."""
    if name == "embedded":
        yield None
        return
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("redis-server is not installed; choose --stores embedded")
    port = free_port()
    process = subprocess.Popen(
        [program, "--port", str(port), "--dir", str(folder), "--save", ""], stdout=subprocess.DEVNULL
    )
    try:
        while not _listens(port):
            time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def options(parser: argparse.ArgumentParser) -> None:
    """The benchmark's own flags."""
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--stores", nargs="+", default=["embedded", "redis"], choices=["embedded", "redis"])
    parser.add_argument("--rates", type=int, nargs="+", default=[50, 100, 150, 200, 300, 400, 600, 800, 1_000])
    parser.add_argument("--clips", type=int, default=4, help="of a page that are seen and watched until the next")
    parser.add_argument("--shared", type=int, default=0, help="connections, instead of one for each viewer")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each rate")


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("feed_http", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
