"""How fast a readout is: from daily sums of ten million viewers, and from raw rows against tea-tasting."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
import tea_tasting as tt

from core.domain.experiment import (
    Arm,
    Experiment,
    ExperimentState,
    Metric,
    MetricKind,
    MetricRole,
    Phase,
    Plan,
)
from core.domain.experiment_data import DaySums
from core.domain.ids import DAY
from core.statistics.day_cube import DayCube
from core.statistics.effects import fieller, welch
from core.statistics.moments import Moments, mean_summary
from core.statistics.report import report as read_all
from core.statistics.totals import Sums
from tests.benchmarks.harness import Report, percentile, ratio, run, time_each

DAYS, ARMS, METRICS, PARTITIONS = 30, 3, 20, 8


def synthetic(viewers: int, seed: int) -> tuple[Experiment, list[DaySums]]:
    """Day sums as the worker would keep them for `viewers` viewers, without making each viewer."""
    rng = np.random.default_rng(seed)
    metrics = tuple(
        Metric(name=f"m{i}", kind=MetricKind.MEAN, role=MetricRole.GOAL if i == 0 else MetricRole.SECONDARY, numerator="likes")
        for i in range(METRICS)
    )  # fmt: skip
    arms = tuple(Arm(name=f"arm {i}") for i in range(ARMS))
    plan = Plan(metric="m0", baseline=1, deviation=1, effect=0.01, per_arm=viewers / ARMS)
    experiment = Experiment(
        id="e", name="e", salt="e", state=ExperimentState.RUNNING, arms=arms, metrics=metrics, plan=plan, launched_at=1,
        phases=(Phase(number=1, exposure=1.0, started_at=1),),
    )  # fmt: skip
    per_cell = viewers // (DAYS * ARMS * PARTITIONS)
    cells = []
    for day in range(DAYS):
        for arm in arms:
            for partition in range(PARTITIONS):
                n = float(per_cell + rng.integers(-50, 50))
                flats = {}
                for metric in metrics:
                    sums = n * np.array([2.0, 1.0, 1.9, 1.0]) * (1 + rng.normal(0, 0.0005, 4))
                    products = n * np.array([[8, 2, 5, 2], [2, 1, 1.9, 1], [5, 1.9, 8, 1.9], [2, 1, 1.9, 1]])
                    flats[metric.name] = Sums(n, sums, products).flat()
                cells.append(
                    DaySums(
                        id=f"{day}{arm.name}{partition}",
                        experiment="e",
                        phase=1,
                        arm=arm.name,
                        segment="",
                        day=day,
                        partition=partition,
                        metrics=flats,
                    )
                )
    return experiment, cells


def measure(report: Report, options: argparse.Namespace) -> None:
    experiment, cells = synthetic(options.viewers, seed=1)
    seconds = time_each(lambda: read_all(experiment, DayCube.of(experiment, cells), now=31 * DAY), repeat=5, warm_up=1)
    case = f"{options.viewers:,} viewers, {METRICS} metrics, {ARMS} arms, {DAYS} days"
    report.add(case, "median_ms", percentile(seconds, 50) * 1_000, "ms")
    report.add(case, "slowest_ms", max(seconds) * 1_000, "ms")

    rng = np.random.default_rng(2)
    rows = 1_000_000
    values = rng.gamma(2, 1, (rows, 5))
    frame = pd.DataFrame(values, columns=[f"m{i}" for i in range(5)])
    frame["variant"] = rng.integers(0, 2, rows)
    arm = frame["variant"].to_numpy()

    def ours() -> list[object]:
        control, treatment = (Moments.of(values[arm == side]) for side in (0, 1))
        pairs = [(mean_summary(control, i), mean_summary(treatment, i)) for i in range(5)]
        return [(welch(*pair), fieller(*pair)) for pair in pairs]

    theirs = tt.Experiment({f"m{i}": tt.Mean(f"m{i}") for i in range(5)})
    ours_s = percentile(time_each(ours, repeat=3, warm_up=1), 50)
    started = time.perf_counter()
    theirs.analyze(frame)
    theirs_s = time.perf_counter() - started
    case = "1,000,000 raw rows, 5 metrics"
    report.add(case, "median_ms", ours_s * 1_000, "ms")
    report.add(case, "tea_tasting_ms", theirs_s * 1_000, "ms")
    report.add(case, "ratio", ratio(ours_s, theirs_s), "of tea-tasting")


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("readout", measure, argv, lambda p: p.add_argument("--viewers", type=int, default=10_000_000))


if __name__ == "__main__":
    raise SystemExit(main())
