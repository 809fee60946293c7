"""Planning: sizes and days from what viewers did, by the ramp as it is set."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from core.domain.errors import CallerError, InvalidInput
from core.domain.experiment import Arm, Experiment, Rule, Step
from core.services.planning import Past, Planning, Wanted, ahead, planned
from tests.services.test_experiments import ARMS, CLICKS, MANAGER, RATE, World, lived

PAST = Past(CLICKS, 14_000, 2.0, 4.0, tuple(1_000.0 * day for day in range(1, 15)))
DRAFT = Experiment(id="e", name="e", salt="e", arms=ARMS, metrics=(CLICKS,), holdout=False)


def test_days_are_those_on_which_the_real_curve_has_brought_the_viewers() -> None:
    plan = planned(DRAFT, PAST, Wanted(effect=0.1))
    single = 2 * (1.959964 + 0.841621) ** 2 * 4.0 / 0.2**2
    assert plan.per_arm == math.ceil(plan.factor * single)
    assert plan.days == math.ceil(2 * plan.per_arm / 1_000)
    tenth = planned(replace(DRAFT, upper=0.1), PAST, Wanted(effect=0.1))
    assert tenth.days == pytest.approx(10 * plan.days, abs=10)


def test_a_ramp_delays_the_end_and_unequal_arms_need_more_viewers() -> None:
    whole = planned(DRAFT, PAST, Wanted(effect=0.05))
    steps = (Step(exposure=0.05, hours=24 * 30), Step(exposure=1.0))
    assert planned(replace(DRAFT, steps=steps), PAST, Wanted(effect=0.05)).days > max(30, whole.days - 1)
    unequal = (Arm(name="control", weight=0.8), Arm(name="treatment", weight=0.2))
    assert planned(replace(DRAFT, arms=unequal), PAST, Wanted(effect=0.05)).days > 2 * whole.days


def test_more_days_find_smaller_changes_and_the_hybrid_rule_costs_less() -> None:
    found = [one.detectable for one in ahead(DRAFT, PAST, Wanted(), 28)]
    assert found == sorted(found, reverse=True)
    assert Wanted(rule=Rule.HYBRID).factor < Wanted().factor
    plan = planned(DRAFT, PAST, Wanted(effect=0.1))
    assert found[round(plan.days) - 1] <= 0.1 < found[round(plan.days) - 2]


def test_the_past_of_a_ratio_has_the_variance_of_the_delta_method() -> None:
    world = World()
    lived(world, world.launched(), viewers=200)
    world.consume()
    past = Planning(world.stores).past(MANAGER, RATE)
    assert past.viewers > 150
    assert 0 < past.mean < 5
    assert past.variance > 0
    assert past.curve[-1] == past.viewers


def test_a_metric_without_events_cannot_be_planned_and_says_so() -> None:
    with pytest.raises(CallerError, match="Product clicks has no events"):
        Planning(World().stores).past(MANAGER, CLICKS)


@pytest.mark.parametrize(
    ("field", "value"), [("alpha", 0.0), ("power", 1.0), ("effect", 0.0), ("effect", math.nan), ("eligible", 2.0)]
)
def test_what_cannot_be_planned_is_refused_by_field(field: str, value: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        Wanted(**{field: value})
    assert refused.value.field == field
