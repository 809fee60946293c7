"""Logged propensities are true: what stands where, how often over many lots, and what that is good for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from core.domain.mix import MixPolicy
from core.domain.post import PostTotals
from core.feed.query import FeedQuery, lots
from core.feed.slotting import EXPLORED
from core.pipeline.candidates import Candidates
from core.pipeline.stages import Selector
from core.services.feed_request import PageRequest
from tests.feed.world import NOW, world

DRAWS = 1_200
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Drawn:
    """The same page under many lots: rows (draws, slots), their propensities, and which were explored."""

    rows: NDArray[np.int64]
    propensities: NDArray[np.float64]
    explored: NDArray[np.bool_]


def request(number: int) -> str:
    """A request id of its own for each number."""
    digits = [ALPHABET[number // 32**place % 32] for place in reversed(range(4))]
    return "01KAXA2T6H8J0K2M4N6P8Q" + "".join(digits)


@cache
def drawn(size: int, cap: int = 3) -> Drawn:
    """Pages of the selector alone, over candidates with different counts: everything else is fixed."""
    small = world(posts=80)
    small.stores.post_totals.upsert_many(
        PostTotals(id=f"post-{number:04}", counts={"impression": number % 90, "like": number % 13}, updated_at=NOW)
        for number in range(80)
    )
    policy = MixPolicy(id="mix", name="Mix", per_publisher=cap, explore=0.1)
    _, outcome, query = small.feed.look(PageRequest(viewer="v", size=size), policy=policy, now=NOW)
    return many(small.feed.pipeline.selector, query, outcome.candidates)


def many(selector: Selector[FeedQuery], query: FeedQuery, candidates: Candidates) -> Drawn:
    made = [
        selector.select(replace(query, priced=False, rng=lots(request(number))), candidates) for number in range(DRAWS)
    ]
    return Drawn(
        np.array([one.page.rows for one in made], np.int64),
        np.array([one.propensities for one in made]),
        np.array([[rule == EXPLORED for rule in one.rules] for one in made]),
    )


@pytest.mark.parametrize(("size", "cap"), [(4, 3), (7, 3), (13, 1)])
def test_every_post_stands_in_its_slot_as_often_as_its_propensity_says(size: int, cap: int) -> None:
    """Horvitz and Thompson's check: over all lots, 1/propensity where the post stands there averages 1, for each post and slot."""
    seen = drawn(size, cap)
    checked = 0
    for slot in range(size):
        rows, chances = seen.rows[:, slot], seen.propensities[:, slot]
        assert ((chances > 0) & (chances <= 1)).all()
        for row, count in Counter(rows.tolist()).items():
            if count < 30:
                continue
            terms = np.where(rows == row, 1 / chances, 0.0)
            error = terms.std() / np.sqrt(DRAWS)
            # A post that may stand in several explored slots is drawn for a slot only while no earlier one has taken it.
            moves = seen.explored[:, :slot].any() and seen.explored[rows == row, slot].any()
            least = 1 - (np.mean([row in page[:slot] for page in seen.rows]) if moves else 0) - 5 * error
            assert least - 1e-9 <= terms.mean() <= 1 + 5 * error + 1e-9, (slot, row, terms.mean(), error)
            checked += 1
    assert checked >= size


def test_a_slot_that_no_lot_can_change_is_certain_and_the_others_add_up_to_one() -> None:
    seen = drawn(7)
    explored = seen.explored.any(axis=0)
    assert explored.sum() == 1
    assert (seen.propensities[:, ~explored] == 1).all()
    assert (seen.rows[:, ~explored] == seen.rows[0, ~explored]).all()
    slot = int(np.flatnonzero(explored)[0])
    kept = ~seen.explored[:, slot]
    chance = float(seen.propensities[kept, slot][0])
    assert (seen.propensities[kept, slot] == chance).all()
    assert kept.mean() == pytest.approx(chance, abs=5 * np.sqrt(chance * (1 - chance) / DRAWS))
    assert len(set(seen.rows[kept, slot].tolist())) == 1


def test_the_value_of_another_exploration_policy_is_estimated_without_bias_from_the_log() -> None:
    """Inverse propensity scoring: from a log of Thompson sampling to a policy that explores less often, and evenly."""
    seen = drawn(7)
    slot = int(np.flatnonzero(seen.explored.any(axis=0))[0])
    rows, chances, explored = seen.rows[:, slot], seen.propensities[:, slot], seen.explored[:, slot]
    arms, usual = np.unique(rows[explored]), int(rows[~explored][0])
    rng = np.random.default_rng(5)
    worth = {int(row): float(value) for row, value in zip([*arms, usual], rng.random(len(arms) + 1), strict=True)}
    rewards = (rng.random(DRAWS) < np.array([worth[int(row)] for row in rows])).astype(float)
    often = 0.3
    truth = often * np.mean([worth[int(row)] for row in arms]) + (1 - often) * worth[usual]
    target = np.where(explored, often / len(arms), 1 - often)
    terms = rewards * target / chances
    error = terms.std() / np.sqrt(DRAWS)
    assert terms.mean() == pytest.approx(truth, abs=4 * error)
    assert (target / chances).mean() == pytest.approx(1, abs=0.1)
    assert abs(rewards.mean() - truth) > 4 * rewards.std() / np.sqrt(DRAWS), "the plain mean would be wrong here"
