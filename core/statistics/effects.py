"""Differences between two arms, control first: the test that decides, and intervals that agree with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from core.statistics.moments import Summary

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Interval:
    """Lower and upper end; NaN where nothing can be said."""

    lower: float
    upper: float

    def excludes(self, value: float) -> bool:
        """True if `value` lies outside; False when the interval is unknown."""
        return value < self.lower or value > self.upper


UNKNOWN = Interval(NAN, NAN)


@dataclass(frozen=True, slots=True)
class Effect:
    """Treatment minus control with its standard error, degrees of freedom, two-sided p-value and interval."""

    difference: float
    error: float
    freedom: float
    p_value: float
    interval: Interval


def welch(control: Summary, treatment: Summary, alpha: float = 0.05) -> Effect:
    """Two-sided Welch t-test of the absolute difference (Welch 1947; Satterthwaite's degrees of freedom).

    All NaN with fewer than two viewers in an arm; p is NaN when neither arm varies, since no error can be estimated.
    """
    difference = treatment.mean - control.mean
    if control.n < 2 or treatment.n < 2:
        return Effect(difference, NAN, NAN, NAN, UNKNOWN)
    parts = control.variance / control.n, treatment.variance / treatment.n
    error = math.sqrt(sum(parts))
    if not error > 0:
        return Effect(difference, error, NAN, NAN, UNKNOWN)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (control.n - 1) + parts[1] ** 2 / (treatment.n - 1))
    half = stats.t.ppf(1 - alpha / 2, freedom) * error
    p_value = 2 * stats.t.sf(abs(difference) / error, freedom)
    return Effect(difference, error, freedom, float(p_value), Interval(difference - half, difference + half))


def fieller(control: Summary, treatment: Summary, alpha: float = 0.05) -> tuple[float, Interval]:
    """Relative uplift and its interval by Fieller (1954), which excludes 0 exactly when `welch` rejects.

    The set {r: (x̄T - (1+r) x̄C)² ≤ t² (sT²/nT + (1+r)² sC²/nC)} with t of the Welch test. The interval is unknown unless the
    control's mean is itself clearly not zero (else the set is not an interval); the uplift is NaN for a control mean of 0.
    """
    effect = welch(control, treatment, alpha)
    relative = effect.difference / control.mean if control.mean != 0 else NAN
    if math.isnan(effect.freedom):
        return relative, UNKNOWN
    squared = stats.t.ppf(1 - alpha / 2, effect.freedom) ** 2
    a = control.mean**2 - squared * control.variance / control.n
    b = control.mean * treatment.mean
    c = treatment.mean**2 - squared * treatment.variance / treatment.n
    if a <= 0:
        return relative, UNKNOWN
    root = math.sqrt(max(0.0, b**2 - a * c))
    return relative, Interval((b - root) / a - 1, (b + root) / a - 1)


def newcombe(n_control: int, x_control: int, n_treatment: int, x_treatment: int, alpha: float = 0.05) -> Interval:
    """Difference of two proportions, Newcombe's hybrid score interval (1998, method 10)."""
    if min(n_control, n_treatment) < 1:
        return UNKNOWN
    lower, upper = confint_proportions_2indep(
        x_treatment, n_treatment, x_control, n_control, method="newcomb", compare="diff", alpha=alpha
    )
    return Interval(float(lower), float(upper))


def katz(n_control: int, x_control: int, n_treatment: int, x_treatment: int, alpha: float = 0.05) -> Interval:
    """Ratio of two proportions minus 1, by the log interval of Katz et al. (1978). Unknown when a count is 0."""
    if min(x_control, x_treatment) < 1:
        return UNKNOWN
    ratio = (x_treatment / n_treatment) / (x_control / n_control)
    error = math.sqrt(1 / x_control - 1 / n_control + 1 / x_treatment - 1 / n_treatment)
    half = stats.norm.ppf(1 - alpha / 2) * error
    return Interval(ratio * math.exp(-half) - 1, ratio * math.exp(half) - 1)


def exact(n_control: int, x_control: int, n_treatment: int, x_treatment: int) -> tuple[float, float]:
    """Two-sided Fisher and Barnard (pooled) p-values, for tiny counts.

    scipy's Barnard can stop at a local maximum of the nuisance parameter; more starting points make that rare.
    """
    table = [[x_treatment, x_control], [n_treatment - x_treatment, n_control - x_control]]
    fisher = float(stats.fisher_exact(table).pvalue)
    barnard = float(stats.barnard_exact(table, pooled=True, n=128).pvalue)
    return fisher, barnard


def quantile_summary(n: float, quantile: float, lower: float, upper: float, alpha: float = 0.05) -> Summary:
    """An arm's quantile with the error read off its order-statistic bounds (Deng, Knoblich & Lu 2018, section 4)."""
    half = (upper - lower) / (2 * stats.norm.ppf(1 - alpha / 2))
    return Summary(n, quantile, (n - 1) * half**2)
