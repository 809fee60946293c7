"""What every benchmark shares: a table for people, a JSON file for programs, and honest statistics.

A benchmark is a module of this folder with `main()`, run as `python -m tests.benchmarks.NAME [--json FILE]`:

    def measure(report: Report, options: argparse.Namespace) -> None:
        seconds = time_each(work, repeat=200, warm_up=20)
        report.add("one page", "p50", percentile(seconds, 50) * 1_000, "ms")

    def main(argv: Sequence[str] | None = None) -> int:
        return run("feed_latency", measure, argv)
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number: of which case, what, and in which unit."""

    case: str
    metric: str
    value: float
    unit: str

    def __post_init__(self) -> None:
        if not self.unit or not math.isfinite(self.value):
            raise ValueError(f"{self.case} / {self.metric} = {self.value} {self.unit!r} is not a measurement")


@dataclass(slots=True)
class Report:
    """The rows of one run, in the order they were measured."""

    benchmark: str
    rows: list[Row] = field(default_factory=list)

    def add(self, case: str, metric: str, value: float, unit: str) -> None:
        """Add a number. Raises ValueError if it is not finite or has no unit."""
        self.rows.append(Row(case, metric, float(value), unit))

    def add_latencies(self, case: str, seconds: Sequence[float]) -> None:
        """Add p50 and p95, from 100 measurements on p99 too, in milliseconds, and how many measurements stand behind them."""
        for percent in (50, 95, 99) if len(seconds) >= 100 else (50, 95):
            self.add(case, f"p{percent}", percentile(seconds, percent) * 1_000, "ms")
        self.add(case, "measurements", len(seconds), "count")

    def as_json(self) -> dict[str, object]:
        """The report as programs read it."""
        return {"benchmark": self.benchmark, "machine": machine(), "rows": [asdict(row) for row in self.rows]}

    def as_table(self) -> str:
        """The report as people read it."""
        cells = [("case", "metric", "value", "unit"), *((r.case, r.metric, _shown(r.value), r.unit) for r in self.rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(4)]
        lines = [
            f"{case:<{widths[0]}}  {metric:<{widths[1]}}  {value:>{widths[2]}}  {unit}"
            for case, metric, value, unit in cells
        ]
        facts = machine()
        title = "{}: {cpu}, {cores} cores, {memory_gb} GB, Python {python}".format(self.benchmark, **facts)
        return "\n".join([title, lines[0], "-" * max(map(len, lines)), *lines[1:]])


def run(
    benchmark: str,
    measure: Callable[[Report, argparse.Namespace], None],
    argv: Sequence[str] | None = None,
    options: Callable[[argparse.ArgumentParser], None] | None = None,
) -> int:
    """Parse the command line, measure, print the table, write the JSON file; returns the exit status.

    `options` may add the benchmark's own flags to the parser.
    """
    parser = argparse.ArgumentParser(prog=f"python -m tests.benchmarks.{benchmark}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers to FILE")
    if options is not None:
        options(parser)
    chosen = parser.parse_args(argv)
    report = Report(benchmark)
    measure(report, chosen)
    print(report.as_table())
    if chosen.json is not None:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(report.as_json(), indent=2) + "\n")
    return 0


def time_each(work: Callable[[], object], *, repeat: int, warm_up: int = 0) -> list[float]:
    """Wall-clock seconds of each of `repeat` calls, after `warm_up` calls that do not count."""
    for _ in range(warm_up):
        work()
    seconds = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest measured value that at least `percent` % of values do not exceed: nearest rank, never invented."""
    if not values or not 0 < percent <= 100:
        raise ValueError(f"percentile {percent} of {len(values)} values does not exist")
    ordered = sorted(values)
    return ordered[math.ceil(percent / 100 * len(ordered)) - 1]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return percentile(values, 50)


def p99(values: Sequence[float]) -> float:
    """The value that 99 % do not exceed."""
    return percentile(values, 99)


def ratio(value: float, baseline: float) -> float:
    """How many times `baseline` the value is. Raises ValueError for a baseline that is not above 0."""
    if not baseline > 0:
        raise ValueError(f"nothing can be compared with a baseline of {baseline}")
    return value / baseline


def machine() -> dict[str, object]:
    """The facts that numbers depend on: cpu, cores this process may use, memory in GB, python, platform."""
    return {
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3, 1),
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
    }


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _shown(value: float) -> str:
    if value.is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4g}"
