"""Guardrails: has the treatment harmed what must not be harmed by more than a margin chosen at launch?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from scipy import stats

from core.statistics.sequential import one_sided_half


class GuardrailState(StrEnum):
    """What can be said now; `UNKNOWN` is never to be read as fine."""

    CLEARED = "cleared"
    HOLD = "hold"
    ROLL_BACK = "roll_back"
    UNKNOWN = "not_known_yet"


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """Fixed-horizon test of H0 "worse than the margin": z, one-sided p and the bound on the bad side."""

    z: float
    p_value: float
    bound: float
    non_inferior: bool


def non_inferiority(
    difference: float, error: float, margin: float, *, higher_is_better: bool = True, alpha: float = 0.05
) -> NonInferiority:
    """One-sided z-test against the margin (> 0, in the metric's own unit). The bound is in the metric's direction."""
    if margin <= 0:
        raise ValueError(f"margin {margin} must be above 0")
    sign = 1.0 if higher_is_better else -1.0
    z = (sign * difference + margin) / error
    bound = sign * difference - stats.norm.ppf(1 - alpha) * error
    return NonInferiority(float(z), float(stats.norm.sf(z)), float(sign * bound), bool(bound > -margin))


def judge(
    n: float,
    difference: float,
    error: float,
    margin: float,
    *,
    higher_is_better: bool = True,
    alpha: float = 0.05,
    planned: float,
) -> GuardrailState:
    """The state at one look of a one-sided confidence sequence on each side, α each.

    Cleared: the whole bound lies inside the margin. Roll back: even the kind bound lies beyond the margin. Hold: the kind
    bound excludes 0 on the bad side. Otherwise not known yet.
    """
    half = one_sided_half(n, error, alpha=alpha, planned=planned)
    if math.isnan(half) or not math.isfinite(difference):
        return GuardrailState.UNKNOWN
    gain = difference if higher_is_better else -difference
    if gain + half < -margin:
        return GuardrailState.ROLL_BACK
    if gain - half > -margin and gain + half >= 0:
        return GuardrailState.CLEARED
    if gain + half < 0:
        return GuardrailState.HOLD
    return GuardrailState.UNKNOWN
