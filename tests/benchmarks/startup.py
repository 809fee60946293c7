"""How long `make run` takes: the first start with an empty store, then starts with a filled one.

Measured from starting the launcher to the first 200 of `/api/v1/healthz`, which answers once the stores and the console do.
The files that Python reads are in the system's cache from the second start on, as on a machine where one starts it again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence

from tests.benchmarks.harness import Report, median, run
from tests.benchmarks.processes import free_port, memory_mb, running


def measure(report: Report, options: argparse.Namespace) -> None:
    """One first start, then `--starts` more on the same data folder."""
    # A short path: the live store's socket lives below it.
    with tempfile.TemporaryDirectory(prefix="fr-", dir="/tmp", ignore_cleanup_errors=True) as data:
        first, _ = start(data)
        report.add("first start, empty store", "until healthz", first, "s")
        later = [start(data) for _ in range(options.starts)]
        seconds = [one for one, _ in later]
        report.add("later start, filled store", "until healthz, median", median(seconds), "s")
        report.add("later start, filled store", "until healthz, slowest", max(seconds), "s")
        report.add(
            "later start, filled store", "memory of all processes", median([memory for _, memory in later]), "MB"
        )
        report.add("later start, filled store", "measurements", len(seconds), "count")


def start(data: str) -> tuple[float, float]:
    """Start the launcher, wait, stop it: seconds until it answered, MB of its processes then."""
    port = free_port()
    began = time.perf_counter()
    with running(
        [sys.executable, "-m", "core.launcher"],
        environment={"FEEDROOM_DATA": data, "FEEDROOM_PORT": str(port)},
        ready=f"http://127.0.0.1:{port}/api/v1/healthz",
    ) as process:
        seconds = time.perf_counter() - began
        return seconds, memory_mb(process.pid, family=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    return run(
        "startup", measure, argv,
        lambda parser: parser.add_argument("--starts", type=int, default=5, help="later starts to measure (5)"),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
