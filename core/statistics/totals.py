"""Totals per viewer, the vector of one metric, and what a change of it adds to mergeable sums. All pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.domain.errors import InvalidInput
from core.domain.events import EventKind, ViewerEvent
from core.domain.experiment import Metric, MetricKind
from core.domain.ids import DAY
from core.statistics.moments import FloatArray, Moments

COMPLETE = 0.95
"""Share of a clip after which a watch counts as complete."""
MAX_WATCH, MAX_VALUE = 86_400.0, 10**12
"""Seconds of one watch and minor units of one order that are counted at most, so that squares of sums stay finite."""

TOTALS: dict[str, str] = {
    "impressions": "posts seen on screen",
    "watch_seconds": "seconds watched",
    "completions": "clips watched to the end",
    "likes": "likes less unlikes",
    "comments": "comments",
    "shares": "shares",
    "follows": "follows less unfollows",
    "not_interested": "posts waved away",
    "reports": "posts reported",
    "product_clicks": "product cards opened",
    "carts": "products put into the cart",
    "orders": "orders",
    "revenue": "rupees ordered",
    "active_days": "days with at least one impression",
}
_COUNTED: dict[EventKind, tuple[str, float]] = {
    EventKind.IMPRESSION: ("impressions", 1.0),
    EventKind.LIKE: ("likes", 1.0),
    EventKind.UNLIKE: ("likes", -1.0),
    EventKind.COMMENT: ("comments", 1.0),
    EventKind.SHARE: ("shares", 1.0),
    EventKind.FOLLOW: ("follows", 1.0),
    EventKind.UNFOLLOW: ("follows", -1.0),
    EventKind.NOT_INTERESTED: ("not_interested", 1.0),
    EventKind.REPORT: ("reports", 1.0),
    EventKind.PRODUCT_CLICK: ("product_clicks", 1.0),
    EventKind.ADD_TO_CART: ("carts", 1.0),
    EventKind.ORDER: ("orders", 1.0),
}


def contribution(event: ViewerEvent) -> dict[str, float]:
    """What one event adds to its viewer's totals. Active days are counted by whoever knows the day's other events."""
    added: dict[str, float] = {}
    if (counted := _COUNTED.get(event.kind)) is not None:
        added[counted[0]] = counted[1]
    if event.kind is EventKind.WATCH:
        added["watch_seconds"] = min(event.seconds, MAX_WATCH)
        if event.completion >= COMPLETE:
            added["completions"] = 1.0
    if event.kind is EventKind.ORDER:
        added["revenue"] = min(event.value_minor, MAX_VALUE) / 100
    return added


def check_metrics(metrics: Sequence[Metric]) -> None:
    """Raise InvalidInput for a metric of totals that nobody counts."""
    for metric in metrics:
        for field_, name in (("numerator", metric.numerator), ("denominator", metric.denominator)):
            if name and name not in TOTALS:
                raise InvalidInput(
                    f"metrics.{metric.name}.{field_}", name, f"this is not counted; counted are {', '.join(TOTALS)}"
                )
        if not metric.numerator:
            raise InvalidInput(f"metrics.{metric.name}.numerator", "", f"choose what it counts: {', '.join(TOTALS)}")


def added_up(left: Mapping[str, float], right: Mapping[str, float]) -> dict[str, float]:
    """Two sets of totals together."""
    return {name: left.get(name, 0.0) + right.get(name, 0.0) for name in left.keys() | right.keys()}


def row(metric: Metric, totals: Mapping[str, float], before: Mapping[str, float]) -> FloatArray:
    """A viewer's four numbers for one metric: value, denominator, value before, denominator before."""

    def pair(source: Mapping[str, float]) -> tuple[float, float]:
        value = source.get(metric.numerator, 0.0)
        if metric.kind is MetricKind.SHARE:
            return float(value > 0), 1.0
        return value, source.get(metric.denominator, 0.0) if metric.kind is MetricKind.RATIO else 1.0

    return np.array([*pair(totals), *pair(before)])


@dataclass(slots=True)
class Sums:
    """Raw sums of rows (4,) and of their products (4, 4) over `n` viewers; differences of them may be added day by day."""

    n: float = 0.0
    sums: FloatArray = field(default_factory=lambda: np.zeros(4))
    products: FloatArray = field(default_factory=lambda: np.zeros((4, 4)))

    def replace(self, old: FloatArray | None, new: FloatArray) -> None:
        """A viewer's row was `old` (None: the viewer was not there) and is `new`."""
        if old is None:
            self.n += 1
            old = np.zeros(4)
        self.sums = self.sums + new - old
        self.products = self.products + np.outer(new, new) - np.outer(old, old)

    def add(self, other: Sums) -> None:
        """Both together."""
        self.n += other.n
        self.sums = self.sums + other.sums
        self.products = self.products + other.products

    def moments(self) -> Moments:
        """As moments."""
        return Moments.of_sums(self.n, self.sums.tolist(), self.products.tolist())

    def flat(self) -> list[float]:
        """21 numbers for a store."""
        return [self.n, *self.sums.tolist(), *self.products.ravel().tolist()]

    @staticmethod
    def of_flat(numbers: list[float]) -> Sums:
        """Back from the 21 numbers."""
        return Sums(numbers[0], np.array(numbers[1:5]), np.array(numbers[5:21]).reshape(4, 4))


def day_of(at: int) -> int:
    """The UTC day of a time in milliseconds."""
    return at // DAY
