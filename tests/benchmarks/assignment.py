"""How fast viewers are assigned, and how evenly: assignments per second on one core, χ² over a million ids."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
from scipy import stats

from core.domain.experiment import Arm, Experiment, ExperimentState, Metric, MetricKind, MetricRole, Phase
from core.statistics.assignment import Assigner
from core.statistics.bucketing import bucket
from tests.benchmarks.harness import Report, run

GOAL = Metric(name="Clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks")


def experiment(exposure: float) -> Experiment:
    """Two equal arms over the whole layer."""
    return Experiment(
        id="e", name="e", salt="e", state=ExperimentState.RUNNING, arms=(Arm(name="a"), Arm(name="b")), metrics=(GOAL,),
        phases=(Phase(number=1, exposure=exposure, started_at=0),),
    )  # fmt: skip


def measure(report: Report, options: argparse.Namespace) -> None:
    ids = [f"viewer-{i}" for i in range(options.ids)]
    for exposure in (0.1, 1.0):
        assign = Assigner(experiment(exposure))
        started = time.perf_counter()
        assigned = sum(assign(viewer) is not None for viewer in ids)
        seconds = time.perf_counter() - started
        case = f"{exposure:.0%} exposed"
        report.add(case, "assignments", len(ids) / seconds, "1/s")
        report.add(case, "median_us", seconds / len(ids) * 1e6, "us")
        report.add(case, "exposed_share", assigned / len(ids), "share")
    counts = np.bincount([bucket(viewer, "uniform", 1_000) for viewer in ids], minlength=1_000)
    report.add("1,000 buckets", "chi_square_p", float(stats.chisquare(counts).pvalue), "p")


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("assignment", measure, argv, lambda p: p.add_argument("--ids", type=int, default=1_000_000))


if __name__ == "__main__":
    raise SystemExit(main())
