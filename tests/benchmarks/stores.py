"""How fast the embedded stores are: inserts, patches, claims, pages, appends and polls per second.

`python -m tests.benchmarks.stores [--json FILE]`
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from core.adapters.sqlite import SqliteDocuments, SqliteEventLog
from core.domain.ports.documents import CollectionSpec
from core.domain.ports.event_log import NewEvent
from tests.benchmarks.harness import Report, run

SPECS = (
    CollectionSpec(name="durable", indexes=(("state", "created_at"), ("created_at",))),
    CollectionSpec(name="quick", indexes=(("state", "created_at"), ("created_at",)), durable=False),
)
EVENT = (
    b'{"kind": "watch", "viewer": "01J00000000000000000000000", "post": "01J00000000000000000000001", "seconds": 7.5}'
)


def document(number: int) -> dict[str, object]:
    """About 600 bytes of JSON, like a post."""
    return {"id": f"d{number:07}", "version": 1, "state": "queued", "created_at": number, "caption": "linen " * 80}


def rate(report: Report, case: str, count: int, work: Callable[[], object]) -> None:
    """Time `work`, which does `count` things."""
    start = time.perf_counter()
    work()
    report.add(case, "rate", count / (time.perf_counter() - start), "per second")


def claim_all(path: Path, collection: str) -> int:
    """Claim until nothing waits; returns how many."""
    documents, count = SqliteDocuments(path, SPECS), 0
    while documents.claim(collection, {"state": "queued"}, {"state": "taken"}, order="created_at") is not None:
        count += 1
    return count


def measure_collection(report: Report, documents: SqliteDocuments, path: Path, name: str, count: int) -> None:
    """One collection, from one thread and then from eight."""
    some = [document(number) for number in range(count)]
    more = [document(number) for number in range(count, 6 * count)]
    rate(report, f"{name}: insert", count, lambda: [documents.insert(name, each) for each in some])
    rate(
        report, f"{name}: patch", count, lambda: [documents.patch(name, str(each["id"]), {"step": 1}) for each in some]
    )
    rate(report, f"{name}: claim", count, lambda: claim_all(path, name))
    rate(report, f"{name}: get", count, lambda: [documents.get(name, str(each["id"])) for each in some])
    rate(report, f"{name}: bulk upsert of {len(more)}", len(more), lambda: documents.upsert_many(name, more))
    with ThreadPoolExecutor(8) as pool:
        rate(
            report, f"{name}: claim by 8 threads", len(more), lambda: list(pool.map(claim_all, [path] * 8, [name] * 8))
        )
    start, pages, cursor = time.perf_counter(), 0, None
    while pages == 0 or cursor is not None:
        page = documents.find(name, {"state": "taken"}, order="created_at", descending=True, limit=50, cursor=cursor)
        cursor, pages = page.cursor, pages + 1
    report.add(f"{name}: page of 50 by cursor", "mean", (time.perf_counter() - start) / pages * 1_000, "ms")


def measure_documents(report: Report, folder: Path, count: int) -> None:
    """Both kinds of collections, and claims from several processes."""
    path = folder / "documents.sqlite"
    documents = SqliteDocuments(path, SPECS)
    documents.migrate()
    for spec in SPECS:
        measure_collection(report, documents, path, spec.name, count)
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(abs, range(8)))  # start them before the clock
        documents.upsert_many("durable", [document(number) for number in range(10**6, 10**6 + count)])
        rate(
            report,
            "durable: claim by 4 processes",
            count,
            lambda: list(pool.map(claim_all, [path] * 4, ["durable"] * 4)),
        )
    documents.close()


def events(prefix: str, count: int) -> list[NewEvent]:
    """Events of 5,000 viewers."""
    return [NewEvent(f"{prefix}{number:08}", f"viewer {number % 5_000}", EVENT) for number in range(count)]


def append_all(log: SqliteEventLog, some: list[NewEvent], size: int) -> None:
    """Append in batches."""
    for start in range(0, len(some), size):
        log.append("t", some[start : start + size])


def drain(log: SqliteEventLog) -> None:
    """Poll and commit until nothing is left."""
    while records := log.poll("t", "g", "m", limit=500, now=0):
        log.commit("t", "g", "m", records)


def measure_log(report: Report, folder: Path, count: int) -> None:
    """Appending, reading and trimming; every append is durable when it returns."""
    log = SqliteEventLog(folder / "events.sqlite")
    log.ping()
    for size in (1, 20, 500):
        some = events(f"b{size}-", count * min(size, 20))
        rate(
            report,
            f"log: append in batches of {size}",
            len(some),
            lambda some=some, size=size: append_all(log, some, size),
        )
    waiting = log.lag("t", "g")
    rate(report, "log: poll and commit in batches of 500", waiting, lambda: drain(log))
    rate(report, "log: trim", waiting, lambda: log.trim("t", before_ms=10**15))
    log.close()


def measure(report: Report, options: argparse.Namespace) -> None:
    """Both stores on one folder of the default temporary disk."""
    with tempfile.TemporaryDirectory(prefix="feedroom-stores-") as folder:
        measure_documents(report, Path(folder), 2_000)
        measure_log(report, Path(folder), 2_000)


def main(argv: Sequence[str] | None = None) -> int:
    return run("stores", measure, argv)


if __name__ == "__main__":
    sys.exit(main())
