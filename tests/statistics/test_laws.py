"""Laws that hold for every input, not only for the reference cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.statistics import bucketing, cuped, effects, guardrails, sequential, srm, stratified
from core.statistics.moments import Moments, Summary, mean_summary, merged, ratio_summary

VALUES = arrays.arrays(np.float64, st.tuples(st.integers(4, 40), st.just(2)), elements=st.floats(0.01, 1e4))
N = st.integers(5, 100_000)
MEAN = st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3)
VARIANCE = st.floats(1e-3, 1e4)
ARM = st.builds(lambda n, m, v: Summary(float(n), m, v), N, MEAN, VARIANCE)


@given(VALUES, st.data())
def test_merging_parts_equals_computing_on_all_rows(rows: np.ndarray, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    whole, parts = Moments.of(rows), Moments.of(rows[:cut]) + Moments.of(rows[cut:])
    assert parts.n == whole.n
    assert np.allclose(parts.mean, whole.mean)
    assert np.allclose(parts.products, whole.products, rtol=1e-9, atol=1e-6 * (1 + whole.products.max()))


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_merging_is_the_same_in_any_order(parts: list[np.ndarray]) -> None:
    forward, backward = (merged([Moments.of(p) for p in order]) for order in (parts, parts[::-1]))
    assert np.allclose(forward.mean, backward.mean)
    assert np.allclose(forward.products, backward.products, rtol=1e-9, atol=1e-6)


@given(ARM, ARM)
def test_swapping_the_arms_turns_the_sign_of_the_difference(control: Summary, treatment: Summary) -> None:
    there, back = effects.welch(control, treatment), effects.welch(treatment, control)
    assert there.difference == -back.difference
    assert there.p_value == pytest.approx(back.p_value)
    assert there.interval.lower == pytest.approx(-back.interval.upper)


@given(ARM, ARM, st.floats(1e-3, 1e3))
def test_a_change_of_unit_changes_neither_p_value_nor_uplift(control: Summary, treatment: Summary, unit: float) -> None:
    scaled = [Summary(arm.n, arm.mean * unit, arm.variance * unit**2) for arm in (control, treatment)]
    assert effects.welch(*scaled).p_value == pytest.approx(
        effects.welch(control, treatment).p_value, rel=1e-6, abs=1e-12
    )
    assert effects.fieller(*scaled)[0] == pytest.approx(effects.fieller(control, treatment)[0], rel=1e-9, abs=1e-12)


@given(ARM, ARM)
def test_fieller_excludes_zero_exactly_when_the_welch_test_rejects(control: Summary, treatment: Summary) -> None:
    p_value = effects.welch(control, treatment).p_value
    assume(abs(p_value - 0.05) > 1e-6)
    _, interval = effects.fieller(control, treatment)
    assume(not math.isnan(interval.lower))
    assert interval.excludes(0.0) == (p_value < 0.05)


@given(VALUES)
def test_a_ratio_over_a_constant_denominator_is_a_mean(rows: np.ndarray) -> None:
    rows[:, 1] = 1.0
    moments = Moments.of(rows)
    ratio, mean = ratio_summary(moments), mean_summary(moments)
    assert ratio.mean == pytest.approx(mean.mean)
    assert ratio.variance == pytest.approx(mean.variance, rel=1e-6, abs=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_cuped_never_widens_by_more_than_chance_and_keeps_the_overall_mean(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.normal(5, 2, 400)
    rows = np.column_stack([before + rng.normal(0, 1, 400), before])
    control, treatment = Moments.of(rows[:200]), Moments.of(rows[200:])
    adjusted = cuped.adjust_mean(control, treatment)
    assert adjusted.variance_removed > 0.5
    both = (adjusted.control.mean + adjusted.treatment.mean) / 2
    assert both == pytest.approx(float((control.mean[0] + treatment.mean[0]) / 2), abs=1e-9)


def test_cuped_on_ratios_with_constant_denominators_equals_cuped_on_means() -> None:
    rng = np.random.default_rng(7)
    before = rng.gamma(2, 2, 600)
    y = before * 0.5 + rng.gamma(2, 1, 600)
    rows = np.column_stack([y, np.ones(600), before, np.ones(600)])
    control, treatment = Moments.of(rows[:280]), Moments.of(rows[280:])
    ratio = cuped.adjust_ratio(control, treatment, (0, 1), (2, 3))
    mean = cuped.adjust_mean(control, treatment, 0, 2)
    assert ratio.theta == pytest.approx(mean.theta)
    assert ratio.treatment.mean - ratio.control.mean == pytest.approx(mean.treatment.mean - mean.control.mean)


@pytest.mark.parametrize("arm", [Summary(0, math.nan, math.nan), Summary(1, 3.0, math.nan), Summary(9, 3.0, 0.0)])
def test_an_arm_that_tells_nothing_gives_unknown_never_zero(arm: Summary) -> None:
    effect = effects.welch(arm, arm)
    assert math.isnan(effect.p_value)
    assert math.isnan(effect.interval.lower)
    assert not effect.interval.excludes(0.0)


def test_a_control_mean_of_zero_has_no_relative_effect() -> None:
    relative, interval = effects.fieller(Summary(50, 0.0, 1.0), Summary(50, 1.0, 1.0))
    assert math.isnan(relative)
    assert math.isnan(interval.lower)


def test_values_that_are_not_finite_are_refused_by_number() -> None:
    with pytest.raises(ValueError, match="2 values are not finite"):
        Moments.of([1.0, math.nan, math.inf])


def test_welch_and_uplift_agree_with_tea_tasting() -> None:
    import pandas as pd
    import tea_tasting as tt

    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"variant": np.repeat([0, 1], 500), "value": rng.gamma(2, 3, 1000)})
    theirs = tt.Experiment(value=tt.Mean("value")).analyze(frame)["value"]
    arms = [mean_summary(Moments.of(frame.loc[frame.variant == v, "value"].to_numpy())) for v in (0, 1)]
    ours = effects.welch(*arms)
    assert ours.difference == pytest.approx(theirs.effect_size)
    assert ours.p_value == pytest.approx(theirs.pvalue)
    assert ours.interval.lower == pytest.approx(theirs.effect_size_ci_lower)


def test_a_sequence_errs_rarely_under_forty_eight_looks_where_the_naive_test_errs_often() -> None:
    rng = np.random.default_rng(11)
    looks, batch, runs = 48, 50, 400
    sums = rng.normal(0, 1, (runs, looks, 2, batch)).sum(axis=3).cumsum(axis=1)
    n = batch * np.arange(1, looks + 1)
    differences = (sums[:, :, 1] - sums[:, :, 0]) / n
    errors = np.sqrt(2 / n)
    naive = (np.abs(differences / errors) > 1.96).any(axis=1).mean()
    ours = np.mean([
        sequential.first_crossing([
            sequential.two_sided(2 * n[k], differences[run, k], errors[k], planned=2 * n[-1]) for k in range(looks)
        ]) is not None
        for run in range(runs)
    ])  # fmt: skip
    assert naive > 0.2
    assert ours <= 0.05


def test_a_one_sided_sequence_errs_rarely_under_many_looks() -> None:
    rng = np.random.default_rng(12)
    looks, batch, runs = 48, 50, 400
    n = batch * np.arange(1, looks + 1)
    means = rng.normal(0, 1, (runs, looks, batch)).sum(axis=2).cumsum(axis=1) / n
    half = np.array([sequential.one_sided_half(k, 1 / math.sqrt(k), planned=n[-1]) for k in n])
    assert (means - half > 0).any(axis=1).mean() <= 0.06


@pytest.mark.parametrize(
    ("difference", "state"),
    [(-5.0, "roll_back"), (-0.6, "hold"), (0.5, "cleared"), (float("nan"), "not_known_yet")],
)
def test_a_guardrail_is_judged_by_its_margin(difference: float, state: str) -> None:
    judged = guardrails.judge(10_000, difference, 0.1, 1.0, planned=10_000)
    assert judged == guardrails.GuardrailState(state)


def test_a_guardrail_with_few_viewers_is_not_known_yet_rather_than_fine() -> None:
    assert guardrails.judge(50, 0.0, 5.0, 1.0, planned=10_000) is guardrails.GuardrailState.UNKNOWN


def test_an_arm_of_weight_zero_leaves_the_degrees_of_freedom() -> None:
    with_zero = srm.chi_square([520, 480, 0], [0.5, 0.5, 0.0])
    without = srm.chi_square([520, 480], [0.5, 0.5])
    assert with_zero.freedom == without.freedom == 1
    assert with_zero.p_value == without.p_value


def test_the_anytime_mismatch_test_raises_few_false_alarms_under_daily_looks() -> None:
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(300):
        daily = rng.multinomial(1_000, [0.5, 0.3, 0.2], size=30)
        alarms += srm.sequential(daily, [0.5, 0.3, 0.2])[1][-1] < 0.05
    assert alarms / 300 <= 0.05


def test_one_phase_stratified_is_the_welch_test() -> None:
    pair = Summary(100, 2.0, 1.0), Summary(90, 2.5, 1.5)
    assert stratified.stratified([pair]) == effects.welch(*pair)


@given(st.text(min_size=1, max_size=20), st.floats(0, 1), st.floats(0, 1))
def test_raising_exposure_only_adds_viewers_and_never_moves_one_to_another_arm(unit: str, a: float, b: float) -> None:
    low, high = sorted((a, b))
    if bucketing.exposed(unit, "salt", low):
        assert bucketing.exposed(unit, "salt", high)
    arms = bucketing.cumulative([0.5, 0.5])
    assert bucketing.variant(unit, "salt", arms) == bucketing.variant(unit, "salt", arms)


GOLDEN = {
    "viewer-1": (4079, 3184),
    "viewer-2": (5380, 677),
    "दर्शक": (2146, 9254),
    "глядач": (316, 5363),
    "": (7847, 522),
}


def test_golden_buckets_stay_the_same_on_every_machine_in_every_year() -> None:
    got = {unit: (bucketing.bucket(unit, "golden"), bucketing.bucket(unit, "golden/2")) for unit in GOLDEN}
    assert got == GOLDEN


def test_exposure_and_variant_are_independent_hashes() -> None:
    units = [f"viewer-{i}" for i in range(20_000)]
    arms = bucketing.cumulative([0.5, 0.5])
    table = np.zeros((2, 2))
    for unit in units:
        table[int(bucketing.exposed(unit, "x", 0.5)), bucketing.variant(unit, "x", arms)] += 1
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    assert ((table - expected) ** 2 / expected).sum() < 10.83


def test_weights_that_make_no_sense_are_refused() -> None:
    for weights in ([0.0, 0.0], [1.0, -0.5]):
        with pytest.raises(ValueError, match="weights"):
            bucketing.cumulative(weights)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=6).filter(lambda w: sum(w) > 0.01))
def test_an_arm_of_weight_zero_gets_nobody(weights: list[float]) -> None:
    arms = bucketing.cumulative(weights)
    got = {bucketing.variant(f"v{i}", "s", arms) for i in range(200)}
    assert all(weights[arm] > 0 for arm in got)


def test_the_ratio_of_proportions_has_the_log_interval_of_statsmodels() -> None:
    from statsmodels.stats.proportion import confint_proportions_2indep

    ours = effects.katz(500, 60, 480, 75)
    lower, upper = confint_proportions_2indep(75, 480, 60, 500, method="log", compare="ratio")
    assert (ours.lower, ours.upper) == pytest.approx((lower - 1, upper - 1), rel=1e-9)
    assert math.isnan(effects.katz(50, 0, 50, 3).lower)
