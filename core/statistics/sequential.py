"""Looking every day without fooling oneself: asymptotic confidence sequences.

Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2023), arXiv 2103.06476, equations 9, 155 and 161. An interval at every look,
all of them right at once with probability 1 - α, however often and whenever one looks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.statistics.effects import NAN, UNKNOWN, Interval


def tuning(alpha: float, planned: float) -> float:
    """ρ² that makes the sequence tightest at `planned` viewers in all. Raises ValueError unless both make sense."""
    if not 0 < alpha < 1 or planned <= 0:
        raise ValueError(f"alpha {alpha} must lie in (0, 1) and the planned number {planned} above 0")
    return (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / planned


@dataclass(frozen=True, slots=True)
class Look:
    """One look: `n` viewers of both arms, the estimate, its standard error, the interval, and the p-value valid at any time.

    `at_end` marks the one look at the planned end of the hybrid rule: its interval is a fixed one with the other half of α.
    """

    n: float
    estimate: float
    error: float
    interval: Interval
    p_value: float
    at_end: bool = False


def two_sided(n: float, estimate: float, error: float, *, alpha: float = 0.05, planned: float) -> Look:
    """The two-sided sequence at one look. Unknown (p = 1) while there is no error estimate."""
    if not (n > 0 and error > 0 and math.isfinite(estimate)):
        return Look(n, estimate, error, UNKNOWN, 1.0 if math.isfinite(estimate) else NAN)
    rho2 = tuning(alpha, planned)
    grown = n * rho2 + 1
    half = error * math.sqrt(n) * math.sqrt(2 * grown / (n**2 * rho2) * math.log(math.sqrt(grown) / alpha))
    log_e = rho2 * (estimate / error) ** 2 * n / (2 * grown) - math.log(grown) / 2
    return Look(n, estimate, error, Interval(estimate - half, estimate + half), min(1.0, math.exp(-min(log_e, 700.0))))


def one_sided_half(n: float, error: float, *, alpha: float = 0.05, planned: float) -> float:
    """Distance from the estimate to a one-sided bound that holds at every look (ibid., section on one-sided sequences).

    The mixture over one side only: half = σ √(2 (nρ²+1) / (n²ρ²) · ln(1 + √(nρ²+1) / (2α))), tuned with 2α.
    """
    if not (n > 0 and error > 0):
        return NAN
    rho2 = tuning(min(0.999, 2 * alpha), planned)
    grown = n * rho2 + 1
    return error * math.sqrt(n) * math.sqrt(2 * grown / (n**2 * rho2) * math.log(1 + math.sqrt(grown) / (2 * alpha)))


@dataclass(frozen=True, slots=True)
class PathPoint:
    """A look with all earlier ones taken into account: smallest p so far, intersection of the intervals so far."""

    look: Look
    running_p: float
    running: Interval


def path(looks: Sequence[Look]) -> list[PathPoint]:
    """The running p and running interval of looks in order of time.

    The intersection may turn empty when a ramp changes what is estimated; its ends then cross, and the caller says so.
    """
    points: list[PathPoint] = []
    smallest, lower, upper = 1.0, -math.inf, math.inf
    for look in looks:
        if not math.isnan(look.p_value):
            smallest = min(smallest, look.p_value)
        if not math.isnan(look.interval.lower):
            lower, upper = max(lower, look.interval.lower), min(upper, look.interval.upper)
        running = UNKNOWN if math.isinf(lower) else Interval(lower, upper)
        points.append(PathPoint(look, smallest, running))
    return points


def first_crossing(looks: Sequence[Look], value: float = 0.0) -> int | None:
    """Index of the first look whose interval excludes `value`: it is latched, later looks do not take it back."""
    return next((index for index, look in enumerate(looks) if look.interval.excludes(value)), None)


def hybrid(looks: Sequence[Look], fixed: Sequence[tuple[Interval, float]], *, planned: float) -> list[Look]:
    """The hybrid rule over looks whose sequence was made with α/2: the first at or past the planned end is a fixed test with α/2.

    `fixed` holds each look's interval with α/2 and its two-sided p-value. By Bonferroni both halves together err with at most α:
    the fixed test is read once, at a size chosen before any outcome was seen. Later looks are looks of the sequence again.
    P-values are doubled, so that they are below α exactly when an interval excludes 0.
    """
    result = [replace(look, p_value=min(1.0, 2 * look.p_value)) for look in looks]
    end = next((index for index, look in enumerate(looks) if look.n >= planned), None)
    if end is None or math.isnan(fixed[end][0].lower) or looks[end].interval.excludes(0.0):
        return result
    interval, p_value = fixed[end]
    result[end] = replace(looks[end], interval=interval, p_value=min(1.0, 2 * p_value), at_end=True)
    return result


def width_factor(alpha: float = 0.05) -> float:
    """How much wider the sequence is than a fixed 1 - α interval at the planned number of viewers."""
    from scipy import stats

    look = two_sided(1.0, 0.0, 1.0, alpha=alpha, planned=1.0)
    return float(look.interval.upper / stats.norm.ppf(1 - alpha / 2))
