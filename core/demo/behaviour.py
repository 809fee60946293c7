"""What the demo world's viewers did in the weeks before: sessions, posts met, and acts that follow latent tastes.

Everything is generated from a seed. A viewer's liking of a post is a sum over its tags (and what lies above them), its kind,
its price and the post's own appeal; acts are drawn from logistic odds of that liking.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.demo import taxonomy
from core.demo.people import KINDS, Taste, tastes
from core.demo.posts import Fate, Plan, plans
from core.demo.products import items
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import DAY, HOUR, MINUTE, SECOND, Millis

DAYS = 21
CROWD = 120
POSTS_A_SESSION = 6
WEEKEND = 1.35
Floats = NDArray[np.float64]


def crowd(rng: np.random.Generator, count: int = CROWD) -> list[Taste]:
    """Anonymous viewers: each a blend of two sample viewers' tastes, and less active."""
    named = tastes()
    blends = []
    for number in range(count):
        one, other = (named[i] for i in rng.choice(len(named), 2, replace=False))
        share = float(rng.uniform(0.2, 0.8))
        tags = {
            tag: share * one.tags.get(tag, 0.0) + (1 - share) * other.tags.get(tag, 0.0)
            for tag in sorted(one.tags.keys() | other.tags.keys())
        }
        kinds = {kind: share * one.kinds[kind] + (1 - share) * other.kinds[kind] for kind in KINDS}
        blends.append(
            replace(
                one,
                viewer=f"crowd-{number:04d}",
                tags=tags,
                kinds=kinds,
                price=share * one.price + (1 - share) * other.price,
                activity=float(rng.uniform(0.15, 0.6)),
                evening=share * one.evening + (1 - share) * other.evening,
            )
        )
    return blends


def liking(viewers: list[Taste], shown: list[Plan], rng: np.random.Generator) -> Floats:
    """How much each viewer likes each post, shape (viewers, posts); about -2 to 3."""
    tree = {tag.id: tag for tag in taxonomy.read()}
    above = [{t for tag in plan.tags if tag in tree for t in (tag, *taxonomy.ancestors(tag, tree))} for plan in shown]
    prices = np.array([_price(plan) for plan in shown])
    dear = np.argsort(np.argsort(prices)) / max(1, len(shown) - 1)
    appeal = rng.normal(0, 0.35, len(shown))
    table = np.zeros((len(viewers), len(shown)))
    for row, taste in enumerate(viewers):
        for column, plan in enumerate(shown):
            tags = sum(sorted((w for tag, w in taste.tags.items() if tag in above[column]), key=abs)[-3:])
            table[row, column] = 1.3 * tags + 0.8 * taste.kinds[plan.kind] - 0.6 * abs(taste.price - dear[column])
    return table + appeal


def simulate(now: Millis, *, days: int = DAYS, seed: int = 7) -> list[ViewerEvent]:
    """Events of all viewers over the last `days` days, none of them later than a minute before `now`."""
    rng = np.random.default_rng((seed, 1))
    shown = [plan for plan in plans().values() if plan.fate is Fate.LIVE]
    viewers = [*tastes(), *crowd(rng)]
    likes = liking(viewers, shown, rng)
    published = np.array([plan.published_at(now) for plan in shown])
    events: list[ViewerEvent] = []
    for row, taste in enumerate(viewers):
        fatigue = np.zeros(len(shown))
        followed: set[str] = set()
        number = 0
        for day in range(days, 0, -1):
            start = now - day * DAY
            busy = WEEKEND if (start // DAY + 4) % 7 in (0, 6) else 1.0
            for _ in range(int(rng.poisson(taste.activity * busy))):
                hour = rng.normal(9 + 12.5 * taste.evening, 2.2) % 24
                at = min(start + int(hour * HOUR), now - 20 * MINUTE)
                open_now = np.flatnonzero(published < at)
                if len(open_now) == 0:
                    continue
                weight = np.exp(0.5 * likes[row, open_now] - fatigue[open_now])
                met = rng.choice(open_now, min(POSTS_A_SESSION, len(open_now)), replace=False, p=weight / weight.sum())
                for post in met:
                    fatigue[post] += 1.2
                    made = _watch(taste, shown[post], float(likes[row, post]), at, number, followed, rng)
                    events += made
                    number += len(made)
                    at += int(1_000 * max(1.0, made[1].seconds)) + SECOND
    return [event for event in events if event.at < now - MINUTE]


def _watch(
    taste: Taste, plan: Plan, liked: float, at: Millis, number: int, followed: set[str], rng: np.random.Generator
) -> list[ViewerEvent]:
    """One post met: an impression, a watch, and what follows from liking it."""
    made: list[ViewerEvent] = []

    def add(kind: EventKind, later: float, **fields: object) -> None:
        id = f"demo-{taste.viewer}-{number + len(made)}"
        about = {"publisher": plan.publisher} if kind is EventKind.FOLLOW else {"post": plan.id}
        values: dict[str, object] = about | fields
        made.append(ViewerEvent(id=id, kind=kind, viewer=taste.viewer, at=at + int(1_000 * later), **values))  # type: ignore[arg-type]

    completion = min(2.0, float(rng.beta(2 + 2 * _odds(liked), 2.4)) * (1.25 if liked > 1 else 1.0))
    length = 6.0
    end = completion * length
    add(EventKind.IMPRESSION, 0.0)
    add(EventKind.WATCH, end, seconds=round(end, 2), completion=round(completion, 3))
    if rng.random() < _odds(1.5 * liked - 2.6):
        add(EventKind.LIKE, end * 0.8)
    if rng.random() < _odds(liked - 4.6):
        add(EventKind.SHARE, end + 0.4)
    if plan.publisher not in followed and rng.random() < _odds(liked - 4.4):
        followed.add(plan.publisher)
        add(EventKind.FOLLOW, end + 0.6)
    if liked < -0.4 and rng.random() < 0.08:
        add(EventKind.NOT_INTERESTED, end + 0.2)
    if plan.products and rng.random() < _odds(1.2 * liked - 2.9):
        item = items()[str(rng.choice(list(plan.products)))].product
        add(EventKind.PRODUCT_CLICK, end + 1, product=item.id)
        if item.stock > 0 and rng.random() < _odds(liked - 1.6):
            add(EventKind.ADD_TO_CART, end + 9, product=item.id)
            if rng.random() < 0.35:
                add(EventKind.ORDER, end + 80, product=item.id, value_minor=item.price_minor)
    return made


def _odds(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _price(plan: Plan) -> float:
    """The mean price of a post's products, in paise; middling for a post that sells nothing."""
    shop = items()
    prices = [shop[id].product.price_minor for id in plan.products]
    return sum(prices) / len(prices) if prices else 50_000.0
