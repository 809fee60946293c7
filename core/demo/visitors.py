"""What a simulated viewer does with a page that the real feed has served, and when they open the app."""

from __future__ import annotations

import numpy as np

from core.demo.behaviour import INDIA, Life
from core.demo.tastes import World
from core.domain.events import ViewerEvent
from core.domain.feed import FeedPage
from core.domain.ids import DAY, HOUR, MINUTE, Millis


def watch(
    world: World, life: Life, page: FeedPage, at: Millis, mood: float, tired: float
) -> tuple[list[ViewerEvent], Millis, float, bool]:
    """What the viewer does with a page; they leave it in the middle or go on. Posts of real people are passed over unseen."""
    shown = world.shown
    columns = {id: number for number, id in enumerate(shown.ids)}
    events: list[ViewerEvent] = []
    for slot in page.slots:
        row = columns.get(slot.post)
        if row is None or world.now - shown.days[row] * DAY > at:
            continue
        made, at, tired, on = life.meet(page.request, slot.position, row, at, mood, tired)
        events += made
        if not on:
            return events, at, tired, False
    return events, at, tired, True


def openings(world: World, viewer: int, days: int, count: int, now: Millis, rng: np.random.Generator) -> list[Millis]:
    """When the app is opened: at the viewer's own time of day, at least an hour apart, and early enough to end before now."""
    middle = 8.0 + 13.5 * world.evening[viewer]
    latest = now - 30 * MINUTE
    times: list[Millis] = []
    for _ in range(count):
        day = (now + INDIA) // DAY - int(rng.integers(0, max(days, 1)))
        at = int(day * DAY - INDIA + (float(rng.normal(middle, 2.2)) % 24) * HOUR)
        times.append(at if at < latest else at - DAY)
    ordered: list[Millis] = []
    for at in sorted(times):
        ordered.append(max(at, ordered[-1] + HOUR) if ordered else at)
    return [at for at in ordered if at <= latest]
