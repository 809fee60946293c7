"""Trying new posts out: which slots, which posts, and the exact chance that each was given."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.domain.mix import CAPS
from core.feed.index import KINDS, Index
from core.feed.mix import MixedPage, Problem
from core.pipeline.candidates import FloatArray, IntArray

POINTS = 96
"""At so many places of the scale the chance of each arm to be the best is summed up."""
WIDTH = 5.0
"""The scale reaches so many standard deviations to either side."""
STRENGTH = 20.0
"""Impressions that the usual rate of new posts counts for."""
UNIFORM = 0.1
"""This part of the chance is spread evenly over the pool, so that no propensity is ever near 0."""


def slots_to_explore(size: int, rate: float) -> tuple[int, float]:
    """How many slots of a page may try a new post, and the chance of each to do so; their product is rate × size."""
    wanted = rate * size
    count = math.ceil(wanted - 1e-9)
    return count, wanted / count if count else 0.0


def tried_out(
    problem: Problem,
    mixed: MixedPage,
    pool: NDArray[np.int64],
    rate: float,
    index: Index,
    rows: IntArray,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], FloatArray, dict[int, int]]:
    """The page with drawn posts of the `pool` in the weakest slots of their kind: (places, propensities, tried).

    `rows` (n,) are the candidates' in the index, and `tried` is, by explored slot, the place that gave way. Kinds stay in their
    slots, pinned slots are left alone, and caps keep holding (a cap that had to rise for this page holds as it rose).
    """
    page, before = mixed.places.copy(), mixed.places
    count, chance = slots_to_explore(len(page), rate)
    if not count or not len(pool):
        return page, np.ones(len(page)), {}
    caps = problem.asked.caps
    for one in mixed.relaxed:
        if one.field in CAPS:
            caps = caps.copy()
            caps[list(CAPS).index(one.field)] = one.given
    allowed = np.ones(len(page), np.bool_)
    for slot, place in problem.kept_pins:
        if page[slot] == place:
            allowed[slot] = False
    propensities = _explored(
        page, allowed, chance, rng.random((count, 2)), pool, problem.scores, problem.kinds, problem.names, caps, rows,
        index.likes, index.impressions, index.log_odds,
    )  # fmt: skip
    both = zip(page.tolist(), before.tolist(), strict=True)
    tried = {slot: old for slot, (place, old) in enumerate(both) if place != old}
    return page, propensities, tried


@njit(cache=True, nogil=True)
def _explored(  # type: ignore[no-untyped-def]  # noqa: PLR0912 - one compiled loop nest, quickest as one
    page, allowed, chance, lots, pool, scores, kinds, names, caps, rows, likes, impressions, log_odds
):
    """Puts posts of the pool on the page and returns the propensity of each slot.

    `lots` (slots to explore, 2) say whether one is explored and what stands in it; `chance` is that of the former.
    """
    there = np.zeros(len(KINDS), np.bool_)
    free, many = np.empty_like(pool), 0
    for place in pool:
        on = False
        for other in page:
            on = on or other == place
        if not on:
            free[many] = place
            many += 1
            there[kinds[place]] = True
    propensities = np.ones(len(page))
    for slot in range(len(page)):
        allowed[slot] = allowed[slot] and there[kinds[page[slot]]]
    arms, chosen = np.empty(many, np.int64), weakest_slots(scores[page], len(lots), allowed)
    for block in range(len(lots)):
        slot, count = chosen[block], 0
        if slot < 0:
            continue
        for place in free[:many]:
            if place >= 0 and kinds[place] == kinds[page[slot]] and _fits(place, slot, page, names, caps):
                arms[count] = place
                count += 1
        if count == 0:
            continue
        if lots[block, 0] >= chance:
            propensities[slot] = 1 - chance
            continue
        liked, shown, total = np.empty(count), np.empty(count), 0.0
        for arm in range(count):
            row = rows[arms[arm]]
            liked[arm], shown[arm] = likes[row], impressions[row]
            total += 1 / (1 + math.exp(-log_odds[row, 0]))
        chances = thompson(liked, shown, total / count)
        arm, below = 0, chances[0]
        while arm < count - 1 and lots[block, 1] >= below:
            arm += 1
            below += chances[arm]
        page[slot] = arms[arm]
        propensities[slot] = chance * chances[arm]
        for at in range(many):
            if free[at] == arms[arm]:
                free[at] = -1
    return propensities


@njit(cache=True, nogil=True)
def weakest_slots(scores, count, allowed):  # type: ignore[no-untyped-def]
    """Where exploration costs least: the page is cut into `count` equal blocks, and in each the slot of the lowest score gives way.

    Slots where nothing could be tried are not `allowed`; the first slot of a page is never taken if there is another. (count,),
    −1 for a block without such a slot.
    """
    size, start = len(scores), 0
    chosen = np.full(count, -1, np.int64)
    for block in range(count):
        end = start + size // count + (block < size % count)
        for slot in range(start, end):
            if (
                allowed[slot]
                and (slot > 0 or size == 1)
                and (chosen[block] < 0 or scores[slot] < scores[chosen[block]])
            ):
                chosen[block] = slot
        start = end
    return chosen


@njit(cache=True, nogil=True)
def _fits(place, slot, page, names, caps):  # type: ignore[no-untyped-def]
    """Whether a post may stand in this slot: of no group that the other slots have filled."""
    for dim in range(len(caps)):
        own, held = names[dim, place], 0
        for other in range(len(page)):
            held += other != slot and names[dim, page[other]] == own
        if own >= 0 and held >= caps[dim]:
            return False
    return True


@njit(cache=True, nogil=True)
def thompson(likes, impressions, mean):  # type: ignore[no-untyped-def]
    """The chance of each arm (m,) to be tried, by Thompson sampling from Beta posteriors.

    The chance that an arm's draw is the greatest of all, mixed with the uniform distribution. It is integrated, not counted over
    draws, so that the same counts always give the same chances: what is logged as propensity has no chance in it.
    """
    wins = likes + STRENGTH * mean
    losses = np.maximum(impressions - likes, 0) + STRENGTH * (1 - mean)
    return (1 - UNIFORM) * _chances_to_lead(wins, losses) + UNIFORM / len(wins)


@njit(cache=True, nogil=True)
def _chances_to_lead(wins, losses):  # type: ignore[no-untyped-def]
    """(m,) the chance of each Beta(wins, losses) to be the greatest: ∫ its density · Π the others' distribution functions.

    In log-odds, where densities are smooth; from the highest place down, and no further than the others let an arm lead. Arms
    with the same counts share one computation.
    """
    arms = len(wins)
    same, first = np.empty(arms, np.int64), np.empty(arms, np.int64)
    often, kinds = np.zeros(arms, np.int64), 0
    low = high = -np.inf
    for arm in range(arms):
        same[arm] = kinds
        for known in range(kinds):
            if wins[first[known]] == wins[arm] and losses[first[known]] == losses[arm]:
                same[arm] = known
                break
        if same[arm] == kinds:
            first[kinds] = arm
            kinds += 1
            middle, spread = math.log(wins[arm] / losses[arm]), math.sqrt(1 / wins[arm] + 1 / losses[arm])
            low, high = max(low, middle - WIDTH * spread), max(high, middle + WIDTH * spread)
        often[same[arm]] += 1
    norms, above, found = np.empty(kinds), np.zeros(kinds), np.zeros(kinds)
    for kind in range(kinds):
        a, b = wins[first[kind]], losses[first[kind]]
        norms[kind] = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    step = (high - low) / POINTS
    here = np.empty(kinds)
    for point in range(POINTS):
        at = high - (point + 0.5) * step
        odds = math.exp(at)
        lose = -math.log1p(odds)
        gain = at + lose
        together = 1.0
        for kind in range(kinds):
            here[kind] = math.exp(norms[kind] + wins[first[kind]] * gain + losses[first[kind]] * lose) * step
            below = max(1 - above[kind] - here[kind] / 2, 0.0)
            together *= below ** often[kind]
        if together == 0:
            for kind in range(kinds):
                above[kind] += here[kind]
            continue
        for kind in range(kinds):
            found[kind] += here[kind] * together / max(1 - above[kind] - here[kind] / 2, 1e-12)
            above[kind] += here[kind]
    chances = np.empty(arms)
    total = 0.0
    for arm in range(arms):
        chances[arm] = found[same[arm]]
        total += chances[arm]
    for arm in range(arms):
        chances[arm] = chances[arm] / total if total > 0 else 1 / arms
    return chances
