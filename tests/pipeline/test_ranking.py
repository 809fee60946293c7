"""Places by score."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.pipeline.ranking import best_first, best_of, times_before


@given(st.lists(st.sampled_from([-1.5, 0.0, 0.25, 2.0, 7.0]) | st.floats(-100, 100), max_size=60))
def test_the_order_is_that_of_a_stable_sort(scores: list[float]) -> None:
    column = np.array(scores, np.float64)
    assert best_first(column).tolist() == np.argsort(-column, kind="stable").tolist()


@given(
    st.lists(st.sampled_from([-1.5, 0.0, 1e-9, 0.25, 2.0, 7.0]) | st.floats(-100, 100) | st.floats(0, 1), max_size=400),
    st.integers(1, 60),
)
def test_the_best_of_many_are_the_first_of_all_above_nothing(scores: list[float], most: int) -> None:
    column = np.array(scores, np.float64)
    plain = [place for place in best_first(column).tolist() if column[place] > 0]
    assert best_of(column, most).tolist() == plain[:most]


@given(st.lists(st.integers(-1, 5), max_size=60))
def test_each_element_knows_how_many_before_it_are_equal(keys: list[int]) -> None:
    assert times_before(np.array(keys, np.int64)).tolist() == [keys[:at].count(key) for at, key in enumerate(keys)]
