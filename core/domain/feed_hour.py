"""How the feed did, hour by hour."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.ids import Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHour:
    """Counts of one hour from one partition of one topic of the event log; hours add up.

    `hour` is its first millisecond. `slots` counts served slots by kind of post, `events` viewer events by kind. `through` is the
    last offset that is counted in, so that a record that comes again counts once.
    """

    id: str
    version: int = 1
    hour: Millis
    pages: int = 0
    slots: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    through: int = -1
