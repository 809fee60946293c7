"""Sums that merge: all that the other modules know of an arm.

Means and centred cross-products are kept instead of raw sums of squares: merging them is exact in the same sense, and does
not lose digits when values are large beside their spread (Chan, Golub & LeVeque 1983).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """`n` viewers with k values each: their means (k,) and centred cross-products (k, k)."""

    n: float
    mean: FloatArray
    products: FloatArray

    @staticmethod
    def empty(k: int = 1) -> Moments:
        """No viewers yet."""
        return Moments(0.0, np.zeros(k), np.zeros((k, k)))

    @staticmethod
    def of(rows: FloatArray | Sequence[float]) -> Moments:
        """From per-viewer values, shape (n,) or (n, k). Raises ValueError for NaN or infinity."""
        values = np.asarray(rows, dtype=float)
        values = values[:, None] if values.ndim == 1 else values
        if not np.isfinite(values).all():
            raise ValueError(f"{int((~np.isfinite(values)).sum())} values are not finite")
        if len(values) == 0:
            return Moments.empty(values.shape[1])
        mean = values.mean(axis=0)
        centred = values - mean
        return Moments(float(len(values)), mean, centred.T @ centred)

    @staticmethod
    def of_sums(n: float, sums: Sequence[float], products: Sequence[Sequence[float]]) -> Moments:
        """From raw sums (k,) and raw cross-products (k, k), as event totals arrive."""
        total = np.asarray(sums, dtype=float)
        raw = np.asarray(products, dtype=float)
        if n == 0:
            return Moments.empty(len(total))
        mean = total / n
        return Moments(float(n), mean, raw - n * np.outer(mean, mean))

    @staticmethod
    def of_counts(n: float, successes: float) -> Moments:
        """`successes` viewers of `n` did it: the moments of n zeros and ones."""
        if not 0 <= successes <= n:
            raise ValueError(f"{successes} of {n} cannot be a proportion")
        share = successes / n if n else 0.0
        return Moments(float(n), np.array([share]), np.array([[n * share * (1 - share)]]))

    def __add__(self, other: Moments) -> Moments:
        """Both together, as if they had been one."""
        if self.n == 0:
            return other
        if other.n == 0:
            return self
        n = self.n + other.n
        apart = other.mean - self.mean
        mean = self.mean + apart * (other.n / n)
        return Moments(n, mean, self.products + other.products + np.outer(apart, apart) * (self.n * other.n / n))

    @property
    def covariance(self) -> FloatArray:
        """Unbiased covariance (k, k); NaN below two viewers."""
        return self.products / (self.n - 1) if self.n > 1 else np.full_like(self.products, np.nan)

    def take(self, *columns: int) -> Moments:
        """Only these columns, in this order."""
        index = list(columns)
        return Moments(self.n, self.mean[index], self.products[np.ix_(index, index)])


def merged(parts: Iterable[Moments]) -> Moments:
    """All parts together; a single empty one if there are none."""
    return reduce(lambda left, right: left + right, parts, Moments.empty(0))


@dataclass(frozen=True, slots=True)
class Summary:
    """One arm of one metric, reduced to what a test needs: `variance` is that of one viewer's (linearised) value."""

    n: float
    mean: float
    variance: float

    @property
    def error(self) -> float:
        """Standard error of the mean; NaN below two viewers."""
        return float(np.sqrt(self.variance / self.n)) if self.n > 1 else float("nan")


def mean_summary(moments: Moments, column: int = 0) -> Summary:
    """The plain mean per viewer of one column."""
    if moments.n < 1:
        return Summary(moments.n, float("nan"), float("nan"))
    return Summary(moments.n, float(moments.mean[column]), float(moments.covariance[column, column]))


def proportion_summary(n: float, successes: float) -> Summary:
    """A share of viewers, with variance p(1-p) (no n-1), as the formulas for proportions take it."""
    share = successes / n if n else float("nan")
    return Summary(n, share, share * (1 - share))


def ratio_summary(moments: Moments, numerator: int = 0, denominator: int = 1) -> Summary:
    """Ratio of sums with viewers as units, by the delta method (Deng, Knoblich & Lu 2018, eq. 3).

    R = Σy/Σx; variance of one unit = (s_y² - 2 R s_xy + R² s_x²) / x̄². NaN when the denominator's mean is 0.
    """
    if moments.n < 1 or moments.mean[denominator] == 0:
        return Summary(moments.n, float("nan"), float("nan"))
    ratio = float(moments.mean[numerator] / moments.mean[denominator])
    weights = ratio_weights(moments, numerator, denominator)
    return Summary(moments.n, ratio, float(weights @ moments.covariance @ weights))


def ratio_weights(moments: Moments, numerator: int, denominator: int) -> FloatArray:
    """The linearisation (k,) of a ratio around its mean: (e_y - R e_x) / x̄."""
    weights = np.zeros(len(moments.mean))
    base = moments.mean[denominator]
    weights[numerator] = 1 / base
    weights[denominator] -= moments.mean[numerator] / base**2
    return weights
