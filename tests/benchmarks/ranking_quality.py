"""How well our models rank what viewers go on to choose, beside `implicit`, `irspack` and popularity, in one run on one protocol.

MovieLens-100K, all ratings positive, 75/25 split at random stratified by item, first 10 of all items that the viewer has not had
(see `tests.support.ranking_protocol`). Each method chooses its settings on a split of the training part, anew for every seed, by
nDCG@10; the numbers are means over seeds and their standard deviation. `--interactions` runs the same on a log of one's own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.models.interactions import Interactions
from tests.benchmarks.harness import Report, run
from tests.support.ranking_protocol import Split, movielens, read_interactions
from tests.support.recommenders import Method, Settings, methods

SHOWN = {
    "ndcg_at_10": "ndcg",
    "map": "average_precision",
    "map_at_10": "average_precision_at_k",
    "precision_at_10": "precision",
    "recall_at_10": "recall",
}
"""Metric and its name in `core.statistics.ranking`. `map` divides by all that is relevant, `map_at_10` by at most ten of it."""


def measure(report: Report, options: argparse.Namespace) -> None:
    """Every method, every seed."""
    interactions = read_interactions(options.interactions) if options.interactions else movielens()
    if not len(interactions):
        raise SystemExit("the log holds no interactions")
    data = options.interactions.name if options.interactions else "MovieLens-100K"
    report.add(data, "viewers", len(interactions.viewers), "count")
    report.add(data, "items", len(interactions.items), "count")
    report.add(data, "interactions", len(interactions), "count")
    report.add(data, "seeds", options.seeds, "count")
    found: dict[Method, list[dict[str, float]]] = {}
    for method in methods(len(interactions.items)):
        if not options.only or options.only.lower() in method.name.lower():
            found[method] = [tried(interactions, method, seed, options) for seed in range(1, options.seeds + 1)]
            _add(report, method.name, found[method])
    _compare(report, found)


def tried(interactions: Interactions, method: Method, seed: int, options: argparse.Namespace) -> dict[str, float]:
    """Metrics of one method on one seed, with the settings it has chosen on the training part."""
    split = Split.random(interactions, seed, options.viewers)
    chosen = _chosen(method, split.inner(seed + 1_000))
    started = time.perf_counter()
    score = method.fit(split.train, chosen)
    seconds = time.perf_counter() - started
    means = split.measure(score).means()
    shown = ", ".join(f"{name} {value:g}" for name, value in chosen.items())
    print(f"{method.name}, seed {seed}: nDCG@10 {means['ndcg']:.4f} with {shown or 'no settings'}", flush=True)
    return {metric: means[name] for metric, name in SHOWN.items()} | {"fit_seconds": seconds}


def _chosen(method: Method, inner: Split) -> Settings:
    if len(method.grid) == 1:
        return method.grid[0]
    worth = [inner.measure(method.fit(inner.train, settings)).means()["ndcg"] for settings in method.grid]
    return method.grid[int(np.argmax(worth))]


def _add(report: Report, case: str, seeds: list[dict[str, float]]) -> None:
    for metric in (*SHOWN, "fit_seconds"):
        values = np.array([one[metric] for one in seeds])
        unit = "s" if metric == "fit_seconds" else "share"
        report.add(case, metric, values.mean(), unit)
        if len(values) > 1 and metric != "fit_seconds":
            report.add(case, f"{metric}_sd", values.std(ddof=1), unit)


def _compare(report: Report, found: dict[Method, list[dict[str, float]]]) -> None:
    """Our best, and the best form that is served, against the best of the others, seed by seed."""
    best = {}
    for case, among in {
        "our best": [method for method in found if method.ours],
        "our best with 100 neighbours": [method for method in found if method.ours and "100" in method.name],
        "best of the others": [method for method in found if not method.ours],
    }.items():
        if among:
            best[case] = found[max(among, key=lambda method: np.mean([one["ndcg_at_10"] for one in found[method]]))]
            report.add(case, "ndcg_at_10", float(np.mean([one["ndcg_at_10"] for one in best[case]])), "share")
            report.add(case, "map", float(np.mean([one["map"] for one in best[case]])), "share")
    if others := best.get("best of the others"):
        for case in ("our best", "our best with 100 neighbours"):
            if case in best:
                gained = [
                    mine["ndcg_at_10"] - theirs["ndcg_at_10"] for mine, theirs in zip(best[case], others, strict=True)
                ]
                report.add(case, "ndcg_at_10_over_others", float(np.mean(gained)), "share")
                report.add(case, "least_over_others", min(gained), "share")


def options(parser: argparse.ArgumentParser) -> None:
    """The benchmark's own flags."""
    parser.add_argument("--interactions", type=Path, metavar="FILE", help="a log as TSV: viewer, item, timestamp")
    parser.add_argument("--seeds", type=int, default=3, help="how many random splits")
    parser.add_argument("--viewers", type=int, default=10_000, help="at most so many viewers are asked")
    parser.add_argument("--only", default="", metavar="NAME", help="only methods with this in their name")


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("ranking_quality", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
