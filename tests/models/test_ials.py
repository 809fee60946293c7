"""Factors answer for any history through neighbours, the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from core.models.ials import fit_ials, fit_item_factors
from core.models.interactions import Interactions
from tests.models.taste import likes, same_group


def test_the_weights_are_those_of_the_viewer_that_explains_the_history_best() -> None:
    world = likes()
    left, items = fit_item_factors(world, factors=6, regularization=3.0)
    history = world.matrix.toarray()[5].astype(np.float64)
    viewer = np.linalg.solve(items.T @ items + 3.0 * np.eye(6), items.T @ history)
    assert history @ left @ items.T == pytest.approx(items @ viewer, abs=1e-4)


def test_neighbours_are_of_the_same_taste_and_the_same_every_time() -> None:
    one, other = (fit_ials(likes(), factors=8, regularization=2.0, top_k=10, seed=3) for _ in range(2))
    assert same_group(one.rows, list(one.ids)) > 0.9
    assert np.array_equal(one.rows, other.rows)
    assert np.array_equal(one.weights, other.weights)


def test_progress_rises_to_one_and_an_empty_log_is_answered() -> None:
    told: list[float] = []
    fit_ials(likes(), factors=4, iterations=3, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    assert fit_ials(Interactions.of([])).rows.shape == (0, 100)
