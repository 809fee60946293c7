"""How often methods err when looked at 48 times: false positives without an effect, coverage with one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from scipy import stats

from core.statistics.sequential import tuning, two_sided, width_factor
from tests.benchmarks.harness import Report, run

LOOKS, BATCH, ALPHA = 48, 100, 0.05


def measure(report: Report, options: argparse.Namespace) -> None:
    """Each simulation: `LOOKS` looks, `BATCH` more viewers per arm at each, normal values."""
    rng = np.random.default_rng(options.seed)
    n = BATCH * np.arange(1, LOOKS + 1)
    error = np.sqrt(2 / n)
    z = stats.norm.ppf(1 - ALPHA / 2)
    half = np.array(
        [two_sided(2 * k, 0.0, e, alpha=ALPHA, planned=2 * n[-1]).interval.upper for k, e in zip(n, error, strict=True)]
    )
    split = np.array(
        [
            two_sided(2 * k, 0.0, e, alpha=ALPHA / 2, planned=2 * n[-1]).interval.upper
            for k, e in zip(n, error, strict=True)
        ]
    )
    end = stats.norm.ppf(1 - ALPHA / 4)
    for effect in (0.0, 0.05):
        steps = rng.normal(0, 1, (options.simulations, LOOKS)) * np.sqrt(2 * BATCH) + effect * BATCH
        estimate = steps.cumsum(axis=1) / n
        outside = np.abs(estimate - effect)
        naive = (outside > z * error).any(axis=1).mean()
        sequence = (outside > half).any(axis=1).mean()
        hybrid = ((outside > split).any(axis=1) | (outside[:, -1] > end * error[-1])).mean()
        case = "no effect" if effect == 0 else f"effect of {effect:g} standard deviations"
        name = "false_positives" if effect == 0 else "not_covered"
        for method, value in (("naive p < .05", naive), ("confidence sequence", sequence), ("hybrid", hybrid)):
            report.add(f"{case}, {method}", name, 100 * float(value), "%")
        report.add(f"{case}, one look at the end", name, 100 * float((outside[:, -1] > z * error[-1]).mean()), "%")
    report.add("confidence sequence at the planned end", "width", width_factor(ALPHA), "x fixed")
    report.add("tuning", "rho_squared", tuning(ALPHA, 2 * n[-1]), "1/viewer")


def options(parser: argparse.ArgumentParser) -> None:
    """How many simulations, and their seed."""
    parser.add_argument("--simulations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("coverage", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
