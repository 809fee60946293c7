"""Replaying a log: who names the next post, with the session's acts and without them."""

from __future__ import annotations

import numpy as np
import pytest

from core.feed.near import FAINT
from core.feed.next_item import AT_SINCE, BEFORE, POPULARITY, Acts, replay, scores_of
from core.models.neighbours import Neighbours
from tests.feed.test_serving_model import ring

HOUR = 3_600_000
ITEMS = tuple("abcdefgh")


def acts(*rows: tuple[str, str, float, int]) -> Acts:
    viewers = sorted({row[0] for row in rows})
    return Acts.of(
        viewers,
        ITEMS,
        np.array([viewers.index(row[0]) for row in rows]),
        np.array([ITEMS.index(row[1]) for row in rows]),
        np.array([row[2] for row in rows]),
        np.array([row[3] for row in rows]),
    )


def test_consecutive_acts_on_one_post_are_one() -> None:
    merged = acts(("v", "a", 1.0, 5), ("v", "a", 0.6, 6), ("v", "b", -0.2, 7), ("v", "a", 1.0, 8), ("w", "a", 1.0, 9))
    assert merged.item.tolist() == [0, 1, 0, 0]
    assert merged.weight.tolist() == [1.6, -0.2, 1.0, 1.0]
    assert merged.at.tolist() == [5, 7, 8, 9]


def test_the_model_names_what_follows_and_popularity_what_many_took_to() -> None:
    log = acts(
        *[(f"p{n}", "h", 1.0, n) for n in range(5)],
        ("v", "a", 1.0, 100),
        ("v", "b", 1.0, 200),
        ("w", "a", 1.0, 100),
        ("w", "h", 1.0, 300),
    )
    found = replay(log, {"ring": scores_of(ring(), ITEMS)}, since=150, first=1)
    assert found.asked.tolist() == [1, 1]
    assert found.hits["ring"].tolist() == [1, 0]
    assert found.hits[POPULARITY].tolist() == [0, 1]
    assert found.rate("ring").value == 0.5
    assert found.difference("ring", POPULARITY).value == 0


def test_only_the_sessions_own_acts_tell_the_two_ways_apart() -> None:
    log = acts(("v", "e", 1.0, 0), ("v", "a", 1.0, 2 * HOUR), ("v", "b", 1.0, 2 * HOUR + 1))
    found = replay(log, {"ring": scores_of(ring(), ITEMS)}, since=HOUR, first=1, session=HOUR)
    # The first act of the session is not asked for: both would say the same.
    assert found.asked.tolist() == [1]
    assert found.hits["ring"].tolist() == [1]
    assert found.hits["ring" + BEFORE].tolist() == [0]


def test_what_was_precomputed_knows_nothing_that_came_after_the_training() -> None:
    log = acts(("v", "e", 1.0, 0), ("v", "a", 1.0, 2 * HOUR), ("v", "g", 1.0, 4 * HOUR), ("v", "b", 1.0, 4 * HOUR + 1))
    for since, hits in ((HOUR, 0), (3 * HOUR, 1)):
        found = replay(log, {"ring": scores_of(ring(), ITEMS)}, since=since, first=2, session=HOUR)
        assert found.asked.tolist() == [1]
        assert found.hits["ring" + BEFORE].tolist() == [1], "before the session began, a was known"
        assert found.hits["ring" + AT_SINCE].tolist() == [hits]


def test_the_faintest_acts_of_a_long_session_say_nothing_of_posts_but_stay_among_the_sums() -> None:
    many = [chr(ord("a") + number) for number in range(26)]
    log = Acts.of(["v"], many, np.zeros(26, int), np.arange(26), np.ones(26), np.arange(26))
    told: list[tuple[np.ndarray, np.ndarray]] = []

    def scores(history: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> np.ndarray:
        told.append((counts, sums))
        return np.zeros(26)

    replay(log, {"all": scores}, since=25, first=2, session=HOUR)
    counts, sums = told[0]
    assert len(counts) == len(sums) == 25
    assert sums.tolist() == [1.0] * 25
    assert counts[-1] == 1.0
    assert counts[0] == 0.0 < FAINT


def test_what_was_seen_disliked_or_came_before_is_not_asked_for() -> None:
    log = acts(("v", "a", 1.0, 1), ("v", "b", 0.2, 2), ("v", "b", 1.0, 9), ("v", "c", -1.5, 10), ("v", "a", 1.0, 11))
    assert not len(replay(log, {"ring": scores_of(ring(), ITEMS)}, since=5).asked)


def test_posts_that_a_model_was_not_trained_on_score_nothing() -> None:
    small = Neighbours(("b", "a"), np.array([[1], [0]], np.int32), np.array([[0.7], [0.2]], np.float32))
    scores = scores_of(small, ITEMS)
    assert scores(np.array([0, 7]), np.array([1.0, 5.0]), np.array([1.0, 5.0])).tolist() == pytest.approx(
        [0, 0.2, 0, 0, 0, 0, 0, 0]
    )


def test_an_estimate_lies_within_its_interval() -> None:
    log = acts(
        *[(f"v{n}", ITEMS[n % 8], 1.0, 1) for n in range(40)],
        *[(f"v{n}", ITEMS[(n + 1 + n % 3) % 8], 1.0, 9) for n in range(40)],
    )
    found = replay(log, {"ring": scores_of(ring(), ITEMS)}, since=5, first=2)
    for estimate in (found.rate("ring"), found.difference("ring", POPULARITY), found.lift("ring", POPULARITY)):
        assert estimate.low <= estimate.value <= estimate.high
    assert found.rate("ring").value > found.rate(POPULARITY).value
