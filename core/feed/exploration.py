"""Trying new posts out: which slots, which posts, and the exact chance that each was given."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from core.domain.mix_rules import CAPS
from core.feed.index import KINDS, Index
from core.feed.mix import MixedPage, Problem
from core.feed.mix_asked import Asked
from core.pipeline.candidates import Candidates, FloatArray

DRAWS = 64
UNIFORM = 0.1
"""This part of the chance is spread evenly over the pool, so that no propensity is ever near 0."""


def slots_to_explore(size: int, rate: float) -> tuple[int, float]:
    """How many slots of a page may try a new post, and the chance of each to do so; their product is rate × size."""
    wanted = rate * size
    count = math.ceil(wanted - 1e-9)
    return count, wanted / count if count else 0.0


def thompson(likes: FloatArray, impressions: FloatArray, mean: float, rng: np.random.Generator) -> FloatArray:
    """The chance of each arm (m,) to be tried, by Thompson sampling from Beta posteriors.

    The share of `DRAWS` joint draws in which an arm is the best, mixed with the uniform distribution. Drawing one arm from these
    chances is Thompson sampling, and the chance is known exactly: it is what is logged as propensity.
    """
    strength = 20.0
    wins = likes + strength * mean
    losses = np.maximum(impressions - likes, 0) + strength * (1 - mean)
    best = rng.beta(wins, losses, size=(DRAWS, len(wins))).argmax(axis=1)
    shares = np.bincount(best, minlength=len(wins)) / DRAWS
    return np.asarray((1 - UNIFORM) * shares + UNIFORM / len(wins))


def draw(chances: FloatArray, rng: np.random.Generator) -> int:
    """One arm, with these chances."""
    return int(np.searchsorted(np.cumsum(chances)[:-1], rng.random() * chances.sum(), side="right"))


def weakest_slots(scores: FloatArray, count: int, allowed: NDArray[np.bool_]) -> list[int]:
    """Where exploration costs least: the page is cut into `count` equal blocks, and in each the slot of the lowest score gives way.

    Slots where nothing could be tried are not `allowed`; the first slot of a page is never taken if there is another.
    """
    chosen = []
    for block in np.array_split(np.arange(len(scores)), count):
        usable = [int(slot) for slot in block if allowed[slot] and (slot > 0 or len(scores) == 1)]
        if usable:
            chosen.append(min(usable, key=lambda slot: scores[slot]))
    return chosen


def tried_out(
    problem: Problem,
    mixed: MixedPage,
    pool: NDArray[np.int64],
    rate: float,
    index: Index,
    ranked: Candidates,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], FloatArray, dict[int, int]]:
    """The page with drawn posts of the `pool` in the weakest slots of their kind: (places, propensities, tried).

    `tried` is, by explored slot, the place that gave way. Kinds stay in their slots, pinned slots are left alone, and caps keep
    holding (a cap that had to rise for this page holds as it rose).
    """
    page, propensities, tried = mixed.places.copy(), np.ones(len(mixed.places)), dict[int, int]()
    outside = np.ones(len(problem.kinds), np.bool_)
    outside[page] = False
    pool = pool[outside[pool]]
    count, chance = slots_to_explore(len(page), rate)
    if not count or not len(pool):
        return page, propensities, tried
    caps = Asked(problem.policy, len(page), problem.session).caps
    for one in mixed.relaxed:
        if one.field in CAPS:
            caps[list(CAPS).index(one.field)] = one.given
    kinds, names = problem.kinds, problem.names
    there = np.zeros(len(KINDS), np.bool_)
    there[kinds[pool]] = True
    allowed = there[kinds[page]]
    allowed[[slot for slot, place in problem.kept_pins if page[slot] == place]] = False
    for slot in weakest_slots(problem.scores[page], count, allowed):
        arms = pool[kinds[pool] == kinds[page[slot]]]
        held = np.delete(page, slot)
        for own, cap in zip(names, caps.tolist(), strict=True):
            if cap < len(page):
                full = (own[arms][:, None] == own[held]).sum(axis=1) >= cap
                arms = arms[~full | (own[arms] < 0)]
        if not len(arms):
            continue
        if rng.random() >= chance:
            propensities[slot] = 1 - chance
            continue
        rows = ranked.rows[arms]
        mean = float(index.rates[rows, 0].mean())
        likes, seen = index.likes[rows].astype(np.float64), index.impressions[rows].astype(np.float64)
        chances = thompson(likes, seen, mean, rng)
        chosen = draw(chances, rng)
        tried[slot], page[slot] = int(page[slot]), int(arms[chosen])
        propensities[slot] = chance * chances[chosen]
        pool = pool[pool != arms[chosen]]
    return page, propensities, tried
