"""Planning: how many viewers, what can be found, and how many days that takes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from core.statistics.sequential import two_sided

FURTHEST = 10_000.0
"""Days beyond which an end is not in sight."""


def _check(alpha: float, power: float) -> None:
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"alpha {alpha} and power {power} must lie in (0, 1)")


def sample_size(deviation: float, difference: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Viewers per arm (equal arms) to find an absolute `difference`, two-sided, by the noncentral t."""
    _check(alpha, power)
    if deviation <= 0 or difference == 0:
        raise ValueError(f"deviation {deviation} must be above 0 and the difference {difference} not 0")
    size = abs(difference) / deviation
    return float(TTestIndPower().solve_power(size, alpha=alpha, power=power))


def sample_size_normal(deviation: float, difference: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """The same by the normal approximation 2 (z_α/2 + z_β)² s² / d²."""
    _check(alpha, power)
    return float(2 * _z(alpha, power) ** 2 * deviation**2 / difference**2)


def detectable(deviation: float, n_per_arm: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest absolute difference that `n_per_arm` viewers find: (z_α/2 + z_β) √(2 s² / n)."""
    _check(alpha, power)
    return float(_z(alpha, power) * math.sqrt(2 * deviation**2 / n_per_arm))


def detectable_share(baseline: float, n_per_arm: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest relative change of a proportion `baseline` that can be found."""
    if not 0 < baseline < 1:
        raise ValueError(f"baseline {baseline} must lie in (0, 1)")
    return detectable(math.sqrt(baseline * (1 - baseline)), n_per_arm, alpha=alpha, power=power) / baseline


def sequential_factor(*, alpha: float = 0.05, power: float = 0.8) -> float:
    """How many times more viewers a confidence sequence tuned to its end needs, for the same power at that end.

    The sequence's half width at the planned n is c·error with c > z; power asks (c + z_β)² / (z + z_β)².
    """
    _check(alpha, power)
    wide = two_sided(1.0, 0.0, 1.0, alpha=alpha, planned=1.0).interval.upper
    narrow = stats.norm.ppf(1 - alpha / 2)
    z_power = stats.norm.ppf(power)
    return float(((wide + z_power) / (narrow + z_power)) ** 2)


def hybrid_factor(*, alpha: float = 0.05, power: float = 0.8) -> float:
    """The same for the hybrid rule, whose test at the planned end has half of α: (z_α/4 + z_β)² / (z_α/2 + z_β)²."""
    _check(alpha, power)
    return float((_z(alpha / 2, power) / _z(alpha, power)) ** 2)


def days_needed(viewers: float, cumulative: Sequence[float], exposure: float = 1.0) -> float:
    """Days until `viewers` in all have been exposed, from the real curve of cumulative distinct viewers per day.

    Beyond the curve's end it goes on with a power law fitted to its last half (distinct viewers grow ever more slowly).
    NaN when the curve is empty or grows so little that it would take FURTHEST days.
    """
    curve = [count * exposure for count in cumulative]
    if not curve or curve[-1] <= 0:
        return float("nan")
    for day, count in enumerate(curve, start=1):
        if count >= viewers:
            before = curve[day - 2] if day > 1 else 0.0
            return day - 1 + (viewers - before) / (count - before)
    half = max(1, len(curve) // 2)
    if len(curve) < 2 or curve[-1] <= curve[half - 1]:
        return float("nan")
    growth = math.log(curve[-1] / curve[half - 1]) / math.log(len(curve) / half)
    log_days = math.log(len(curve)) + math.log(viewers / curve[-1]) / growth
    return math.exp(log_days) if log_days < math.log(FURTHEST) else math.nan


def peeking_error(looks: int, alpha: float = 0.05) -> float:
    """False-positive rate of looking `looks` times at equal steps with an unadjusted two-sided α.

    P(max |S_k|/√k > z) by recursive integration over the partial sums (Armitage, McPherson & Rowe 1969) on a grid.
    """
    z = stats.norm.ppf(1 - alpha / 2)
    if looks < 1:
        raise ValueError(f"{looks} looks: at least 1 is needed")
    grid, step = np.linspace(-z * math.sqrt(looks), z * math.sqrt(looks), 2_001, retstep=True)
    density = np.where(np.abs(grid) <= z, stats.norm.pdf(grid), 0.0)
    density *= (1 - alpha) / (density.sum() * step)
    for look in range(2, looks + 1):
        moved = stats.norm.pdf(grid[:, None] - grid[None, :]) @ density * step
        inside = np.abs(grid) <= z * math.sqrt(look)
        edge = z * math.sqrt(look)
        kept = float((density * (stats.norm.cdf(edge - grid) - stats.norm.cdf(-edge - grid))).sum() * step)
        density = np.where(inside, moved, 0.0)
        density *= kept / (density.sum() * step)
    return float(1 - density.sum() * step)


def _z(alpha: float, power: float) -> float:
    return float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
