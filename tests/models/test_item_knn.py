"""Sparse item neighbours are what the dense formula says, in blocks of any size."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.errors import InvalidInput
from core.models import item_knn
from core.models.interactions import Interactions
from core.models.item_knn import fit_item_knn
from tests.models.taste import likes, same_group


def dense(
    interactions: Interactions, user_power: float, source_power: float, target_power: float, shrink: float
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    x = interactions.matrix.toarray().astype(np.float64)
    both = x.T @ x
    counts = x.sum(axis=0)
    together = (x.T * x.sum(axis=1) ** user_power) @ x
    weights = together / (counts[:, None] ** source_power * counts**target_power)
    if shrink:
        weights = weights * both / (both + shrink)
    np.fill_diagonal(weights, 0)
    return weights


@pytest.mark.parametrize("settings", [(0.0, 0.5, 0.5, 0.0), (-1.0, 0.7, 0.7, 10.0), (-0.5, 1.0, 0.4, 3.0)])
def test_weights_follow_the_formula(settings: tuple[float, float, float, float]) -> None:
    world = likes()
    expected = dense(world, *settings)
    found = fit_item_knn(
        world, top_k=60, user_power=settings[0], source_power=settings[1], target_power=settings[2], shrink=settings[3]
    )
    assert found.matrix().toarray() == pytest.approx(expected, rel=1e-5)


def test_the_size_of_a_block_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    world = likes()
    whole = fit_item_knn(world, top_k=7)
    monkeypatch.setattr(item_knn, "BLOCK_PRODUCTS", 50)
    parts = fit_item_knn(world, top_k=7)
    assert np.array_equal(whole.rows, parts.rows)
    assert np.array_equal(whole.weights, parts.weights)


def test_only_the_latest_of_a_long_history_count() -> None:
    robot = [("robot", f"i{item:04d}", 1.0, item) for item in range(40)]
    found = fit_item_knn(Interactions.of(robot), top_k=3, history=2, shrink=0.0)
    assert np.flatnonzero((found.rows >= 0).any(axis=1)).tolist() == [38, 39]


def test_neighbours_are_of_the_same_taste() -> None:
    found = fit_item_knn(likes(), top_k=5)
    assert same_group(found.rows, list(found.ids)) > 0.9


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(InvalidInput, match="shrink"):
        fit_item_knn(likes(), shrink=-1.0)
    with pytest.raises(InvalidInput, match="history"):
        fit_item_knn(likes(), history=1)
    assert fit_item_knn(Interactions.of([])).rows.shape == (0, 100)
