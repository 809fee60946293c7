"""Trying new posts out: which slots, which posts, and the exact chance that each was given."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.domain.mix_rules import CAPS
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


def thompson(likes: FloatArray, impressions: FloatArray, mean: float) -> FloatArray:
    """The chance of each arm (m,) to be tried, by Thompson sampling from Beta posteriors.

    The chance that an arm's draw is the greatest of all, mixed with the uniform distribution. It is integrated, not counted over
    draws, so that the same counts always give the same chances: what is logged as propensity has no chance in it.
    """
    wins = likes + STRENGTH * mean
    losses = np.maximum(impressions - likes, 0) + STRENGTH * (1 - mean)
    return np.asarray((1 - UNIFORM) * _chances_to_lead(wins, losses) + UNIFORM / len(wins))


def draw(chances: FloatArray, rng: np.random.Generator) -> int:
    """One arm, with these chances."""
    return int(np.searchsorted(np.cumsum(chances)[:-1], rng.random() * chances.sum(), side="right"))


def weakest_slots(scores: FloatArray, count: int, allowed: NDArray[np.bool_]) -> list[int]:
    """Where exploration costs least: the page is cut into `count` equal blocks, and in each the slot of the lowest score gives way.

    Slots where nothing could be tried are not `allowed`; the first slot of a page is never taken if there is another.
    """
    worth, free, size = scores.tolist(), allowed.tolist(), len(scores)
    chosen = []
    start = 0
    for block in range(count):
        end = start + size // count + (block < size % count)
        usable = [slot for slot in range(start, end) if free[slot] and (slot > 0 or size == 1)]
        if usable:
            chosen.append(min(usable, key=worth.__getitem__))
        start = end
    return chosen


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
    page, propensities, tried = mixed.places.copy(), np.ones(len(mixed.places)), dict[int, int]()
    count, chance = slots_to_explore(len(page), rate)
    if not count or not len(pool):
        return page, propensities, tried
    caps = problem.asked.caps
    for one in mixed.relaxed:
        if one.field in CAPS:
            caps = caps.copy()
            caps[list(CAPS).index(one.field)] = one.given
    kinds, names = problem.kinds, problem.names
    pool, there = _outside(pool, page, kinds)
    allowed = there[kinds[page]]
    for slot, place in problem.kept_pins:
        if page[slot] == place:
            allowed[slot] = False
    for slot in weakest_slots(problem.scores[page], count, allowed):
        arms = _arms(pool, page, slot, kinds, names, caps)
        if not len(arms):
            continue
        if rng.random() >= chance:
            propensities[slot] = 1 - chance
            continue
        likes, impressions, mean = _counts(rows, arms, index.likes, index.impressions, index.rates)
        chances = thompson(likes, impressions, mean)
        chosen = draw(chances, rng)
        tried[slot], page[slot] = int(page[slot]), int(arms[chosen])
        propensities[slot] = chance * chances[chosen]
        pool = pool[pool != arms[chosen]]
    return page, propensities, tried


@njit(cache=True, nogil=True)
def _outside(pool, page, kinds):  # type: ignore[no-untyped-def]
    """Those of the pool that are not on the page, and which kinds they are of."""
    there = np.zeros(len(KINDS), np.bool_)
    left, count = np.empty_like(pool), 0
    for place in pool:
        on = False
        for other in page:
            on = on or other == place
        if not on:
            left[count] = place
            count += 1
            there[kinds[place]] = True
    return left[:count].copy(), there


@njit(cache=True, nogil=True)
def _arms(pool, page, slot, kinds, names, caps):  # type: ignore[no-untyped-def]
    """Those of the pool that may stand in this slot: of its kind, and of no group that the other slots have filled."""
    arms, count = np.empty_like(pool), 0
    for place in pool:
        fits = kinds[place] == kinds[page[slot]]
        for dim in range(len(caps)):
            own = names[dim, place]
            if not fits or own < 0:
                continue
            held = 0
            for other in range(len(page)):
                held += other != slot and names[dim, page[other]] == own
            fits = held < caps[dim]
        if fits:
            arms[count] = place
            count += 1
    return arms[:count].copy()


@njit(cache=True, nogil=True)
def _counts(rows, arms, likes, impressions, rates):  # type: ignore[no-untyped-def]
    """Likes and impressions (m,) of these places, and their mean rate of likes."""
    liked, shown, total = np.empty(len(arms)), np.empty(len(arms)), 0.0
    for arm in range(len(arms)):
        row = rows[arms[arm]]
        liked[arm], shown[arm] = likes[row], impressions[row]
        total += rates[row, 0]
    return liked, shown, total / len(arms)


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
