"""CUPED: what viewers did before the experiment explains part of the noise (Deng, Xu, Kohavi & Walker 2013)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.statistics.effects import Effect, welch
from core.statistics.moments import FloatArray, Moments, Summary, merged, ratio_weights


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Both arms with the pre-period taken out, θ, the share of variance that went (0..1) and the pre-period's own test."""

    control: Summary
    treatment: Summary
    theta: float
    variance_removed: float
    before: Effect


def adjust_mean(control: Moments, treatment: Moments, value: int = 0, before: int = 1, alpha: float = 0.05) -> Adjusted:
    """Adjust a mean: y - θ (x - x̄), θ = cov(y, x) / var(x) pooled over both arms (columns `value` and `before`)."""

    def unit(moments: Moments, column: int) -> FloatArray:
        weights = np.zeros(len(moments.mean))
        weights[column] = 1.0
        return weights

    return _adjust(
        control,
        treatment,
        (unit(control, value), unit(treatment, value)),
        (unit(control, before), unit(treatment, before)),
        (control.mean[value], treatment.mean[value]),
        (control.mean[before], treatment.mean[before]),
        alpha,
    )


def adjust_ratio(
    control: Moments, treatment: Moments, value: tuple[int, int], before: tuple[int, int], alpha: float = 0.05
) -> Adjusted:
    """Adjust a ratio of sums; `value` and `before` are (numerator, denominator) columns. Works on the linearised ratios."""

    def parts(moments: Moments, columns: tuple[int, int]) -> tuple[FloatArray, float]:
        numerator, denominator = columns
        if moments.mean[denominator] == 0:
            return np.full(len(moments.mean), np.nan), float("nan")
        return ratio_weights(moments, numerator, denominator), float(
            moments.mean[numerator] / moments.mean[denominator]
        )

    y_control, y_treatment = parts(control, value), parts(treatment, value)
    x_control, x_treatment = parts(control, before), parts(treatment, before)
    return _adjust(
        control,
        treatment,
        (y_control[0], y_treatment[0]),
        (x_control[0], x_treatment[0]),
        (y_control[1], y_treatment[1]),
        (x_control[1], x_treatment[1]),
        alpha,
    )


def _adjust(
    control: Moments,
    treatment: Moments,
    y: tuple[FloatArray, FloatArray],
    x: tuple[FloatArray, FloatArray],
    y_mean: tuple[float, float],
    x_mean: tuple[float, float],
    alpha: float,
) -> Adjusted:
    """θ from the pooled covariance around the pooled mean; then each arm's y - θ (x - pooled x)."""
    both = merged((control, treatment))
    pooled = both.covariance
    y_pooled, x_pooled = (y[0] + y[1]) / 2, (x[0] + x[1]) / 2
    spread = float(x_pooled @ pooled @ x_pooled)
    theta = float(y_pooled @ pooled @ x_pooled) / spread if spread > 0 else 0.0
    centre = (control.n * x_mean[0] + treatment.n * x_mean[1]) / both.n if both.n else float("nan")

    def arm(moments: Moments, side: int) -> tuple[Summary, Summary, float]:
        weights = y[side] - theta * x[side]
        covariance = moments.covariance
        mean = float(y_mean[side] - theta * (x_mean[side] - centre))
        adjusted = Summary(moments.n, mean, max(0.0, float(weights @ covariance @ weights)))
        pre = Summary(moments.n, float(x_mean[side]), float(x[side] @ covariance @ x[side]))
        return adjusted, pre, float(y[side] @ covariance @ y[side])

    (c_adjusted, c_pre, c_raw), (t_adjusted, t_pre, t_raw) = arm(control, 0), arm(treatment, 1)
    raw = c_raw / control.n + t_raw / treatment.n if control.n and treatment.n else float("nan")
    left = (
        c_adjusted.variance / control.n + t_adjusted.variance / treatment.n
        if control.n and treatment.n
        else float("nan")
    )
    removed = 1 - left / raw if raw > 0 else float("nan")
    return Adjusted(c_adjusted, t_adjusted, theta, removed, welch(c_pre, t_pre, alpha))
