"""A/A checks: the same viewers drawn into two arms again and again, where no effect can be: whatever is found is an error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from core.statistics import srm
from core.statistics.bucketing import cumulative, variant
from core.statistics.moments import FloatArray
from core.statistics.sequential import two_sided

LOOKS = 48
_DOUBT = 0.001
_FIRST = 100
"""Viewers in all before the first look: the sequence is asymptotic."""


@dataclass(frozen=True, slots=True)
class AACheck:
    """`p_values` of the fixed test per drawing; `uniform_p` tests that they are uniform (Kolmogorov-Smirnov).

    `fixed_error`, `sequence_error`, `peeking_error` and `mismatch_error` are the shares of drawings in which one look at the end,
    the sequence at any of `looks` looks, an unadjusted test at any of them, and the anytime-valid split test wrongly found
    something. `unknown` drawings had no variance. `sound` says that none of ours errs more often than α beyond chance.
    """

    viewers: int
    runs: int
    looks: int
    alpha: float
    p_values: tuple[float, ...]
    uniform_p: float
    fixed_error: float
    sequence_error: float
    peeking_error: float
    mismatch_error: float
    unknown: int
    sound: bool
    sentence: str


def resalted(viewers: Sequence[str], salts: Sequence[str], weights: Sequence[float] = (1.0, 1.0)) -> FloatArray:
    """Which viewers each salt puts into the second arm, by the hashes that assign real viewers: shape (salts, viewers), 0 or 1."""
    sums = cumulative(weights)
    return np.array([[variant(viewer, salt, sums) for viewer in viewers] for salt in salts], dtype=float)


def aa_check(
    values: FloatArray,
    arms: FloatArray,
    *,
    denominators: FloatArray | None = None,
    looks: int = LOOKS,
    alpha: float = 0.05,
) -> AACheck:
    """Check on viewers' `values` (n,) in the order in which they joined, for each drawing of `arms` (runs, n).

    Ratios pass their `denominators` (n,) and are linearised around the overall ratio. Looks are at equal steps of viewers.
    """
    runs, n = arms.shape
    if denominators is not None:
        base = float(denominators.sum())
        if base == 0:
            return _nothing(n, runs, looks, alpha)
        values = (values - values.sum() / base * denominators) / (base / n)
    if n < 2 * _FIRST or not np.ptp(values) > 0:
        return _nothing(n, runs, looks, alpha)
    ends = np.unique(np.linspace(_FIRST, n, looks).astype(int)) - 1
    estimates, errors, counts = _differences(values - values.mean(), arms, ends)
    last_n, z = float(n), float(stats.norm.ppf(1 - alpha / 2))
    final, error = estimates[:, -1], errors[:, -1]
    freedom = n - 2
    known = np.isfinite(error) & (error > 0)
    p_values = 2 * stats.t.sf(np.abs(final[known] / error[known]), freedom)
    halves = np.array([two_sided(end + 1.0, 0.0, 1.0, alpha=alpha, planned=last_n).interval.upper for end in ends])
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.abs(estimates / errors)
    sequence = float((ratios > halves).any(axis=1).mean())
    peeking = float((ratios > z).any(axis=1).mean())
    mismatch = float(np.mean([_mismatched(counts[run], alpha) for run in range(runs)]))
    uniform = float(stats.kstest(p_values, "uniform").pvalue) if len(p_values) > 1 else math.nan
    fixed = float((p_values < alpha).mean()) if len(p_values) else math.nan
    doubts = [
        words
        for words, wrong in (
            ("p-values are not uniform", uniform < _DOUBT),
            ("the sequence errs too often", _too_often(sequence, runs, alpha)),
            ("the split test errs too often", _too_often(mismatch, runs, alpha)),
            ("the test at the end errs too often", _too_often(fixed, runs, alpha)),
        )
        if wrong
    ]
    sentence = (
        f"Sound: over {runs} drawings of {n:,} viewers without any effect, the interval that holds at every look was wrong in "
        f"{sequence:.1%} (at most {alpha:.0%} allowed) and one look at the end in {fixed:.1%}; looking {len(ends)} times at an "
        f"unadjusted test would have been wrong in {peeking:.1%}."
        if not doubts
        else f"Not sound: {', and '.join(doubts)}. Do not decide by this metric before the cause is found."
    )
    return AACheck(
        n, runs, len(ends), alpha, tuple(float(p) for p in p_values), uniform, fixed, sequence, peeking, mismatch,
        int((~known).sum()), not doubts, sentence,
    )  # fmt: skip


def _differences(
    values: FloatArray, arms: FloatArray, ends: np.typing.NDArray[np.int_]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Difference and Welch error at each look, (runs, looks), and counts by arm (runs, looks, 2)."""
    both = np.arange(1, len(values) + 1)[ends]
    n_t = arms.cumsum(axis=1)[:, ends]
    sums = (arms * values).cumsum(axis=1)[:, ends]
    squares = (arms * values**2).cumsum(axis=1)[:, ends]
    n_c = both - n_t
    all_sums, all_squares = values.cumsum()[ends], (values**2).cumsum()[ends]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_t, mean_c = sums / n_t, (all_sums - sums) / n_c
        spread_t = (squares / n_t - mean_t**2) / (n_t - 1)
        spread_c = ((all_squares - squares) / n_c - mean_c**2) / (n_c - 1)
        return mean_t - mean_c, np.sqrt(spread_t + spread_c), np.stack([n_c, n_t], axis=2)


def _mismatched(counts: FloatArray, alpha: float) -> bool:
    _, p_values = srm.sequential(np.diff(counts, axis=0, prepend=0.0).tolist(), [0.5, 0.5])
    return bool(p_values) and p_values[-1] < alpha


def _too_often(share: float, runs: int, alpha: float) -> bool:
    """Beyond what chance explains: one-sided binomial test below 1 in 1,000."""
    return math.isfinite(share) and float(stats.binom.sf(round(share * runs) - 1, runs, alpha)) < _DOUBT


def _nothing(n: int, runs: int, looks: int, alpha: float) -> AACheck:
    why = f"only {n:,} viewers have a past" if n < 2 * _FIRST else "nobody's value differs from anybody else's"
    nan = math.nan
    return AACheck(n, runs, looks, alpha, (), nan, nan, nan, nan, nan, runs, False, f"Cannot say yet, because {why}.")
