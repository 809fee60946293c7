"""EASE is what its formula says, the served form loses little, and the same log gives the same model."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.errors import InvalidInput
from core.models.ease import fit_ease, fit_ease_full
from core.models.interactions import Interactions
from core.models.mixed import fit_mixed, fit_mixed_full
from tests.models.taste import likes, same_group


def by_regression(
    interactions: Interactions, l2: float, power: float, own: bool
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Column by column: the ridge regression of one item on the others (or on all), viewers weighted by n^power."""
    x = interactions.matrix.toarray().astype(np.float64)
    weight = (x > 0).sum(axis=1) ** power
    count = x.shape[1]
    found = np.zeros((count, count))
    for item in range(count):
        used = np.array([other for other in range(count) if own or other != item])
        left = x[:, used].T * weight
        found[used, item] = np.linalg.solve(left @ x[:, used] + l2 * np.eye(len(used)), left @ x[:, item])
    np.fill_diagonal(found, 0)
    return found


@pytest.mark.parametrize(("power", "l2"), [(0.0, 5.0), (-0.5, 2.0), (-1.0, 0.5)])
@pytest.mark.parametrize("constrained", [True, False])
def test_every_column_is_a_ridge_regression(power: float, l2: float, constrained: bool) -> None:
    world = likes(viewers=25, items=12)
    found = fit_ease_full(world, l2=l2, user_power=power, constrained=constrained)
    assert found == pytest.approx(by_regression(world, l2, power, own=not constrained), abs=1e-9)


def test_items_are_scaled_before_and_after() -> None:
    world = likes(viewers=25, items=12)
    counts = world.viewers_per_item()
    scale = (counts / counts.mean()) ** -0.3
    x = world.matrix.toarray() * scale
    weights = np.linalg.inv(x.T @ x + 2.0 * np.eye(len(counts)))
    expected = -weights / np.diag(weights) * scale[:, None] / scale
    np.fill_diagonal(expected, 0)
    assert fit_ease_full(world, l2=2.0, user_power=0.0, item_power=0.3) == pytest.approx(expected)


def test_single_precision_is_near_enough() -> None:
    world = likes()
    exact = fit_ease_full(world, l2=2.0, precise=True)
    near = fit_ease_full(world, l2=2.0, precise=False)
    assert near.dtype == np.float32
    assert np.abs(near - exact).max() < 1e-4 * np.abs(exact).max()


def test_without_refit_the_neighbours_are_the_dense_matrix_cut() -> None:
    world = likes()
    full = fit_ease_full(world, l2=2.0)
    found = fit_ease(world, l2=2.0, top_k=10, refit=0)
    kept = found.matrix().toarray()
    assert kept[kept != 0] == pytest.approx(full[kept != 0], rel=1e-6)
    tenth = np.sort(np.abs(full), axis=1)[:, -10]
    assert (np.abs(kept) > 0).sum(axis=1).tolist() == [10] * len(full)
    assert (np.where(kept != 0, np.abs(full), np.inf).min(axis=1) >= tenth).all()


@pytest.mark.parametrize("constrained", [True, False])
def test_refit_to_the_end_is_the_regression_on_the_kept_items_alone(constrained: bool) -> None:
    world = likes(viewers=60, items=20)
    l2 = 2.0
    places = fit_ease(world, l2=l2, top_k=6, refit=0, constrained=constrained).matrix().toarray() != 0
    x = world.matrix.toarray().astype(np.float64)
    left = x.T * ((x > 0).sum(axis=1) ** -0.5)
    expected = np.zeros(places.shape)
    for item in range(len(places)):
        used = np.flatnonzero(places[:, item] | ((np.arange(len(places)) == item) & (not constrained)))
        if len(used):
            gram = left[used] @ x[:, used] + l2 * np.eye(len(used))
            expected[used, item] = np.linalg.solve(gram, left[used] @ x[:, item])
    np.fill_diagonal(expected, 0)
    found = fit_ease(world, l2=l2, top_k=6, refit=60, constrained=constrained).matrix().toarray()
    assert found == pytest.approx(expected, abs=1e-5)


def test_refit_answers_more_like_the_whole_matrix() -> None:
    world = likes()
    for whole, served in (
        (
            fit_ease_full(world, l2=2.0, constrained=False),
            lambda r: fit_ease(world, l2=2.0, constrained=False, top_k=8, refit=r),
        ),
        (fit_mixed_full(world, l2=2.0, factors=8), lambda r: fit_mixed(world, l2=2.0, factors=8, top_k=8, refit=r)),
    ):
        answers = world.matrix @ whole
        unseen = world.matrix.toarray() == 0
        off = [np.abs(world.matrix @ served(rounds).matrix() - answers)[unseen].mean() for rounds in (0, 3)]
        assert off[1] < off[0]


def test_neighbours_are_of_the_same_taste_and_the_same_every_time() -> None:
    world = likes()
    one, other = (fit_ease(world, l2=2.0, top_k=10) for _ in range(2))
    assert same_group(one.rows, list(one.ids)) > 0.9
    assert np.array_equal(one.rows, other.rows)
    assert np.array_equal(one.weights, other.weights)


def test_progress_rises_to_one() -> None:
    told: list[float] = []
    fit_ease(likes(), l2=2.0, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_an_l2_of_nothing_is_refused_and_an_empty_log_is_not() -> None:
    with pytest.raises(InvalidInput, match="l2"):
        fit_ease(likes(), l2=0.0)
    assert fit_ease(Interactions.of([]), l2=1.0).rows.shape == (0, 100)
