"""Effects on viewers who met the change, and on everybody who could have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.experiment import Metric, MetricKind, MetricRole
from core.statistics.moments import FloatArray
from core.statistics.stratified import diluted as by_hand
from core.statistics.triggering import Side, diluted, triggered

MEAN = Metric(name="Clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks")
RATIO = Metric(
    name="Rate", kind=MetricKind.RATIO, role=MetricRole.GOAL, numerator="product_clicks", denominator="impressions"
)


def rows(rng: np.random.Generator, n: int, lift: float = 0.0, rate: float = 0.3) -> FloatArray:
    """Viewers of whom `rate` trigger; those have a mean of 3 · (1 + lift) of about 10, the rest is 1 of about 6."""
    met = rng.random(n) < rate
    shown, others = rng.poisson(10, n) + 1.0, rng.poisson(6, n) + 1.0
    clicks = rng.binomial(shown.astype(int), 0.3 * (1 + lift))
    rest = rng.binomial(others.astype(int), 0.15)
    return np.column_stack([met, met * clicks, met * shown, rest, others]).astype(float)


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.floats(0.1, 0.9))
def test_the_diluted_mean_is_the_rate_times_the_effect_over_the_controls_whole_value(seed: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    control, treatment = Side.of(rows(rng, 400, rate=rate)), Side.of(rows(rng, 400, 0.2, rate))
    found = triggered(MEAN, control, treatment)
    whole = found.rate * control.triggered.mean[0] + (control.everybody.mean[3] + treatment.everybody.mean[3]) / 2
    absolute, relative = by_hand(found.effect.difference, found.rate, float(whole))
    assert found.overall == pytest.approx(absolute)
    assert found.overall_relative == pytest.approx(relative)


def test_when_everybody_triggers_both_effects_are_one() -> None:
    rng = np.random.default_rng(2)
    sides = [Side.of(np.column_stack([rows(rng, 500, lift, 1.0)[:, :3], np.zeros((500, 2))])) for lift in (0.0, 0.1)]
    for metric in (MEAN, RATIO):
        found = triggered(metric, *sides)
        assert found.rate == 1
        assert math.isnan(found.rate_p)
        assert found.overall_relative == pytest.approx(found.relative)
        assert found.overall_interval.lower == pytest.approx(found.effect.interval.lower, rel=0.01)


@pytest.mark.parametrize("metric", [MEAN, RATIO], ids=["mean", "ratio"])
@pytest.mark.parametrize("relative", [False, True], ids=["absolute", "relative"])
def test_the_diluted_interval_covers_the_truth_as_often_as_it_says(metric: Metric, relative: bool) -> None:
    rng = np.random.default_rng(8)
    rate, lift, runs = 0.3, 0.1, 400
    own, shown, rest, others = 0.3 * 11, 11.0, 0.15 * 7, 7.0
    if metric is MEAN:
        base = rate * own + rest
        truth = rate * own * lift
    else:
        base = (rate * own + rest) / (rate * shown + others)
        truth = rate * own * lift / (rate * shown + others)
    truth = truth / base if relative else truth
    covered = 0
    for _ in range(runs):
        sides = Side.of(rows(rng, 600, rate=rate)), Side.of(rows(rng, 600, lift, rate))
        _, interval = diluted(metric, *sides, relative=relative)
        covered += interval.lower <= truth <= interval.upper
    assert covered / runs == pytest.approx(0.95, abs=0.03)


def test_the_effect_on_everybody_is_sharper_than_comparing_everybody() -> None:
    rng = np.random.default_rng(3)
    control, treatment = rows(rng, 3_000, rate=0.1), rows(rng, 3_000, 0.3, 0.1)
    _, interval = diluted(MEAN, Side.of(control), Side.of(treatment), relative=False)
    whole = [(arm[:, 1] + arm[:, 3]) for arm in (control, treatment)]
    error = math.sqrt(sum(values.var(ddof=1) / len(values) for values in whole))
    assert interval.upper - interval.lower < 0.8 * 2 * 1.96 * error


def test_arms_that_trigger_at_different_rates_are_reported() -> None:
    rng = np.random.default_rng(5)
    found = triggered(MEAN, Side.of(rows(rng, 2_000, rate=0.3)), Side.of(rows(rng, 2_000, rate=0.4)))
    assert found.differ
    alike = triggered(MEAN, Side.of(rows(rng, 2_000)), Side.of(rows(rng, 2_000)))
    assert not alike.differ


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_triggered_viewers_give_unknown_never_zero(n: int) -> None:
    rng = np.random.default_rng(6)
    few = rows(rng, 50, rate=0.0)
    few[:n, :3] = (1, 2, 3)
    found = triggered(MEAN, Side.of(few), Side.of(rows(rng, 50)))
    assert math.isnan(found.overall)
    assert math.isnan(found.overall_interval.lower)
    assert math.isnan(found.effect.interval.lower)
