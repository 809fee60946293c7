"""Neighbours answer as the matrix they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import InvalidInput
from core.models.neighbours import MANY, NOBODY, Neighbours, strongest, strongest_of_edges, width_for


def cut(
    weights: np.ndarray[tuple[int, int], np.dtype[np.float64]], k: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The slow way to leave only the k largest of each row, ties to the lower place."""
    kept = np.zeros_like(weights)
    for row in range(len(weights)):
        for place in sorted(range(weights.shape[1]), key=lambda p: (-abs(weights[row, p]), p))[:k]:
            kept[row, place] = weights[row, place]
    return kept


def random_weights(seed: int, count: int = 30) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    weights = np.random.default_rng(seed).standard_normal((count, count)).astype(np.float32).astype(np.float64)
    np.fill_diagonal(weights, 0)
    return weights


def made_of(weights: np.ndarray[tuple[int, int], np.dtype[np.float64]], k: int) -> Neighbours:
    rows, values = strongest(weights.copy(), k, first=0)
    return Neighbours([str(place) for place in range(len(weights))], rows, values)


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_scores_are_the_dense_product_cut_to_the_strongest(seed: int, k: int) -> None:
    weights = random_weights(seed)
    rng = np.random.default_rng(seed)
    history, counts = rng.integers(0, 30, 8), rng.random(8)
    expected = counts @ cut(weights, k)[history]
    found = made_of(weights, k)
    assert found.scores(history, counts) == pytest.approx(expected)
    assert np.asarray(counts @ found.matrix()[history].toarray()) == pytest.approx(expected)


def test_weights_fall_and_padding_comes_last() -> None:
    weights = np.array([[0.0, -3.0, 2.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [5.0, 4.0, -1.0, 0.0]])
    found = made_of(weights, 3)
    assert found.rows.tolist() == [[2, 1, NOBODY], [0, NOBODY, NOBODY], [NOBODY] * 3, [0, 1, 2]]
    assert found.weights.tolist() == [[2, -3, 0], [1, 0, 0], [0, 0, 0], [5, 4, -1]]


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_edges_give_what_the_dense_block_gives(seed: int, k: int) -> None:
    weights = cut(random_weights(seed, 12), 5)
    sources, targets = np.nonzero(weights)
    rows, values = strongest_of_edges(sources, targets, weights[sources, targets], 12, k)
    dense_rows, dense_values = strongest(weights.copy(), k, first=0)
    assert np.array_equal(rows, dense_rows)
    assert np.array_equal(values, dense_values)


def test_a_history_of_nothing_scores_nothing() -> None:
    found = made_of(random_weights(1), 5)
    assert found.scores(np.empty(0, np.int64), np.empty(0)).tolist() == [0.0] * 30


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInput, match="rows"):
        Neighbours(["a"], np.zeros((2, 3), np.int32), np.zeros((2, 3), np.float32))


def test_posts_of_a_large_model_have_fewer_neighbours_so_that_it_stays_small() -> None:
    assert [width_for(count) for count in (1, 60, MANY - 1, MANY, 1_000_000)] == [100, 100, 100, 50, 50]
    assert 1_000_000 * width_for(1_000_000) * 8 <= 400_000_000
