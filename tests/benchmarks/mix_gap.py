"""How near the page is to the integer optimum, and how much quicker it is made.

Random pages of 8 to 20 slots under every sort of rule: shares of the page and of the session, gaps that reach over the border of
pages, pins, and caps on publishers, brands and topics, skewed so that the caps bind (`tests.feed.mix_reference`). Instances that
no page can satisfy are counted apart. The reference is `scipy.optimize.milp`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np

from core.feed.default_policy import DEFAULT_POLICY
from core.feed.mix import Problem, best_page
from tests.benchmarks.harness import Report, median, p99, ratio, run
from tests.feed.mix_reference import optimum, random_problem

SMALL_SHOPS = (1, 3, 5)


def measure(report: Report, options: argparse.Namespace) -> None:
    """`--instances` random pages that can keep every rule."""
    for seed in range(3):
        best_page(random_problem(seed))  # compiled before the clock runs
    ratios: list[float] = []
    ours: list[float] = []
    theirs: list[float] = []
    relaxed: list[float] = []
    missed, seed = 0, options.seed - 1
    while len(ratios) < options.instances:
        seed += 1
        one = random_problem(seed)
        started = time.perf_counter()
        page = best_page(one)
        taken = time.perf_counter() - started
        started = time.perf_counter()
        best = optimum(one)
        needed = time.perf_counter() - started
        if best is None:
            relaxed.append(taken)
            continue
        missed += bool(page.relaxed)
        theirs.append(needed)
        ours.append(taken)
        ratios.append(0.0 if page.relaxed else page.value / best)
    case = f"{len(ratios):,} pages of 8 to 20"
    report.add(case, "mean_value_ratio", float(np.mean(ratios)), "×")
    report.add(case, "worst_value_ratio", min(ratios), "×")
    report.add(case, "at the optimum", float(np.mean(np.array(ratios) > 1 - 1e-5)), "share")
    report.add(case, "possible, but relaxed", missed, "count")
    report.add(case, "median_ms", median(ours) * 1_000, "ms")
    report.add(case, "p99_ms", p99(ours) * 1_000, "ms")
    report.add(case, "milp_median_ms", median(theirs) * 1_000, "ms")
    report.add(case, "speedup", ratio(median(theirs), median(ours)), "×")
    if relaxed:
        report.add(f"{len(relaxed):,} that no page can keep", "median_ms", median(relaxed) * 1_000, "ms")
        report.add(f"{len(relaxed):,} that no page can keep", "p99_ms", p99(relaxed) * 1_000, "ms")
    for publishers in SMALL_SHOPS:
        case = f"shop of {publishers} publisher{'s' * (publishers > 1)}"
        taken = small_shop(publishers, options.seed)
        report.add(case, "median_ms", median(taken) * 1_000, "ms")
        report.add(case, "p99_ms", p99(taken) * 1_000, "ms")


def small_shop(publishers: int, seed: int, pages: int = 200) -> list[float]:
    """Seconds that each of `pages` pages of 20 out of 450 posts takes under the default mix."""
    rng, taken = np.random.default_rng(seed), []
    for _ in range(pages):
        one = Problem(
            scores=-np.sort(-rng.gamma(2, 0.3, 450)),
            kinds=rng.choice(4, 450, p=[0.45, 0.15, 0.2, 0.2]),
            publishers=rng.integers(0, publishers, 450),
            new=np.ones(450, np.bool_),
            size=20,
            policy=DEFAULT_POLICY,
        )
        started = time.perf_counter()
        page = best_page(one)
        taken.append(time.perf_counter() - started)
        if not page.lacking:
            raise RuntimeError("every rule was kept")
    return taken


def options(parser: argparse.ArgumentParser) -> None:
    """The benchmark's own flags."""
    parser.add_argument("--instances", type=int, default=1_000)
    parser.add_argument(
        "--seed", type=int, default=0, help="of the first instance; the following ones count up from it"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("mix_gap", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
