"""A/A: history drawn into arms again by new salts, where every finding is an error."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from core.statistics.aa import aa_check, resalted
from core.statistics.moments import FloatArray

IDS = [f"viewer-{i}" for i in range(1_200)]


def arms(runs: int, ids: list[str] = IDS) -> FloatArray:
    return resalted(ids, [f"salt {i}" for i in range(runs)])


def history(seed: int = 1) -> FloatArray:
    """Many viewers with nothing, some with much, as clicks are."""
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(0.8, 2.5, len(IDS))).astype(float)


def test_p_values_are_uniform_and_no_method_errs_more_often_than_alpha() -> None:
    found = aa_check(history(), arms(500))
    assert found.sound, found.sentence
    assert found.uniform_p > 0.001
    assert found.sequence_error <= 0.05
    assert found.mismatch_error <= 0.05
    assert found.peeking_error > 2 * found.alpha
    assert len(found.p_values) == 500


def test_ratios_are_linearised() -> None:
    rng = np.random.default_rng(2)
    shown = rng.poisson(8, len(IDS)) + 1.0
    found = aa_check(rng.binomial(shown.astype(int), 0.2).astype(float), arms(300), denominators=shown)
    assert found.sound, found.sentence
    assert found.fixed_error == pytest.approx(0.05, abs=0.04)


def test_arms_that_favour_who_has_more_are_caught() -> None:
    values = history()
    bent = np.array(
        [np.random.default_rng(i).random(len(IDS)) < 0.5 + 0.2 * (values > 3) for i in range(200)], dtype=float
    )
    found = aa_check(values, bent)
    assert not found.sound
    assert found.sentence.startswith("Not sound")


def test_each_salt_draws_evenly_and_independently_of_the_others() -> None:
    drawn = arms(200)
    assert (
        stats.kstest(stats.norm.cdf((drawn.mean(axis=1) - 0.5) / (0.5 / math.sqrt(len(IDS)))), "uniform").pvalue > 0.001
    )
    together = np.corrcoef(drawn)[np.triu_indices(200, 1)]
    assert abs(together.mean()) < 0.005


@pytest.mark.parametrize(
    ("values", "why"),
    [(np.ones(1_200), "nobody's value differs"), (np.arange(1_200.0)[:50], "only 50 viewers have a past")],
)
def test_a_past_that_tells_nothing_says_why(values: FloatArray, why: str) -> None:
    found = aa_check(values, arms(20)[:, : len(values)])
    assert why in found.sentence
    assert math.isnan(found.fixed_error)
    assert not found.sound
