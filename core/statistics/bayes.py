"""The Bayesian second opinion: how likely is better, and what does being wrong cost. Not a rule for stopping."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import integrate, stats

from core.statistics.effects import NAN, UNKNOWN, Interval
from core.statistics.moments import Summary

PRIOR_DEVIATION = 0.3


@dataclass(frozen=True, slots=True)
class Belief:
    """Posterior of the relative uplift: mean, deviation, interval, chance to be above 0, and the expected loss of each choice."""

    mean: float
    deviation: float
    interval: Interval
    chance_to_win: float
    loss_keeping_control: float
    loss_shipping: float


def relative_belief(
    control: Summary, treatment: Summary, *, prior_deviation: float | None = PRIOR_DEVIATION, alpha: float = 0.05
) -> Belief:
    """Normal posterior of the relative uplift from the delta-method error and a N(0, prior²) prior; None is a flat prior."""
    if not (control.mean != 0 and control.n > 1 and treatment.n > 1):
        return Belief(NAN, NAN, UNKNOWN, NAN, NAN, NAN)
    relative = treatment.mean / control.mean - 1
    variance = (
        treatment.variance / (treatment.n * control.mean**2)
        + control.variance * treatment.mean**2 / (control.n * control.mean**4)
    )  # fmt: skip
    if not variance > 0:
        return Belief(NAN, NAN, UNKNOWN, NAN, NAN, NAN)
    if prior_deviation is not None:
        precision = 1 / variance + 1 / prior_deviation**2
        relative, variance = relative / variance / precision, 1 / precision
    return _belief(relative, math.sqrt(variance), alpha)


def _belief(mean: float, deviation: float, alpha: float) -> Belief:
    z = mean / deviation
    density, below = float(stats.norm.pdf(z)), float(stats.norm.cdf(-z))
    gain = mean * (1 - below) + deviation * density
    half = float(stats.norm.ppf(1 - alpha / 2)) * deviation
    return Belief(mean, deviation, Interval(mean - half, mean + half), 1 - below, gain, gain - mean)


def probability_best(arms: Sequence[tuple[int, int]], prior: tuple[float, float] = (1.0, 1.0)) -> list[float]:
    """For (successes, trials) per arm: the probability that each has the highest rate, by quadrature of the Beta posteriors."""
    posteriors = [stats.beta(prior[0] + x, prior[1] + n - x) for x, n in arms]
    lower = min(float(p.ppf(1e-9)) for p in posteriors)
    upper = max(float(p.ppf(1 - 1e-9)) for p in posteriors)

    def best(index: int) -> float:
        def integrand(rate: float) -> float:
            others = math.prod(float(p.cdf(rate)) for i, p in enumerate(posteriors) if i != index)
            return float(posteriors[index].pdf(rate)) * others

        return float(integrate.quad(integrand, lower, upper, limit=200)[0])

    return [best(index) for index in range(len(arms))]
