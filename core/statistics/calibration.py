"""Calibrated odds: counts that add up, the fit of one action, and how to tell whether it helped.

Predictions are kept as log-odds in hundredths and binned, so that a fit of a million impressions reads a few dozen numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from core.domain.calibration import Cells, Measures, ReliabilityRow

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LOWEST, WIDTH, BINS = -1_000, 25, 56
"""Bins of log-odds in hundredths: from −10 to 4 in steps of .25; what lies outside belongs to the first or last."""
INTERCEPT_SD: Final = 0.5
SLOPE_SD: Final = 0.25
"""How far intercept and slope may be from "as predicted" before any data: standard deviations of their normal priors. The prior's
precision on the intercept is 1/.25 = 4, that of the data about the number of cases: ten cases move it about 70% of the way."""
SLOPES = (0.25, 4.0)
BILLION = 1_000_000_000
Z95 = 1.959963984540054


def bin_of(hundredths: IntArray) -> IntArray:
    """The bin of each log-odds given in hundredths."""
    return np.clip((hundredths - LOWEST) // WIDTH, 0, BINS - 1)


class Counts:
    """Sums per action and bin, `table` (actions, BINS, 4): impressions, Σ log-odds, Σ chance, happened; see `Cells` for units."""

    def __init__(self, actions: int) -> None:
        self.table: IntArray = np.zeros((actions, BINS, 4), np.int64)

    def add(self, hundredths: IntArray, happened: IntArray) -> None:
        """Count impressions in: both (n, actions), log-odds in hundredths and 0 or 1."""
        if not len(hundredths):
            return
        bins = bin_of(hundredths)
        chances = np.round(expit(hundredths / 100) * BILLION).astype(np.int64)
        actions = np.broadcast_to(np.arange(self.table.shape[0]), bins.shape)
        for place, values in enumerate((np.ones_like(bins), hundredths, chances, happened)):
            np.add.at(self.table[:, :, place], (actions, bins), values)

    @staticmethod
    def read(cells: Iterable[Cells], actions: tuple[str, ...]) -> Counts:
        """The sum of several days; actions that this version does not know are left out."""
        total = Counts(len(actions))
        for day in cells:
            for number, action in enumerate(actions):
                for bin, sums in day.get(action, {}).items():
                    total.table[number, bin] += np.array(sums, np.int64)
        return total

    def cells(self, actions: tuple[str, ...]) -> Cells:
        """The filled bins as they are stored."""
        return {
            action: {int(bin): self.table[number, bin].tolist() for bin in np.flatnonzero(self.table[number, :, 0])}
            for number, action in enumerate(actions)
        }

    def action(self, number: int) -> Binned:
        """One action's filled bins."""
        own = self.table[number][self.table[number, :, 0] > 0].astype(np.float64)
        return Binned(own[:, 0], own[:, 1] / own[:, 0] / 100, own[:, 2] / own[:, 0] / BILLION, own[:, 3])


@dataclass(frozen=True, slots=True)
class Binned:
    """One action's bins, all (bins,): impressions, mean log-odds, mean chance, how often it happened."""

    impressions: FloatArray
    log_odds: FloatArray
    chances: FloatArray
    happened: FloatArray


@dataclass(frozen=True, slots=True)
class Line:
    """Log-odds after = intercept + slope × log-odds before; the slope is above 0, so order within an action never changes."""

    intercept: float = 0.0
    slope: float = 1.0

    def chances(self, log_odds: FloatArray) -> FloatArray:
        """Calibrated chances of these log-odds."""
        return np.asarray(expit(self.intercept + self.slope * log_odds))


AS_PREDICTED = Line()


def fit(binned: Binned) -> Line:
    """The most probable line under the priors above: logistic recalibration (Cox 1958; Platt 1999), by Newton's method.

    The line is α + z + β(z − c) with α ~ N(0, INTERCEPT_SD²), β ~ N(0, SLOPE_SD²) and c the mean log-odds weighed by information,
    so that the two are nearly independent. Without data it is exactly "as predicted". The slope stays within SLOPES.
    """
    n, z, y = binned.impressions, binned.log_odds, binned.happened
    if not n.sum():
        return AS_PREDICTED
    information = n * expit(z) * expit(-z)
    centre = float((information * z).sum() / information.sum())
    x = np.stack([np.ones_like(z), z - centre])
    precision = np.diag([INTERCEPT_SD**-2, SLOPE_SD**-2])
    theta = _newton(n, y, z, x, precision, np.zeros(2), free=np.array([True, True]))
    slope = float(np.clip(1 + theta[1], *SLOPES))
    if slope != 1 + theta[1]:
        start = np.array([theta[0], slope - 1])
        theta = _newton(n, y, z, x, precision, start, free=np.array([True, False]))
    return Line(float(theta[0] - (slope - 1) * centre), slope)


def _newton(
    n: FloatArray,
    y: FloatArray,
    z: FloatArray,
    x: FloatArray,
    precision: FloatArray,
    theta: FloatArray,
    free: NDArray[np.bool_],
) -> FloatArray:
    """Maximise the log posterior of `theta` (2,), which is concave, over its free entries; steps are halved until it grows."""

    def value(at: FloatArray) -> float:
        eta = z + at @ x
        return float((y * eta - n * np.logaddexp(0, eta)).sum() - at @ precision @ at / 2)

    best = value(theta)
    for _ in range(60):
        chance = expit(z + theta @ x)
        slope = (x @ (y - n * chance) - precision @ theta)[free]
        curve = ((x * (n * chance * (1 - chance))) @ x.T + precision)[np.ix_(free, free)]
        step = np.zeros(2)
        step[free] = np.linalg.solve(curve, slope)
        while (found := value(theta + step)) < best and np.abs(step).max() > 1e-10:
            step /= 2
        if found <= best or np.abs(step).max() < 1e-10:
            return theta
        theta, best = theta + step, found
    return theta


def measures(binned: Binned, line: Line = AS_PREDICTED) -> Measures | None:
    """How well a line's chances fit what happened; None without impressions. Within a bin every chance is taken at its mean.

    `debiased` after Kumar, Liang and Ma (2019), "Verified uncertainty calibration"; `by_chance` is Σ share·√(2/π · p(1−p)/n), the
    mean distance of a binomial rate from its own p by its normal approximation.
    """
    n, y = binned.impressions, binned.happened
    total = float(n.sum())
    if not total:
        return None
    p = binned.chances if line == AS_PREDICTED else line.chances(binned.log_odds)
    rate, share = y / n, n / total
    noise = np.where(n > 1, rate * (1 - rate) / np.maximum(n - 1, 1), rate * (1 - rate))
    squared = float((share * ((rate - p) ** 2 - noise)).sum())
    p_safe = np.clip(p, 1e-12, 1 - 1e-12)
    return Measures(
        impressions=int(total),
        predicted=float((share * p).sum()),
        observed=float((share * rate).sum()),
        error=float((share * np.abs(rate - p)).sum()),
        by_chance=float((share * np.sqrt(2 / np.pi * p * (1 - p) / n)).sum()),
        debiased=max(squared, 0.0) ** 0.5,
        brier=float((y * (1 - p) ** 2 + (n - y) * p**2).sum() / total),
        log_loss=float(-(y * np.log(p_safe) + (n - y) * np.log1p(-p_safe)).sum() / total),
    )


def reliability(binned: Binned, line: Line, rows: int = 10) -> tuple[ReliabilityRow, ...]:
    """The reliability table: neighbouring bins joined until each row holds about a `rows`-th of the impressions."""
    n = binned.impressions
    if not n.sum():
        return ()
    after = line.chances(binned.log_odds)
    group = np.minimum(((np.cumsum(n) - n / 2) / n.sum() * rows).astype(np.int64), rows - 1)
    found = []
    for own in (group == one for one in np.unique(group)):
        count, happened = float(n[own].sum()), float(binned.happened[own].sum())
        low, high = wilson(happened, count)
        found.append(
            ReliabilityRow(
                impressions=int(count),
                before=float((n[own] * binned.chances[own]).sum() / count),
                after=float((n[own] * after[own]).sum() / count),
                observed=happened / count,
                low=low,
                high=high,
            )
        )
    return tuple(found)


def wilson(happened: float, count: float, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a rate (1927); (0, 1) when nothing was counted."""
    if not count:
        return 0.0, 1.0
    rate = happened / count
    middle = (rate + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (rate * (1 - rate) / count + z * z / (4 * count * count)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)
