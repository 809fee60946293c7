"""What is counted of campaigns, and the board by which every feed process paces them."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.ids import Millis

BOARD = "board"
"""The id of the one board."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignTotals:
    """Deliveries of one campaign (`id`), counted from the log of served pages.

    `hours` is keyed by the first millisecond of the hour, `days` by `shop_day`. `processes` counts what each feed process has
    delivered, with the time of its last page in `active`: by it a process knows which of its own pages are counted.
    `offsets` is the last offset counted of each partition: a record that comes again is not counted again.
    """

    id: str
    version: int = 1
    delivered: int = 0
    hours: dict[str, int] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    processes: dict[str, int] = field(default_factory=dict)
    active: dict[str, Millis] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)
    updated_at: Millis = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One running campaign as feed processes need it.

    `multiplier` is what the controller makes of its `value` now, `integral` the controller's memory and `target` the deliveries
    it aims at. At most `ceiling` deliveries
    may have been made when the board is next renewed; `delivered` and `processes` are what was counted when it was made.
    """

    id: str
    name: str
    posts: tuple[str, ...]
    value: float
    max_share: float
    starts_at: Millis
    ends_at: Millis
    multiplier: float = 1.0
    integral: float = 0.0
    target: float | None = None
    delivered: int = 0
    ceiling: int = 0
    processes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignBoard:
    """All running campaigns as of `at`, made anew every few seconds.

    `processes` is how many feed processes have delivered lately; `traffic` is the shop's traffic by hour of the day (24 numbers
    with mean 1), measured at `traffic_at`.
    """

    id: str = BOARD
    version: int = 1
    at: Millis = 0
    running: tuple[Running, ...] = ()
    processes: int = 0
    traffic: tuple[float, ...] = (1.0,) * 24
    traffic_at: Millis = 0
    updated_at: Millis = 0
