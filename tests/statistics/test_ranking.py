"""Metrics of ranked lists against cases worked out by hand and against the definitions read slowly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from core.domain.errors import InvalidInput
from core.statistics.ranking import best_items, rank_metrics


def relevant(*rows: list[int], items: int = 20) -> sparse.csr_matrix:
    made = np.zeros((len(rows), items))
    for row, columns in enumerate(rows):
        made[row, columns] = 1
    return sparse.csr_matrix(made)


def test_a_case_worked_out_by_hand() -> None:
    # Hits at ranks 1, 3 and 4 of five; four items are relevant, one is never listed.
    found = rank_metrics(np.array([[7, 1, 2, 9, 4]]), relevant([2, 7, 9, 15]))
    assert found.precision.tolist() == [3 / 5]
    assert found.recall.tolist() == [3 / 4]
    assert found.average_precision[0] == pytest.approx((1 / 1 + 2 / 3 + 3 / 4) / 4)
    assert found.average_precision_at_k[0] == pytest.approx((1 / 1 + 2 / 3 + 3 / 4) / 4)
    ideal = 1 + 1 / math.log2(3) + 1 / 2 + 1 / math.log2(5)
    assert found.ndcg[0] == pytest.approx((1 + 1 / 2 + 1 / math.log2(5)) / ideal)
    assert found.hit.tolist() == [1.0]


def test_map_divides_by_all_that_is_relevant_and_map_at_k_by_at_most_k() -> None:
    # Two of two are hits, and six items are relevant.
    found = rank_metrics(np.array([[0, 1]]), relevant([0, 1, 2, 3, 4, 5]))
    assert found.average_precision.tolist() == [2 / 6]
    assert found.average_precision_at_k.tolist() == [1.0]
    assert found.ndcg.tolist() == [1.0]
    assert found.recall.tolist() == [2 / 6]


def test_somebody_with_nothing_relevant_is_left_out_and_somebody_without_hits_counts_zero() -> None:
    found = rank_metrics(np.array([[0, 1], [2, 3], [4, 5]]), relevant([0], [], [9]))
    assert found.ndcg.tolist() == [1.0, 0.0]
    assert found.means()["precision"] == 0.25


def test_a_list_that_ends_early_is_measured_as_if_the_rest_missed() -> None:
    found = rank_metrics(np.array([[3, -1, -1, -1]]), relevant([3, 4]))
    assert found.precision.tolist() == [0.25]
    assert found.average_precision.tolist() == [0.5]


def test_nobody_to_ask_is_not_zero() -> None:
    assert math.isnan(rank_metrics(np.array([[0, 1]]), relevant([])).means()["ndcg"])


def test_lists_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInput, match="twice"):
        rank_metrics(np.array([[1, 1]]), relevant([1]))
    with pytest.raises(InvalidInput, match="one list for each"):
        rank_metrics(np.array([[1, 2]]), relevant([1], [2]))


@given(st.permutations(range(12)), st.sets(st.integers(0, 11), min_size=1), st.integers(1, 12))
def test_metrics_follow_the_definitions(order: list[int], wanted: set[int], k: int) -> None:
    ranked = order[:k]
    hits = [rank for rank, item in enumerate(ranked, 1) if item in wanted]
    precise = sum(number / rank for number, rank in enumerate(hits, 1))
    best = sum(1 / math.log(1 + rank) for rank in range(1, min(k, len(wanted)) + 1))
    found = rank_metrics(np.array([ranked]), relevant(sorted(wanted), items=12)).means()
    assert found["precision"] == pytest.approx(len(hits) / k)
    assert found["recall"] == pytest.approx(len(hits) / len(wanted))
    assert found["average_precision"] == pytest.approx(precise / len(wanted))
    assert found["average_precision_at_k"] == pytest.approx(precise / min(k, len(wanted)))
    assert found["ndcg"] == pytest.approx(sum(1 / math.log(1 + rank) for rank in hits) / best)


def test_the_best_items_leave_out_what_was_seen_and_break_ties_by_place() -> None:
    scores = np.array([[0.5, 0.9, 0.9, 0.1], [1.0, 1.0, 1.0, 1.0]])
    seen = relevant([2], [0, 1, 3], items=4)
    assert best_items(scores, 3, seen).tolist() == [[1, 0, 3], [2, -1, -1]]
    assert best_items(scores, 2).tolist() == [[1, 2], [0, 1]]
