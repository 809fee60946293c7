"""A/A on history: viewers drawn into two arms by 500 new salts; every finding is an error.

History is generated with the shape of real totals, or read from a data folder (`--data FOLDER`), best from a copy of one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from core.adapters.sqlite import SqliteDocuments
from core.domain import schema
from core.domain.collection import Collection
from core.domain.experiment import Metric, MetricKind, MetricRole
from core.domain.experiment_data import ViewerTotals
from core.statistics.aa import aa_check, resalted
from core.statistics.totals import TOTALS, added_up, row
from tests.benchmarks.harness import Report, run

METRICS = (
    Metric(name="Product clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks"),
    Metric(name="Watch time", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="watch_seconds"),
    Metric(name="Likes", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="likes"),
    Metric(name="Viewers who clicked", kind=MetricKind.SHARE, role=MetricRole.GOAL, numerator="product_clicks"),
    Metric(
        name="Clicks per impression", kind=MetricKind.RATIO, role=MetricRole.GOAL, numerator="product_clicks",
        denominator="impressions",
    ),
)  # fmt: skip


def generated(viewers: int, seed: int) -> Iterator[ViewerTotals]:
    """Totals with the shape of real ones: few active days for most, many for some, clicks rare and heavy-tailed."""
    rng = np.random.default_rng(seed)
    for number in range(viewers):
        joined, habit = int(rng.integers(28)), rng.beta(0.7, 2.0)
        days = {}
        for day in range(joined, 28):
            if day > joined and rng.random() > habit:
                continue
            seen = float(rng.geometric(0.06))
            clicks = float(rng.binomial(int(seen), 0.03 * rng.gamma(1.0, 1.0)) if seen else 0)
            days[day] = {
                "impressions": seen, "watch_seconds": float(rng.lognormal(1.8, 0.9) * seen), "product_clicks": clicks,
                "likes": float(rng.binomial(int(seen), 0.05)), "active_days": 1.0,
            }  # fmt: skip
        yield ViewerTotals(id=f"viewer-{number}", days=days)


def stored(folder: Path, limit: int) -> Iterator[ViewerTotals]:
    """Viewers of a data folder, read and not changed."""
    documents = SqliteDocuments(folder / "feedroom.sqlite")
    yield from islice(Collection(documents, schema.VIEWER_TOTALS, ViewerTotals).each(batch=1_000), limit)


def measure(report: Report, options: argparse.Namespace) -> None:
    """Each metric by itself; the arms are the same ones."""
    source = stored(options.data, options.viewers) if options.data else generated(options.viewers, seed=3)
    held = sorted((v for v in source if v.days), key=lambda viewer: (min(viewer.days), viewer.id))
    started = time.perf_counter()
    arms = resalted([viewer.id for viewer in held], [f"a/a {number}" for number in range(options.salts)])
    report.add("re-salting", "assignments", arms.size / (time.perf_counter() - started), "1/s")
    report.add("history", "viewers", len(held), "viewers")
    report.add("history", "salts", options.salts, "drawings")
    for metric in METRICS:
        rows = np.array([row(metric, _all_days(viewer), {}) for viewer in held]).reshape(-1, 4)
        found = aa_check(rows[:, 0], arms, denominators=rows[:, 1] if metric.kind is MetricKind.RATIO else None)
        report.add(metric.name, "uniform_p", found.uniform_p, "Kolmogorov-Smirnov p")
        report.add(metric.name, "sequence_errors", 100 * found.sequence_error, "%")
        report.add(metric.name, "one_look_errors", 100 * found.fixed_error, "%")
        report.add(metric.name, "peeking_errors", 100 * found.peeking_error, "%")
        report.add(metric.name, "split_alarms", 100 * found.mismatch_error, "% at .05")


def _all_days(viewer: ViewerTotals) -> dict[str, float]:
    together = dict.fromkeys(TOTALS, 0.0)
    for totals in viewer.days.values():
        together = added_up(together, totals)
    return together


def options(parser: argparse.ArgumentParser) -> None:
    """Whose history, how much of it, how many drawings."""
    parser.add_argument("--viewers", type=int, default=4_000)
    parser.add_argument("--salts", type=int, default=500)
    parser.add_argument("--data", type=Path, default=None)


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("aa", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
