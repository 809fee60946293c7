"""Weeks of plausible behaviour from latent tastes: sessions, pages, and what viewers did with each post.

Nothing here looks at a clock. Every viewer draws from a stream of chance of their own, so that adding viewers changes nobody
else, and the same world and seed give the same events, ids and times.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.demo.products import items
from core.demo.tastes import FloatArray, World
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import DAY, HOUR, MINUTE, SECOND, Millis

WEEKDAYS = (1.0, 0.95, 0.95, 1.0, 1.1, 1.35, 1.4)
"""Sessions by weekday, Monday first."""
INDIA: Millis = 5 * HOUR + 30 * MINUTE
PAGE = 8
OWN_TOPICS = 3
"""What a viewer comes for, one of these at a time, in worlds with intents."""
SAMPLE_APPETITE = 0.38
"""Share of the catalogue that a sample viewer has seen by now; the rest is left for their feed to show."""


class Policy(Protocol):
    """Which posts a viewer gets. Give one to plant an effect: by what it shows, or by how much it is enjoyed."""

    @property
    def name(self) -> str:
        """What the pages are logged under."""
        ...

    def weights(self, world: World, viewer: int, seen: NDArray[np.bool_]) -> FloatArray:
        """Weight per post (n,) from 0 up of being drawn for the next slot."""
        ...

    def lift(self, world: World, viewer: int) -> float:
        """Added to the viewer's liking of everything shown, in log odds."""
        ...


@dataclass(frozen=True, slots=True)
class Random:
    """Pages drawn by lot, with chances that are known and logged.

    To guests every post has the same chance; to sample viewers, as to people who have used the app for long, what they like has a
    somewhat greater one (`lean`). What was seen already has a small one (`again`).
    """

    name: str = "demo-random"
    again: float = 0.05
    lean: float = 0.9

    def weights(self, world: World, viewer: int, seen: NDArray[np.bool_]) -> FloatArray:
        fresh = np.where(seen, self.again, 1.0)
        return fresh * np.exp(self.lean * world.liking[viewer]) if viewer < world.sample else fresh

    def lift(self, world: World, viewer: int) -> float:
        return 0.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One page that was served: posts in order, the chance each had of its slot given those before, and the events."""

    request: str
    viewer: str
    policy: str
    at: Millis
    posts: tuple[str, ...]
    kinds: tuple[str, ...]
    propensities: tuple[float, ...]
    events: tuple[ViewerEvent, ...]


def simulate(world: World, days: int = 28, seed: int = 7, policy: Policy | None = None) -> Iterator[ViewerEvent]:
    """The events of `days` days before the world's present, viewer by viewer, each viewer's in order of time."""
    for visit in visits(world, days, seed, policy):
        yield from visit.events


def visits(world: World, days: int = 28, seed: int = 7, policy: Policy | None = None) -> Iterator[Visit]:
    """As `simulate`, but with the pages that the events answer."""
    chosen = policy or Random()
    for viewer in range(len(world.viewers)):
        yield from Life(world, viewer, days, seed, chosen).visits()


class Life:
    """One viewer's weeks: `visits` lives them under a policy, `meet` answers a page that somebody else has served."""

    def __init__(self, world: World, viewer: int, days: int, seed: int, policy: Policy) -> None:
        self._world, self._viewer, self._days, self._policy = world, viewer, days, policy
        self._rng = np.random.default_rng((seed, 3, viewer))
        self._name = world.viewers[viewer]
        self._seen = np.zeros(len(world.shown.ids), dtype=bool)
        self._follows: set[str] = set()
        self._events = 0
        self._pages = 0
        sample = viewer < world.sample
        self._appetite = SAMPLE_APPETITE if sample else float(self._rng.uniform(0.5, 1.0))
        self._lift = policy.lift(world, viewer)
        self._intents = world.intents
        if self._intents is not None:
            self._intents = self._intents[self._rng.choice(len(self._intents), OWN_TOPICS, replace=False)]
        self._intent: FloatArray | None = None

    def visits(self) -> Iterator[Visit]:
        free = self._world.now - 20 * MINUTE
        for opened in self._sessions():
            if opened >= free:
                return
            at = opened
            mood = float(self._rng.normal(0, 0.25))
            if self._intents is not None:
                self._intent = self._intents[int(self._rng.integers(OWN_TOPICS))]
            tired = 0.0
            for _ in range(int(self._rng.integers(1, 4))):
                visit, at, tired = self._page(at, mood, tired)
                if visit is None or at >= free:
                    break
                yield visit

    def _sessions(self) -> list[Millis]:
        """When the app was opened, in order: more at weekends, at the viewer's own time of day."""
        times: list[Millis] = []
        activity = self._world.activity[self._viewer] * 0.28
        middle = 8.0 + 13.5 * self._world.evening[self._viewer]
        today = (self._world.now + INDIA) // DAY
        for back in range(self._days, -1, -1):
            day = today - back
            for _ in range(int(self._rng.poisson(activity * WEEKDAYS[(day + 3) % 7]))):
                hour = float(self._rng.normal(middle, 2.2)) % 24
                times.append(int(day * DAY - INDIA + hour * HOUR))
        return sorted(times)

    def _page(self, at: Millis, mood: float, tired: float) -> tuple[Visit | None, Millis, float]:
        world, shown = self._world, self._world.shown
        published = world.now - shown.days * DAY <= at
        elapsed = 1 - (world.now - at) / (self._days * DAY)
        if self._seen.sum() >= max(0.15, elapsed) * self._appetite * len(shown.ids):
            # As much of the catalogue as this viewer wants by now: sometimes they look at what they know.
            if self._rng.random() < 0.9:
                return None, at, tired
            published &= self._seen
        weights = self._policy.weights(world, self._viewer, self._seen) * published
        rows: list[int] = []
        chances: list[float] = []
        for _ in range(PAGE):
            if (total := float(weights.sum())) <= 0:
                break
            row = int(np.searchsorted(np.cumsum(weights), self._rng.random() * total, side="right"))
            rows.append(row)
            chances.append(float(weights[row]) / total)
            weights[row] = 0.0
        if not rows:
            return None, at, tired
        self._pages += 1
        request = f"demo-{self._name}-p{self._pages}"
        served, events = at, list[ViewerEvent]()
        for slot, row in enumerate(rows):
            made, at, tired, on = self.meet(request, slot, row, at, mood, tired)
            events += made
            if not on:
                break
        visit = Visit(
            request=request,
            viewer=self._name,
            policy=self._policy.name,
            at=served,
            posts=tuple(shown.ids[row] for row in rows),
            kinds=tuple(shown.plans[row].kind.value for row in rows),
            propensities=tuple(round(chance, 6) for chance in chances),
            events=tuple(events),
        )
        return visit, at + int(self._rng.uniform(1, 6) * SECOND), tired + 0.1

    def meet(
        self, request: str, slot: int, row: int, at: Millis, mood: float, tired: float
    ) -> tuple[list[ViewerEvent], Millis, float, bool]:
        """The post in column `row` comes on the screen at `at`, in a slot of a served page.

        Returns its events, when it left, how tired the viewer is, and whether they go on.
        """
        rng, plan, length = self._rng, self._world.shown.plans[row], float(self._world.shown.lengths[row])
        again = bool(self._seen[row])
        self._seen[row] = True
        liking = float(self._world.liking[self._viewer, row]) + self._lift + mood - tired - 0.03 * slot - 0.8 * again
        if self._intent is not None:
            liking += float(self._intent[row])
        chance = rng.random(10)
        held = _odds(0.15 + 1.15 * liking + float(rng.normal(0, 0.7)))
        completion = held**0.8 if chance[0] > 0.25 * held else 1.0 + float(rng.exponential(0.45)) * held
        seconds = completion * length
        end = at + round(seconds * SECOND)

        def event(
            kind: EventKind,
            when: Millis,
            *,
            seconds: float = 0.0,
            completion: float = 0.0,
            product: str = "",
            value: int = 0,
        ) -> ViewerEvent:
            self._events += 1
            return ViewerEvent(
                id=f"demo-{self._name}-{self._events}", kind=kind, viewer=self._name, at=when, post=plan.id,
                publisher=plan.publisher, product=product, request=request, slot=slot, seconds=seconds, completion=completion,
                value_minor=value,
            )  # fmt: skip

        events = [event(EventKind.IMPRESSION, at)]
        middle = at + round(0.7 * seconds * SECOND)
        if chance[1] < _odds(-2.3 + 1.6 * liking):
            events.append(event(EventKind.LIKE, middle))
        if chance[2] < _odds(-4.6 + 1.2 * liking):
            events.append(event(EventKind.SHARE, end))
        if chance[3] < _odds(-5.0 + 1.0 * liking):
            events.append(event(EventKind.COMMENT, end))
        if plan.publisher not in self._follows and chance[4] < _odds(-5.0 + 1.3 * liking):
            self._follows.add(plan.publisher)
            events.append(event(EventKind.FOLLOW, end))
        if chance[5] < _odds(-5.6 - 1.0 * liking):
            events.append(event(EventKind.NOT_INTERESTED, min(end, at + 2 * SECOND)))
        events.append(event(EventKind.WATCH, end, seconds=round(seconds, 2), completion=round(completion, 3)))
        if plan.products:
            events += self._shop(event, plan.products, liking, plan.kind.value, end, chance[6:9])
        return (
            events,
            end + int(rng.uniform(0.3, 1.2) * SECOND),
            tired + 0.015,
            bool(chance[9] < _odds(2.9 + 0.5 * liking - 2 * tired)),
        )

    def _shop(
        self, event: _Maker, products: Sequence[str], liking: float, kind: str, at: Millis, chance: FloatArray
    ) -> list[ViewerEvent]:
        """What is looked at, put into the cart and bought; nobody buys what is out of stock."""
        keen = {"product": 0.7, "promotional": 0.5, "educational": -0.2}.get(kind, 0.0)
        if chance[0] >= _odds(-2.9 + 1.2 * liking + keen):
            return []
        product = items()[products[int(chance[0] * 1e6) % len(products)]].product
        events = [event(EventKind.PRODUCT_CLICK, at + SECOND, product=product.id)]
        dear = max(0.0, math.log(product.price_minor / 60_000)) * (1 - self._world.prices[self._viewer])
        if product.stock and chance[1] < _odds(-0.9 + 0.5 * liking - 0.6 * dear):
            events.append(event(EventKind.ADD_TO_CART, at + 20 * SECOND, product=product.id))
            if chance[2] < _odds(-0.5 + 0.4 * liking - 0.4 * dear):
                order = event(EventKind.ORDER, at + 90 * SECOND, product=product.id, value=product.price_minor)
                events.append(order)
        return events


class _Maker(Protocol):
    def __call__(
        self,
        kind: EventKind,
        when: Millis,
        *,
        seconds: float = 0.0,
        completion: float = 0.0,
        product: str = "",
        value: int = 0,
    ) -> ViewerEvent: ...


def _odds(x: float) -> float:
    return 1 / (1 + math.exp(-x))
