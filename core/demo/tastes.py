"""The demo world in numbers: who likes what how much, as arrays that the simulator draws from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.demo.people import KINDS, Taste, publishers, tastes
from core.demo.posts import Fate, Plan, plans
from core.demo.products import items
from core.demo.taxonomy import ancestors, read
from core.domain.ids import Millis

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TASTE, KIND, PRICE, PUBLISHER, LANGUAGE, QUALITY = 2.6, 0.6, 0.8, 0.2, 0.3, 0.3
INDIFFERENCE = 0.6
"""What is taken off everything, so that a clip that hits no taste is rather swiped away."""
"""How much each part of the liking weighs, in units of the log odds of watching to the end."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The posts of the world that were live, in columns; n posts.

    `days` (n,) age at `now`, `kinds` (n,) place in PostKind, `publishers` (n,) place in `publisher_ids`, `prices` (n,) mean level
    of the linked products 0..1, `tags` (n, t) 1 where a tag or one below it is on the post, `quality` (n,) how good a clip is.
    """

    ids: tuple[str, ...]
    plans: tuple[Plan, ...]
    days: FloatArray
    kinds: IntArray
    publishers: IntArray
    publisher_ids: tuple[str, ...]
    prices: FloatArray
    tags: FloatArray
    tag_ids: tuple[str, ...]
    languages: tuple[str, ...]
    lengths: FloatArray
    quality: FloatArray


@dataclass(frozen=True, slots=True)
class World:
    """Posts, viewers and how much each viewer likes each post; `liking` (viewers, n) in log odds, `now` the present.

    `intents` (k, n) is added to it for a session, one of a few of the k that come back; None for viewers who always want the same.
    """

    now: Millis
    shown: Shown
    viewers: tuple[str, ...]
    sample: int
    liking: FloatArray
    prices: FloatArray
    activity: FloatArray
    evening: FloatArray
    intents: FloatArray | None = None


def build(now: Millis, *, seed: int = 7, guests: int = 300, posts: int | None = None, intent: float = 0.0) -> World:
    """The sample viewers and `guests` anonymous ones, whose tastes are mixtures of two sample viewers' with noise.

    With `posts`, the catalogue is that many variations of the demo world's posts. With `intent`, whoever opens the app has
    something in mind until they close it, on top of their taste: posts of one tag, by lot, are liked that much more than others.
    """
    shown = _shown(seed) if posts is None else _varied(_shown(seed), posts, seed)
    known = tastes()
    vectors = np.array([_vector(taste, shown) for taste in known])
    kinds = np.array([[taste.kinds[kind] for kind in KINDS] for taste in known])
    prices = np.array([taste.price for taste in known])
    activity = np.array([taste.activity for taste in known])
    evening = np.array([taste.evening for taste in known])
    languages = [taste.language for taste in known]
    rng = np.random.default_rng((seed, 1))
    if guests:
        pairs = rng.integers(0, len(known), (guests, 2))
        share = rng.beta(2, 2, (guests, 1))

        def mixed(values: FloatArray, noise: float) -> FloatArray:
            own = share * values[pairs[:, 0]] + (1 - share) * values[pairs[:, 1]]
            return np.asarray(own + rng.normal(0, noise, own.shape))

        vectors = np.vstack([vectors, mixed(vectors, 0.08)])
        kinds = np.vstack([kinds, mixed(kinds, 0.15)])
        prices = np.append(prices, np.clip(mixed(prices[:, None], 0.1)[:, 0], 0, 1))
        activity = np.append(activity, np.clip(rng.gamma(1.6, 0.5, guests), 0.15, 4))
        evening = np.append(evening, rng.beta(2, 1.6, guests))
        languages += [languages[first] for first in pairs[:, 0]]
    fondness = rng.normal(0, PUBLISHER, (len(prices), len(shown.publisher_ids)))
    spoken = np.array([[0.0 if post in (own, "en") else -1.0 for post in shown.languages] for own in languages])
    liking = (
        TASTE * np.tanh(vectors @ shown.tags.T)
        - INDIFFERENCE
        + KIND * kinds[:, shown.kinds]
        - PRICE * np.maximum(0.0, shown.prices[None, :] - prices[:, None] - 0.15)
        + fondness[:, shown.publishers]
        + LANGUAGE * spoken
        + QUALITY * shown.quality
    )
    names = tuple(taste.viewer for taste in known) + tuple(f"guest-{number:04d}" for number in range(1, guests + 1))
    intents = intent * _topics(shown) if intent else None
    return World(now, shown, names, len(known), liking, prices, activity, evening, intents)


def _shown(seed: int) -> Shown:
    live = tuple(plan for plan in plans().values() if plan.fate in (Fate.LIVE, Fate.WITHDRAWN))
    tree = {tag.id: tag for tag in read()}
    column = {slug: number for number, slug in enumerate(tree)}
    tags = np.zeros((len(live), len(tree)))
    for row, plan in enumerate(live):
        for tag in plan.tags:
            tags[row, column[tag]] = 1.0
            for above in ancestors(tag, tree):
                tags[row, column[above]] = 1.0
    shop = items()
    levels = [np.mean([_level(shop[id].product.price_minor) for id in plan.products]) for plan in live]
    ids = tuple(publisher.id for publisher in publishers())
    rng = np.random.default_rng((seed, 2))
    return Shown(
        ids=tuple(plan.id for plan in live),
        plans=live,
        days=np.array([plan.days for plan in live]),
        kinds=np.array([KINDS.index(plan.kind) for plan in live]),
        publishers=np.array([ids.index(plan.publisher) for plan in live]),
        publisher_ids=ids,
        prices=np.array(levels),
        tags=tags,
        tag_ids=tuple(tree),
        languages=tuple(plan.language for plan in live),
        lengths=rng.uniform(5.0, 6.4, len(live)),
        quality=rng.normal(0, 1, len(live)),
    )


def _varied(shown: Shown, count: int, seed: int) -> Shown:
    """`count` posts, each one of the world's that keeps most of its tags and borrows some of another's."""
    rng = np.random.default_rng((seed, 4))
    first, second = rng.integers(0, len(shown.ids), (2, count))
    width = shown.tags.shape[1]
    kept = shown.tags[first] * (rng.random((count, width)) < 0.8)
    ids = tuple(f"varied-{number:06d}" for number in range(count))
    return replace(
        shown,
        ids=ids,
        plans=tuple(replace(shown.plans[one], id=id) for id, one in zip(ids, first.tolist(), strict=True)),
        days=rng.uniform(1, 60, count),
        kinds=shown.kinds[first],
        publishers=rng.integers(0, len(shown.publisher_ids), count),
        prices=shown.prices[first],
        tags=np.maximum(kept, shown.tags[second] * (rng.random((count, width)) < 0.3)),
        languages=tuple(shown.languages[one] for one in first.tolist()),
        lengths=rng.uniform(5.0, 6.4, count),
        quality=rng.normal(0, 1, count),
    )


def _topics(shown: Shown) -> FloatArray:
    """What somebody may have in mind: each tag of 8% to 35% of the posts, 1 on those and 0 on the others, less its mean (k, n)."""
    share = shown.tags.mean(axis=0)
    chosen = np.flatnonzero((share >= 0.08) & (share <= 0.35))
    return np.asarray((shown.tags[:, chosen] - share[chosen]).T)


def _vector(taste: Taste, shown: Shown) -> FloatArray:
    vector = np.zeros(len(shown.tag_ids))
    for tag, weight in taste.tags.items():
        vector[shown.tag_ids.index(tag)] = weight
    return vector


def _level(price_minor: int) -> float:
    """0 at ₹100 and below, 1 at ₹6,000 and above, by ratio."""
    return float(np.clip(np.log(price_minor / 10_000) / np.log(60), 0, 1))
