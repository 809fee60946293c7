"""Many metrics, one family: p-values adjusted so that a lucky one does not pass for a finding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from statsmodels.stats.multitest import multipletests


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down (1979), in input order; for goal metrics × arms. NaN stays NaN and does not count."""
    return _adjust(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """False discovery rate (Benjamini & Hochberg 1995), in input order; for secondary metrics. NaN stays NaN."""
    return _adjust(p_values, "fdr_bh")


def _adjust(p_values: Sequence[float], method: str) -> list[float]:
    values = np.asarray(p_values, dtype=float)
    known = ~np.isnan(values)
    adjusted = np.full(len(values), np.nan)
    if known.any():
        adjusted[known] = multipletests(values[known], method=method)[1]
    return [float(value) for value in adjusted]
