"""Totals per post from viewer events, each event counted once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import Millis
from core.domain.post import PostTotals

COMPLETED = 0.9
"""A watch of at least this part of the clip counts as a completion."""

TREND_WEIGHTS: Mapping[EventKind, float] = {
    EventKind.WATCH: 0.2,
    EventKind.LIKE: 1.0,
    EventKind.COMMENT: 2.0,
    EventKind.SHARE: 3.0,
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
    trend: float = 0.0
    trend_at: Millis = 0


def sums_of(events: Iterable[ViewerEvent]) -> dict[str, PostSums]:
    """Sums per post of a batch, in any order; events without a post count nowhere."""
    sums: dict[str, PostSums] = {}
    for event in events:
        if not event.post:
            continue
        one = sums.setdefault(event.post, PostSums())
        kind = event.kind.value
        one.counts[kind] = one.counts.get(kind, 0) + 1
        one.trend_at = max(one.trend_at, event.at)
        weight = TREND_WEIGHTS.get(event.kind, 0.0)
        if event.kind is EventKind.WATCH:
            one.watch_seconds += event.seconds
            weight *= min(event.completion, 1.5)
            if event.completion >= COMPLETED:
                one.counts["completion"] = one.counts.get("completion", 0) + 1
        elif event.kind is EventKind.ORDER:
            one.revenue_minor += event.value_minor
        one.trend += weight
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


def trend_scores(sums: Mapping[str, PostSums]) -> dict[str, float]:
    """What each post's trend counter moves by."""
    return {post: one.trend for post, one in sums.items() if one.trend}
