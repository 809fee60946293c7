"""Totals per post from viewer events, each event counted once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import Millis
from core.domain.ports.live import TREND_HALF_LIFE
from core.domain.post import PostTotals

COMPLETED = 0.9
"""A watch of at least this part of the clip counts as a completion."""

TREND_WEIGHTS: Mapping[EventKind, float] = {
    EventKind.WATCH: 0.2,
    EventKind.LIKE: 1.0,
    EventKind.COMMENT: 2.0,
    EventKind.SHARE: 3.0,
    EventKind.SHARE_OPEN: 1.0,
    EventKind.PRODUCT_CLICK: 1.0,
    EventKind.ADD_TO_CART: 2.0,
    EventKind.ORDER: 4.0,
    EventKind.UNLIKE: -1.0,
    EventKind.NOT_INTERESTED: -2.0,
    EventKind.REPORT: -3.0,
}
"""What an event adds to its post's trend; a watch is multiplied by its completion."""


@dataclass(slots=True)
class PostSums:
    """What one batch adds to one post."""

    counts: dict[str, int] = field(default_factory=dict)
    watch_seconds: float = 0.0
    revenue_minor: int = 0


def sums_of(events: Iterable[ViewerEvent]) -> dict[str, PostSums]:
    """Sums per post of a batch, in any order; events without a post count nowhere."""
    sums: dict[str, PostSums] = {}
    for event in events:
        if not event.post:
            continue
        one = sums.setdefault(event.post, PostSums())
        kind = event.kind.value
        one.counts[kind] = one.counts.get(kind, 0) + 1
        if event.kind is EventKind.WATCH:
            one.watch_seconds += event.seconds
            if event.completion >= COMPLETED:
                one.counts["completion"] = one.counts.get("completion", 0) + 1
        elif event.kind is EventKind.ORDER:
            one.revenue_minor += event.value_minor
    return sums


def add(totals: PostTotals, sums: PostSums, *, now: Millis) -> PostTotals:
    """The totals with a batch added."""
    counts = dict(totals.counts)
    for kind, count in sums.counts.items():
        counts[kind] = counts.get(kind, 0) + count
    return replace(
        totals,
        counts=counts,
        watch_seconds=totals.watch_seconds + sums.watch_seconds,
        revenue_minor=totals.revenue_minor + sums.revenue_minor,
        updated_at=now,
    )


def trend_scores(events: Iterable[ViewerEvent], *, now: Millis) -> tuple[dict[str, float], Millis]:
    """What each post's trend counter moves by, and as of which time: that of the latest event, never after `now`.

    Every event counts as of when it happened, however late it is: by 2^(−age / half-life) at the time returned.
    """
    counted = [event for event in events if event.post and event.kind in TREND_WEIGHTS]
    if not counted:
        return {}, now
    as_of = min(max(event.at for event in counted), now)
    scores: dict[str, float] = {}
    for event in counted:
        weight = TREND_WEIGHTS[event.kind]
        if event.kind is EventKind.WATCH:
            weight *= min(event.completion, 1.5)
        age = max(as_of - event.at, 0)
        scores[event.post] = scores.get(event.post, 0.0) + weight * 0.5 ** (age / TREND_HALF_LIFE)
    return {post: score for post, score in scores.items() if score}, as_of
