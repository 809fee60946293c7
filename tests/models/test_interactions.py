"""A log becomes one matrix: pairs added up, in order of the ids, whatever the order of the log."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.interactions import Interactions, latest

ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcd"), st.sampled_from("wxyz"), st.sampled_from([-2.0, 0.5, 1.0, 3.0]), st.integers(0, 99)
    )
)


def test_weights_of_a_pair_are_added_and_its_latest_time_is_kept() -> None:
    made = Interactions.of([("b", "y", 1.0, 7), ("a", "x", 0.5, 9), ("a", "x", 1.0, 3)])
    assert (made.viewers, made.items) == (("a", "b"), ("x", "y"))
    assert made.matrix.toarray().tolist() == [[1.5, 0.0], [0.0, 1.0]]
    assert made.times.tolist() == [9, 7]


def test_what_a_viewer_took_back_is_left_out_with_items_and_viewers_that_have_nothing_else() -> None:
    made = Interactions.of(
        [("a", "x", 1.0, 1), ("a", "y", 1.0, 2), ("b", "y", 1.0, 3), ("b", "y", -2.0, 4), ("c", "z", -1.0, 5)]
    )
    assert (made.viewers, made.items) == (("a",), ("x", "y"))


def test_a_cap_bounds_what_one_pair_counts() -> None:
    assert Interactions.of([("a", "x", 9.0, 1)], cap=3.0).matrix.data.tolist() == [3.0]


def test_items_and_viewers_with_too_little_are_left_out() -> None:
    rows = [
        ("a", "x", 1.0, 1),
        ("b", "x", 1.0, 2),
        ("a", "y", 1.0, 3),
        ("c", "z", 1.0, 4),
        ("a", "w", 1.0, 5),
        ("b", "w", 1.0, 6),
    ]
    made = Interactions.of(rows, min_viewers=2, min_items=2)
    assert (made.viewers, made.items) == (("a", "b"), ("w", "x"))
    assert len(made) == 4


def test_nothing_at_all_is_a_matrix_too() -> None:
    made = Interactions.of([])
    assert made.matrix.shape == (0, 0)
    assert len(latest(made, 5)) == 0


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_log_does_not_matter(rows: list[tuple[str, str, float, int]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = Interactions.of(rows), Interactions.of(shuffled)
    assert (one.viewers, one.items) == (other.viewers, other.items)
    assert np.array_equal(one.matrix.toarray(), other.matrix.toarray())
    assert np.array_equal(one.times, other.times)


@given(ROWS)
def test_the_matrix_says_what_a_dictionary_would(rows: list[tuple[str, str, float, int]]) -> None:
    sums: dict[tuple[str, str], float] = {}
    for viewer, item, weight, _ in rows:
        sums[viewer, item] = sums.get((viewer, item), 0.0) + weight
    made = Interactions.of(rows)
    found = made.matrix.tocoo()
    assert {
        (made.viewers[row], made.items[column]): float(value)
        for row, column, value in zip(found.row, found.col, found.data, strict=True)
    } == pytest.approx({pair: value for pair, value in sums.items() if value > 0})


def test_the_latest_entries_of_a_viewer_are_kept() -> None:
    rows = [("a", item, 1.0, at) for item, at in (("w", 4), ("x", 1), ("y", 3), ("z", 2))] + [("b", "x", 1.0, 0)]
    kept = latest(Interactions.of(rows), 2)
    assert kept.matrix.toarray().tolist() == [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
    assert kept.times.tolist() == [4, 3, 0]
