"""Trying new posts out: which slots, which posts, and the exact chance that each was given."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from core.pipeline.candidates import FloatArray

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
