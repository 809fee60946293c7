"""A page of 20 in process, whole: live state read, pipeline, slots filled, live state and log written.

Also what a page of 10 without reasons, as apps under load ask for, takes of the processor alone and with seven others in step.

Real stores: SQLite documents and event log, an embedded Valkey. Viewers have tastes and have seen posts, a model of all posts is
in force, two campaigns run. One thread, because one core is the measure, in a process set up as an API worker is. `--million` adds
a catalogue of 1,000,000 posts (some minutes and 6 GB of disk).
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from core.adapters import embedded_valkey
from core.api.serving_process import settle
from core.bootstrap import Services, open_stores
from core.domain.feed import FeedPage
from core.settings import Settings
from tests.benchmarks.big_catalogue import NOW, campaigns, fill, model, people
from tests.benchmarks.harness import Report, median, p99, ratio, run

TOGETHER = 8
"""Pages that are made in step."""
Row = tuple[str, float, str]
"""Metric, value, unit."""


def measure_size(report: Report, options: argparse.Namespace, count: int) -> float:
    """One catalogue size; returns the median in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="feedroom-bench-") as folder:
        services = opened(folder)
        fill(services, count)
        model(services, count)
        campaigns(services, count)
        people(services, count, options.viewers, options.seen)
        close(services)
        # In a process of its own, as an API worker is: what filling left in memory would be between its own things.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            rows, middle = pool.submit(measured, folder, options.requests, options.viewers).result()
        embedded_valkey.stop(Path(folder))
    for metric, value, unit in rows:
        report.add(f"{count:,} posts", metric, value, unit)
    return middle


def opened(folder: str) -> Services:
    """The services over a data folder."""
    settings = Settings(data=Path(folder), secret="b" * 40)
    return Services(settings, open_stores(settings))


def close(services: Services) -> None:
    """Let the stores go."""
    services.stores.live.close()
    services.stores.documents.close()
    services.stores.log.close()


def measured(folder: str, requests: int, viewers: int) -> tuple[list[Row], float]:
    """What is to be told, and the median in milliseconds."""
    services = opened(folder)
    try:
        before = _memory()
        started = time.perf_counter()
        services.feed.warm_up(now=NOW)
        index: list[Row] = [
            ("index built", time.perf_counter() - started, "s"),
            ("index memory", _memory() - before, "MB"),
        ]
        settle()
        rows, middle = _pages(services, requests, viewers)
        return index + rows + _in_step(services, requests, viewers), middle
    finally:
        close(services)


def _pages(services: Services, requests: int, viewers: int) -> tuple[list[Row], float]:
    if services.feed.page("warm-up", record=False, now=NOW).model != "model-1":
        raise RuntimeError("the model is not served")
    rng = random.Random(13)
    seconds: list[float] = []
    stages: dict[str, list[float]] = defaultdict(list)
    for turn in range(requests + requests // 5):
        viewer = f"viewer-{rng.randrange(viewers)}"
        started = time.perf_counter()
        page: FeedPage = services.feed.page(viewer, now=NOW + turn)
        taken = time.perf_counter() - started
        if len(page.slots) != 20 or any(stage.failed for stage in page.stages):
            raise RuntimeError(f"not a whole page: {page.notes} {page.stages}")
        if turn >= requests // 5:
            seconds.append(taken)
            for stage in page.stages:
                stages[stage.stage].append(stage.milliseconds)
    middle = median(seconds) * 1_000
    rows: list[Row] = [("median_ms", middle, "ms"), ("p99_ms", p99(seconds) * 1_000, "ms")]
    return [*rows, *((f"stage {stage}", median(times), "ms") for stage, times in stages.items())], middle


def _in_step(services: Services, requests: int, viewers: int) -> list[Row]:
    """Processor time per page, of this thread: pages asked for one by one, and eight at a time, in turns."""
    rng, taken = random.Random(17), {1: 0.0, TOGETHER: 0.0}
    rounds = max(requests // TOGETHER, 1)
    for turn in range(2 * rounds):
        crowd = [f"viewer-{one}" for one in rng.sample(range(viewers), TOGETHER)]
        part = 1 if turn % 2 else TOGETHER
        began = time.thread_time()
        for start in range(0, TOGETHER, part):
            pages = services.feed.pages(
                [(viewer, {"size": 10, "reasons": False}) for viewer in crowd[start : start + part]],
                now=NOW + 10 * requests + turn,
            )
            if any(isinstance(page, Exception) or len(page.slots) != 10 for page in pages):
                raise RuntimeError("not a whole page")
        taken[part] += time.thread_time() - began
    each = {part: seconds / (rounds * TOGETHER) * 1_000 for part, seconds in taken.items()}
    return [
        ("processor time of a page of 10, alone", each[1], "ms"),
        (f"the same, {TOGETHER} in step", each[TOGETHER], "ms"),
    ]


def measure(report: Report, options: argparse.Namespace) -> None:
    """Every size, and what the largest costs of the smallest."""
    sizes = [*options.posts, *([1_000_000] if options.million else [])]
    medians = [measure_size(report, options, size) for size in sizes]
    if len(medians) > 1:
        report.add(f"{sizes[-1]:,} / {sizes[0]:,} posts", "ratio", ratio(medians[-1], medians[0]), "×")


def _memory() -> float:
    """Resident memory of this process in MB, now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024**2


def options(parser: argparse.ArgumentParser) -> None:
    """The benchmark's own flags."""
    parser.add_argument("--posts", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--million", action="store_true", help="also 1,000,000 posts")
    parser.add_argument("--requests", type=int, default=1_500)
    parser.add_argument("--viewers", type=int, default=2_000)
    parser.add_argument("--seen", type=int, default=200, help="posts that each viewer has seen before")


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("feed_latency", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
