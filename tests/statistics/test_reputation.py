"""Reputation: newcomers are shown in full, violations never help, clean posts never harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.statistics.reputation import clean_posts_needed, standing

counts = st.floats(0, 200)


def test_a_publisher_nobody_has_judged_is_shown_in_full() -> None:
    assert standing(0, 0).multiplier == 1.0


@given(counts, counts, st.floats(0, 50))
def test_violations_never_help_and_clean_posts_never_harm(fine: float, violations: float, more: float) -> None:
    here = standing(fine, violations)
    assert standing(fine, violations + more).multiplier <= here.multiplier + 1e-9
    assert standing(fine + more, violations).multiplier >= here.multiplier - 1e-9
    assert 0.5 <= here.multiplier <= 1.0
    assert here.low <= here.mean <= here.high or violations == 0


def test_one_slight_violation_costs_a_newcomer_a_fifth_and_an_established_publisher_nothing() -> None:
    assert standing(0, 1).multiplier == pytest.approx(0.81, abs=0.01)
    assert standing(20, 1).multiplier == 1.0
    assert standing(20, 5).multiplier == pytest.approx(0.86, abs=0.01)


def test_as_many_violations_as_clean_posts_halve_the_exposure_in_the_end() -> None:
    assert standing(0, 5).multiplier == 0.5
    assert standing(50, 50).multiplier < 0.6


def test_the_clean_posts_needed_are_just_enough() -> None:
    for fine, violations in ((0.0, 1.0), (3.0, 5.0), (20.0, 5.0)):
        needed = clean_posts_needed(fine, violations)
        assert needed > 0
        assert standing(fine + needed, violations).multiplier == pytest.approx(1.0)
        assert standing(fine + needed - 1, violations).multiplier < 1.0
    assert clean_posts_needed(0, 0) == 0
