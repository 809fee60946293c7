"""The hybrid rule: half of α at every look, half on one fixed test at the planned end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.domain.experiment import (
    Arm,
    Experiment,
    ExperimentState,
    Metric,
    MetricKind,
    MetricRole,
    Phase,
    Plan,
    Rule,
)  # fmt: skip
from core.domain.experiment_data import DaySums
from core.domain.ids import DAY
from core.statistics import power
from core.statistics.day_cube import DayCube
from core.statistics.effects import Interval
from core.statistics.report import Report, report
from core.statistics.sequential import Look, first_crossing, hybrid, two_sided
from core.statistics.totals import Sums
from core.statistics.verdict import Action

GOAL = Metric(name="Clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks")


def fixed(estimate: float, error: float) -> tuple[Interval, float]:
    half = stats.norm.ppf(1 - 0.025 / 2) * error
    return Interval(estimate - half, estimate + half), float(2 * stats.norm.sf(abs(estimate) / error))


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=12), st.integers(1, 12))
def test_p_values_are_below_alpha_exactly_where_an_interval_excludes_zero(zs: list[float], end: int) -> None:
    ns = [100.0 * (k + 1) for k in range(len(zs))]
    made = [
        two_sided(n, z / math.sqrt(n), 1 / math.sqrt(n), alpha=0.025, planned=100.0 * end)
        for n, z in zip(ns, zs, strict=True)
    ]
    looks = hybrid(made, [fixed(look.estimate, look.error) for look in made], planned=100.0 * end)
    for look in looks:
        if abs(look.p_value - 0.05) > 1e-9:
            assert look.interval.excludes(0.0) == (look.p_value < 0.05)
    assert sum(look.at_end for look in looks) <= 1


def test_only_the_first_look_at_the_planned_end_is_a_fixed_test() -> None:
    made = [two_sided(n, 0.1, 0.04, alpha=0.025, planned=200) for n in (100.0, 210.0, 300.0)]
    looks = hybrid(made, [fixed(0.1, 0.04)] * 3, planned=200)
    assert [look.at_end for look in looks] == [False, True, False]
    assert first_crossing(looks) == 1
    assert not looks[2].interval.excludes(0.0)


def test_a_crossing_before_the_end_is_kept() -> None:
    made = [two_sided(n, z * 0.1, 0.1, alpha=0.025, planned=300) for n, z in ((100.0, 6.0), (300.0, 0.1))]
    looks = hybrid(made, [fixed(look.estimate, 0.1) for look in made], planned=300)
    assert first_crossing(looks) == 0


def test_the_hybrid_errs_at_most_at_alpha_and_finds_more_at_the_end_than_the_sequence() -> None:
    rng = np.random.default_rng(21)
    looks, batch, runs = 24, 50, 400
    n = 2.0 * batch * np.arange(1, looks + 1)
    errors = 2 / np.sqrt(n)

    def found(effect: float) -> tuple[float, float]:
        ours = sequence = 0
        for _ in range(runs):
            estimates = (rng.normal(0, 2 / math.sqrt(2 * batch), looks).cumsum() * 2 * batch / n) + effect
            pairs = list(zip(n, estimates, errors, strict=True))
            halves: list[Look] = [two_sided(k, e, s, alpha=0.025, planned=n[-1]) for k, e, s in pairs]
            ours += first_crossing(hybrid(halves, [fixed(e, s) for _, e, s in pairs], planned=n[-1])) is not None
            sequence += first_crossing([two_sided(k, e, s, planned=n[-1]) for k, e, s in pairs]) is not None
        return ours / runs, sequence / runs

    assert found(0.0)[0] <= 0.06
    ours, sequence = found(0.11)
    assert ours > sequence + 0.05


def test_the_hybrid_costs_fewer_viewers_than_the_sequence() -> None:
    assert power.hybrid_factor() == pytest.approx(((2.2414 + 0.8416) / (1.96 + 0.8416)) ** 2, rel=1e-3)
    assert 1 < power.hybrid_factor() < power.sequential_factor()


def read(rule: Rule, lift: float, days: int = 10, per_day: float = 200.0) -> Report:
    """An experiment that reaches its plan on day 8, its treatment's mean higher by `lift` from a base of 2 ± 2."""
    metrics = (GOAL,)
    arms = (Arm(name="control"), Arm(name="treatment"))
    plan = Plan(metric="Clicks", baseline=2, deviation=2, effect=0.05, per_arm=8 * per_day, rule=rule)
    experiment = Experiment(
        id="e", name="e", salt="e", state=ExperimentState.RUNNING, arms=arms, metrics=metrics, plan=plan, launched_at=1,
        phases=(Phase(number=1, exposure=1.0, started_at=1),),
    )  # fmt: skip
    cells = []
    for day in range(days):
        for arm, mean in (("control", 2.0), ("treatment", 2.0 + lift)):
            sums = Sums(per_day, per_day * np.array([mean, 1, 0, 1]), np.zeros((4, 4)))
            sums.products[0, 0] = per_day * (mean**2 + 4)
            sums.products[1, 1] = sums.products[3, 3] = sums.products[1, 3] = sums.products[3, 1] = per_day
            sums.products[0, 1] = sums.products[1, 0] = sums.products[0, 3] = sums.products[3, 0] = per_day * mean
            cells.append(DaySums(id=f"{day}{arm}", experiment="e", phase=1, arm=arm, segment="", day=day, partition=0,
                                 metrics={"Clicks": sums.flat()}))  # fmt: skip
    return report(experiment, DayCube.of(experiment, cells), now=(days + 1) * DAY)


def test_an_effect_that_the_sequence_misses_is_decided_at_the_planned_end_and_stays_decided() -> None:
    (sequence,), (hybrid_,) = read(Rule.SEQUENTIAL, 0.18).arms, read(Rule.HYBRID, 0.18).arms
    assert sequence.verdict.action is not Action.SHIP
    assert hybrid_.verdict.action is Action.SHIP
    assert hybrid_.verdict.crossed == 7
    assert "decided at the planned end: +9.0%" in hybrid_.verdict.sentence
    assert hybrid_.goal_looks[7].at_end
    assert not hybrid_.goal_looks[9].interval.excludes(0.0)


def test_without_an_effect_the_planned_end_says_so() -> None:
    (arm,) = read(Rule.HYBRID, 0.0).arms
    assert arm.verdict.action is Action.NO_EFFECT
    assert not any(look.interval.excludes(0.0) for look in arm.goal_looks)


def test_looks_with_fewer_than_a_hundred_conversions_decide_nothing() -> None:
    (arm,) = read(Rule.HYBRID, 3.0, per_day=20.0).arms
    assert [math.isnan(look.interval.lower) for look in arm.goal_looks[:4]] == [True, True, False, False]
