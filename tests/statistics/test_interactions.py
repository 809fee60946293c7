"""Experiments that share viewers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given
from hypothesis import strategies as st

from core.domain.experiment import Arm, Experiment, Metric, MetricKind, MetricRole, Phase
from core.domain.experiment_data import Participation, ViewerTotals
from core.statistics.interactions import Interaction, Joint, Says, independence, interactions, overlaps
from core.statistics.moments import Moments, Summary, mean_summary
from core.statistics.stratified import interaction

CLICKS = Metric(name="Clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks")
RATE = Metric(
    name="Rate", kind=MetricKind.RATIO, role=MetricRole.GOAL, numerator="product_clicks", denominator="impressions"
)
A = Experiment(id="a", name="A", salt="a", layer="feed", arms=(Arm(name="off"), Arm(name="on")), metrics=(CLICKS,),
               phases=(Phase(number=1, exposure=1.0, started_at=0),))  # fmt: skip
B = replace(A, id="b", name="B", salt="b", layer="looks", metrics=(replace(CLICKS, name="Clicks of B"), RATE))


def world(extra: float, *, viewers: int = 4_000, seed: int = 1, dependent: bool = False) -> Joint:
    """Effects of .3 and .2 that add up but for `extra` where both treatments are shown."""
    rng = np.random.default_rng(seed)
    joint = Joint.of(A, B)
    for number in range(viewers):
        a = int(rng.random() < 0.5)
        b = int(rng.random() < (0.6 if dependent and a else 0.5))
        seen = float(rng.poisson(10) + 1)
        clicks = float(rng.poisson(2 + 0.3 * a + 0.2 * b + extra * a * b))
        parts = {
            id: Participation(
                arm=("off", "on")[arm], phase=1, since=since, totals={"product_clicks": clicks, "impressions": seen}
            )
            for id, arm, since in (("a", a, 5), ("b", b, 7))
        }
        joint.add(ViewerTotals(id=f"v{number}", experiments=parts))
    return joint


def test_two_by_two_differences_have_the_hc2_errors_of_ordinary_least_squares() -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"a": rng.integers(0, 2, 900), "b": rng.integers(0, 2, 900)})
    frame["y"] = rng.gamma(2, 1 + 0.4 * frame.a * frame.b + 0.1 * frame.b)
    theirs = smf.ols("y ~ a * b", frame).fit(cov_type="HC2")
    cells = [
        [mean_summary(Moments.of(frame.y[(frame.a == i) & (frame.b == j)].to_numpy())) for j in (0, 1)] for i in (0, 1)
    ]
    ours = interaction(cells)
    assert ours.difference == pytest.approx(theirs.params["a:b"])
    assert ours.error == pytest.approx(theirs.bse["a:b"])
    assert ours.p_value == pytest.approx(theirs.pvalues["a:b"])


CELL = st.builds(Summary, st.integers(2, 10_000).map(float), st.floats(-100, 100), st.floats(1e-3, 100))


@given(CELL, CELL, CELL, CELL)
def test_it_does_not_matter_which_experiment_is_called_the_first(
    p: Summary, q: Summary, r: Summary, s: Summary
) -> None:
    one, other = interaction(((p, q), (r, s))), interaction(((p, r), (q, s)))
    assert one.difference == pytest.approx(other.difference, abs=1e-9)
    assert one.error == pytest.approx(other.error)


@given(CELL, CELL, CELL, st.floats(-100, 100))
def test_effects_that_add_up_give_exactly_no_interaction(p: Summary, q: Summary, r: Summary, shift: float) -> None:
    added = Summary(p.n, q.mean + (r.mean - p.mean), p.variance)
    assert interaction(((p, q), (r, added))).difference == pytest.approx(0, abs=1e-9)


def clicks_of(found: list[Interaction]) -> Interaction:
    return next(one for one in found if one.metric.name == "Clicks")


def test_a_planted_interaction_is_found_and_said_in_words() -> None:
    found = clicks_of(interactions([world(0.8)]))
    assert found.says is Says.INTERACT
    assert found.effect.interval.lower < 0.8 < found.effect.interval.upper
    assert found.sentence.startswith("The effects do not add up: on of A changes Clicks by +0.")
    assert found.together - found.alone == pytest.approx(found.effect.difference)


def test_effects_that_add_up_show_no_sign_of_interaction() -> None:
    assert {one.says for one in interactions([world(0.0)])} == {Says.NONE}


def test_goals_of_both_are_tested_once_each_and_share_alpha() -> None:
    found = interactions([world(0.0)])
    assert [one.metric.name for one in found] == ["Clicks", "Rate"]
    alone = clicks_of(interactions([replace_goals(world(0.0))]))
    assert clicks_of(found).effect.p_value == pytest.approx(min(1, 2 * alone.effect.p_value))
    assert clicks_of(found).effect.interval.lower < alone.effect.interval.lower


def replace_goals(joint: Joint) -> Joint:
    """The same viewers with the first goal only."""
    return Joint(joint.first, joint.second, joint.metrics[:1], {key: cell[:1] for key, cell in joint.cells.items()})


def test_arms_that_depend_on_each_other_come_before_any_effect() -> None:
    found = clicks_of(interactions([world(0.8, dependent=True)]))
    assert found.says is Says.DEPENDENT
    assert "Find the cause first" in found.sentence


def test_few_viewers_in_one_of_four_cells_say_why_nothing_can_be_said() -> None:
    found = interactions([world(0.8, viewers=200)])
    assert {one.says for one in found} == {Says.UNKNOWN}
    assert "of the 100 viewers that are needed" in found[0].sentence


def test_ranges_of_one_layer_share_nobody() -> None:
    (found,) = interactions([Joint.of(replace(A, upper=0.5), replace(A, id="c", lower=0.5))])
    assert found.says is Says.APART
    assert math.isnan(found.effect.error)


def test_only_what_came_after_the_later_exposure_counts() -> None:
    joint = Joint.of(A, replace(B, metrics=(CLICKS,)))
    early = Participation(arm="on", phase=1, since=1, totals={"product_clicks": 9.0})
    late = Participation(arm="off", phase=1, since=8, totals={"product_clicks": 2.0})
    joint.add(ViewerTotals(id="v", experiments={"a": early, "b": late}))
    joint.add(ViewerTotals(id="only in one", experiments={"a": early}))
    assert joint.count("on", "off") == 1
    assert joint.summary(0, "on", "off").mean == 2.0


def test_experiments_overlap_only_if_they_ran_at_the_same_time() -> None:
    past = replace(A, phases=(Phase(number=1, exposure=1.0, started_at=0, ended_at=5),))
    assert not overlaps(past, replace(B, phases=(Phase(number=1, exposure=1.0, started_at=5),)))
    assert overlaps(past, replace(B, phases=(Phase(number=1, exposure=1.0, started_at=4),)))
    assert not overlaps(past, replace(B, phases=()))


def test_independent_assignments_are_called_dependent_as_rarely_as_they_should() -> None:
    rng = np.random.default_rng(9)
    p_values = [independence(rng.multinomial(2_000, [0.25] * 4).reshape(2, 2)) for _ in range(400)]
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.035)
    assert math.isnan(independence([[5, 5], [0, 0]]))
