"""The chances by which new posts are tried out are those of Thompson sampling."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from core.feed.exploration import STRENGTH, UNIFORM, thompson, weakest_slots

DRAWS = 60_000


def counted(likes: NDArray[np.float64], impressions: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    """The same chances by drawing: the share of joint draws in which an arm is the greatest."""
    wins, losses = likes + STRENGTH * mean, np.maximum(impressions - likes, 0) + STRENGTH * (1 - mean)
    best = np.random.default_rng(3).beta(wins, losses, size=(DRAWS, len(wins))).argmax(axis=1)
    return (1 - UNIFORM) * np.bincount(best, minlength=len(wins)) / DRAWS + UNIFORM / len(wins)


@pytest.mark.parametrize(
    ("likes", "impressions", "mean"),
    [
        ([0] * 20, [0] * 20, 0.05),
        ([0, 3, 9, 1, 0], [0, 30, 40, 90, 500], 0.06),
        ([4], [9], 0.1),
        ([0, 1], [2, 2], 0.004),
        ([500, 480, 0, 0], [5_000, 5_000, 0, 30], 0.05),
        ([9_000, 0, 1], [20_000, 0, 4], 0.05),
        ([0, 0, 60], [0, 10, 70], 0.9),
        (list(range(40)), [7 * one for one in range(40)], 0.12),
    ],
)  # fmt: skip
def test_chances_are_those_of_drawing_from_every_posterior(
    likes: list[float], impressions: list[float], mean: float
) -> None:
    liked, shown = np.array(likes, np.float64), np.array(impressions, np.float64)
    found = thompson(liked, shown, mean)
    np.testing.assert_allclose(found, counted(liked, shown, mean), atol=0.01)
    assert found.sum() == pytest.approx(1)
    assert found.min() >= UNIFORM / len(found) - 1e-12
    assert (thompson(liked, shown, mean) == found).all()


def test_of_three_hundred_arms_with_the_same_counts_all_have_the_same_chance() -> None:
    np.testing.assert_allclose(thompson(np.zeros(300), np.zeros(300), 0.05), 1 / 300)


def test_an_arm_that_nothing_is_known_of_can_beat_many_that_are_known_to_be_bad() -> None:
    likes, impressions = np.zeros(50), np.full(50, 5_000.0)
    impressions[7] = 0
    assert thompson(likes, impressions, 0.05)[7] > 0.85


@pytest.mark.parametrize(("size", "count"), [(10, 1), (10, 2), (7, 3), (5, 5), (1, 1), (20, 4)])
def test_each_block_of_a_page_gives_its_weakest_slot_away(size: int, count: int) -> None:
    lots = np.random.default_rng(size * 10 + count)
    scores, allowed = lots.random(size), lots.random(size) < 0.7
    wanted = []
    for block in np.array_split(np.arange(size), count):
        usable = [int(slot) for slot in block if allowed[slot] and (slot > 0 or size == 1)]
        wanted.append(min(usable, key=lambda slot: scores[slot]) if usable else -1)
    assert weakest_slots(scores, count, allowed).tolist() == wanted
