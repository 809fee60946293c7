"""Calibration: it never changes an order, says nothing without data, and finds a planted error again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from core.statistics.calibration import AS_PREDICTED, SLOPES, Binned, Counts, Line, fit, measures, reliability, wilson

ONE = ("like",)


def simulated(n: int, line: Line, seed: int = 1, centre: float = -3.0) -> Binned:
    """`n` impressions whose true log-odds are `line` of the predicted ones."""
    rng = np.random.default_rng(seed)
    hundredths = np.rint(rng.normal(centre, 1.0, (n, 1)) * 100).astype(np.int64)
    happened = (rng.random((n, 1)) < line.chances(hundredths / 100)).astype(np.int64)
    counts = Counts(1)
    counts.add(hundredths, happened)
    return counts.action(0)


binned = st.lists(st.tuples(st.integers(-900, 300), st.integers(0, 400), st.floats(0, 1)), min_size=0, max_size=12).map(
    lambda rows: Binned(
        np.array([float(n + 1) for _, n, _ in rows]),
        np.array([z / 100 for z, _, _ in rows]),
        np.array([float(expit(z / 100)) for z, _, _ in rows]),
        np.array([float(round((n + 1) * share)) for _, n, share in rows]),
    )
)


@given(binned)
def test_order_within_an_action_never_changes_whatever_was_seen(data: Binned) -> None:
    line = fit(data)
    assert SLOPES[0] <= line.slope <= SLOPES[1]
    assert np.isfinite(line.intercept)
    assert (np.diff(line.chances(np.linspace(-6, 3, 40))) > 0).all()


def test_without_data_chances_stay_as_predicted() -> None:
    assert fit(Counts(1).action(0)) == AS_PREDICTED


def test_twice_the_odds_are_found_again() -> None:
    line = fit(simulated(200_000, Line(np.log(2), 1.0)))
    assert line.chances(np.array([-3.0]))[0] == pytest.approx(expit(-3 + np.log(2)), rel=0.03)
    assert line.slope == pytest.approx(1.0, abs=0.05)


def test_a_slope_that_was_too_steep_is_found_again() -> None:
    line = fit(simulated(200_000, Line(-0.4, 0.6), centre=-1.0))
    assert line.slope == pytest.approx(0.6, abs=0.03)
    assert line.intercept == pytest.approx(-0.4, abs=0.05)


def test_a_hundred_impressions_move_a_prediction_less_than_ten_thousand() -> None:
    moved = [fit(simulated(n, Line(np.log(4), 1.0))).chances(np.array([-3.0]))[0] for n in (30, 300, 30_000)]
    assert expit(-3.0) < moved[0] < moved[1] < moved[2] < 1.05 * expit(-3 + np.log(4))


def test_calibration_halves_the_error_on_impressions_it_has_not_seen() -> None:
    wrong = Line(np.log(2), 0.8)
    line, unseen = fit(simulated(50_000, wrong, seed=1)), simulated(50_000, wrong, seed=2)
    before, after = measures(unseen), measures(unseen, line)
    assert before is not None
    assert after is not None
    assert after.error < before.error / 4
    assert after.error < 2.5 * after.by_chance
    assert after.debiased < before.debiased / 4
    assert after.log_loss < before.log_loss
    assert after.brier < before.brier
    assert after.predicted == pytest.approx(after.observed, rel=0.05)


def test_perfect_predictions_show_about_the_error_that_chance_alone_makes() -> None:
    found = [measures(simulated(5_000, AS_PREDICTED, seed=seed)) for seed in range(20)]
    ratio = np.mean([one.error / one.by_chance for one in found if one is not None])
    assert ratio == pytest.approx(1.0, abs=0.15)


@given(st.permutations(list(range(4))))
def test_days_add_up_to_the_same_counts_in_any_order(order: list[int]) -> None:
    rng = np.random.default_rng(3)
    parts = []
    whole = Counts(1)
    for _ in range(4):
        odds, done = rng.integers(-1_200, 500, (50, 1)), rng.integers(0, 2, (50, 1))
        day = Counts(1)
        day.add(odds, done)
        whole.add(odds, done)
        parts.append(day.cells(ONE))
    assert (Counts.read([parts[place] for place in order], ONE).table == whole.table).all()


def test_the_reliability_table_holds_every_impression_and_its_interval_the_rate() -> None:
    data = simulated(20_000, AS_PREDICTED)
    rows = reliability(data, AS_PREDICTED)
    assert sum(row.impressions for row in rows) == 20_000
    assert 5 <= len(rows) <= 10
    assert all(row.low <= row.observed <= row.high for row in rows)
    assert [row.before for row in rows] == sorted(row.before for row in rows)
    assert sum(row.low <= row.before <= row.high for row in rows) >= len(rows) - 2


def test_wilson_agrees_with_statsmodels() -> None:
    from statsmodels.stats.proportion import proportion_confint

    for happened, count in ((0, 10), (3, 40), (40, 40), (1, 1_000)):
        assert wilson(happened, count) == pytest.approx(proportion_confint(happened, count, method="wilson"), abs=1e-12)
    assert wilson(0, 0) == (0.0, 1.0)
