"""A large file uploaded over HTTP to a real server: how much its memory grows, and how quick it is.

`python -m tests.benchmarks.upload_memory [--megabytes 1024]` sends 8 MB parts, three at a time, first to the console (Streamlit's
server with our routes in it), then to the API alone under uvicorn. The promise is below 50 MB of growth.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from core.api.sessions import cookie_name
from core.bootstrap import clock
from core.domain.account import Role
from core.domain.upload import PART_SIZE
from tests.benchmarks.harness import Report, run
from tests.benchmarks.processes import free_port, memory_mb, running
from tests.browser.console import Console

PARALLEL = 3
MEANT = {"X-Feedroom": "upload"}


class Watch:
    """Samples the memory of a process from a thread and keeps the highest."""

    def __init__(self, pid: int) -> None:
        self._pid, self._done = pid, threading.Event()
        self.peak = memory_mb(pid)
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        while not self._done.wait(0.02):
            self.peak = max(self.peak, memory_mb(self._pid))

    def stop(self) -> float:
        """The peak in MB."""
        self._done.set()
        self._thread.join()
        return self.peak


def send(url: str, cookies: dict[str, str], size: int, name: str) -> float:
    """Upload `size` bytes and finish; returns the seconds it took."""
    body = os.urandom(PART_SIZE)
    with httpx.Client(base_url=url, cookies=cookies, headers=MEANT, timeout=300) as client:
        started = time.perf_counter()
        begun = client.post("/api/uploads", json={"name": name, "size": size}).raise_for_status().json()

        def part(number: int) -> None:
            length = min(PART_SIZE, size - (number - 1) * PART_SIZE)
            client.put(f"/api/uploads/{begun['id']}/parts/{number}", content=body[:length]).raise_for_status()

        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(part, range(1, begun["parts"] + 1)))
        client.post(f"/api/uploads/{begun['id']}/complete").raise_for_status()
        return time.perf_counter() - started


@contextmanager
def api_alone(house: Console) -> Iterator[tuple[str, int]]:
    """The API under uvicorn over the same stores: its address and process id."""
    port = free_port()
    command = [sys.executable, "-m", "core.api.server", "--port", str(port), "--log-level", "warning"]
    environment = {"FEEDROOM_DATA": str(house.data), "FEEDROOM_DEMO": "0"}
    with running(command, environment=environment, ready=f"http://localhost:{port}/api/v1/healthz") as process:
        yield f"http://localhost:{port}", process.pid


def measure_case(report: Report, case: str, url: str, pid: int, house: Console, size: int) -> None:
    """One upload after a small one that loads what loads late."""
    account = house.account(Role.BRAND)
    token = house.services.accounts.open_session(account, now=clock()).token
    cookies = {cookie_name(house.services.settings): token}
    send(url, cookies, 3 * PART_SIZE, "warm-up.mp4")
    before = memory_mb(pid)
    watch = Watch(pid)
    seconds = send(url, cookies, size, "large.mp4")
    peak = watch.stop()
    report.add(case, "file", size / 1024**2, "MB")
    report.add(case, "memory before", before, "MB")
    report.add(case, "growth at the peak", peak - before, "MB")
    report.add(case, "growth after", memory_mb(pid) - before, "MB")
    report.add(case, "throughput", size / 1024**2 / seconds, "MB/s")


def measure(report: Report, options: argparse.Namespace) -> None:
    """Both servers, each with the whole file."""
    size = options.megabytes * 1024**2
    with tempfile.TemporaryDirectory(prefix="fr-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        house = Console(Path(folder))
        try:
            house.start()
            measure_case(report, "console", house.url, house.server.pid, house, size)
            with api_alone(house) as (url, pid):
                measure_case(report, "api", url, pid, house, size)
        finally:
            house.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write."""

    def options(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--megabytes", type=int, default=1024, help="size of the file (1024)")

    return run("upload_memory", measure, argv, options)


if __name__ == "__main__":
    sys.exit(main())
