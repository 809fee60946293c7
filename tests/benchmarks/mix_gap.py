"""How near the page is to the integer optimum, and how much quicker it is made.

Random pages of 12 under shares, gaps and a publisher cap, with a few publishers that have most of the posts. Instances that no
page can satisfy exactly are left out. The reference is `scipy.optimize.milp`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.feed.default_policy import DEFAULT_POLICY
from core.feed.mix import best_page
from tests.benchmarks.harness import Report, median, ratio, run
from tests.feed.test_mix import optimum, problem


def measure(report: Report, options: argparse.Namespace) -> None:
    """`--instances` random pages."""
    best_page(problem(0))  # compiled before the clock runs
    ratios: list[float] = []
    ours: list[float] = []
    theirs: list[float] = []
    seed = 0
    while len(ratios) < options.instances:
        seed += 1
        one = problem(seed, publishers=8 + seed % 22, policy=replace(DEFAULT_POLICY, per_publisher=1 + seed % 3))
        started = time.perf_counter()
        page = best_page(one)
        taken = time.perf_counter() - started
        if page.notes:
            continue
        started = time.perf_counter()
        best = optimum(one, page)
        if best is None:
            continue
        theirs.append(time.perf_counter() - started)
        ours.append(taken)
        ratios.append(page.value / best)
    case = f"{len(ratios):,} pages of 12"
    report.add(case, "mean_value_ratio", float(np.mean(ratios)), "×")
    report.add(case, "worst_value_ratio", min(ratios), "×")
    report.add(case, "at the optimum", float(np.mean(np.array(ratios) > 1 - 1e-6)), "share")
    report.add(case, "median_ms", median(ours) * 1_000, "ms")
    report.add(case, "milp_median_ms", median(theirs) * 1_000, "ms")
    report.add(case, "speedup", ratio(median(theirs), median(ours)), "×")


def options(parser: argparse.ArgumentParser) -> None:
    """The benchmark's own flags."""
    parser.add_argument("--instances", type=int, default=1_000)


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("mix_gap", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
