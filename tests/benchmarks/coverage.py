"""How often methods err when looked at 48 times: false positives without an effect, coverage with one, for two ways of looking.

Looks come at equal steps of viewers, or along an accrual curve n(k) ∝ 1 - exp(-k / 26), as distinct viewers of a real experiment
do: many at first, ever fewer later. Each look tests all viewers so far.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from core.statistics.moments import FloatArray
from core.statistics.power import peeking_error
from core.statistics.sequential import tuning, two_sided, width_factor
from tests.benchmarks.harness import Report, run

LOOKS, PER_ARM, ALPHA, EFFECT = 48, 4_800, 0.05, 0.05
SPACINGS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "equal steps": lambda k: k / LOOKS,
    "accrual curve": lambda k: (1 - np.exp(-k / 26)) / (1 - math.exp(-LOOKS / 26)),
}


@dataclass(frozen=True, slots=True)
class Looks:
    """Simulated estimates (simulations, LOOKS) around `effect`, viewers per arm `n` and standard errors by look."""

    estimates: FloatArray
    n: FloatArray
    effect: float

    @property
    def error(self) -> FloatArray:
        """Of values with deviation 1."""
        return np.sqrt(2 / self.n)

    def outside(self, half: FloatArray) -> FloatArray:
        """Whether the truth lies outside each look's interval."""
        found: FloatArray = np.abs(self.estimates - self.effect) > half
        return found


def simulated(spacing: str, effect: float, simulations: int, rng: np.random.Generator) -> Looks:
    """Independent steps of viewers between looks, normal sums."""
    n = PER_ARM * SPACINGS[spacing](np.arange(1.0, LOOKS + 1))
    steps = np.diff(n, prepend=0.0)
    sums = (rng.normal(0, 1, (simulations, LOOKS)) * np.sqrt(2 * steps) + effect * steps).cumsum(axis=1)
    return Looks(sums / n, n, effect)


def sequence_half(looks: Looks, alpha: float) -> FloatArray:
    """Half widths of the confidence sequence tuned to the last look."""
    pairs = zip(looks.n, looks.error, strict=True)
    return np.array([two_sided(2 * n, 0.0, e, alpha=alpha, planned=2 * looks.n[-1]).interval.upper for n, e in pairs])


def errors(looks: Looks) -> dict[str, float]:
    """Share of simulations in which a method was wrong at any of its looks."""
    z = stats.norm.ppf(1 - ALPHA / 2) * looks.error
    half_end = stats.norm.ppf(1 - ALPHA / 4) * looks.error[-1]
    at_end = looks.outside(np.full(LOOKS, half_end))[:, -1]
    return {
        "naive p < .05": float(looks.outside(z).any(axis=1).mean()),
        "confidence sequence": float(looks.outside(sequence_half(looks, ALPHA)).any(axis=1).mean()),
        "hybrid": float((looks.outside(sequence_half(looks, ALPHA / 2)).any(axis=1) | at_end).mean()),
        "one look at the end": float(looks.outside(z)[:, -1].mean()),
    }


def found(looks: Looks) -> dict[str, float]:
    """Share of simulations in which a method that errs at most at α finds the effect."""
    at_zero = Looks(looks.estimates, looks.n, 0.0)
    powers = errors(at_zero)
    return {name: powers[name] for name in ("confidence sequence", "hybrid", "one look at the end")}


def measure(report: Report, options: argparse.Namespace) -> None:
    """A/A and A/B for both spacings."""
    rng = np.random.default_rng(options.seed)
    for spacing in SPACINGS:
        for effect in (0.0, EFFECT):
            looks = simulated(spacing, effect, options.simulations, rng)
            what = "no effect" if effect == 0 else f"effect of {effect:g} standard deviations"
            name = "false_positives" if effect == 0 else "not_covered"
            for method, value in errors(looks).items():
                report.add(f"{spacing}, {what}, {method}", name, 100 * value, "%")
            if effect:
                for method, value in found(looks).items():
                    report.add(f"{spacing}, {what}, {method}", "found", 100 * value, "%")
    report.add(
        "equal steps, no effect, naive p < .05, by integration", "false_positives", 100 * peeking_error(LOOKS), "%"
    )
    report.add("confidence sequence at the planned end", "width", width_factor(ALPHA), "x fixed")
    report.add("tuning", "rho_squared", tuning(ALPHA, 2 * PER_ARM), "1/viewer")


def options(parser: argparse.ArgumentParser) -> None:
    """How many simulations, and their seed."""
    parser.add_argument("--simulations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("coverage", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
