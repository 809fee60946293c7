"""What experiments keep of viewers: totals per viewer, and sums per day that merge into moments."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.ids import Millis

PAST_DAYS = 28
"""Days before an exposure whose totals explain a viewer's habits (CUPED's pre-period)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    """One viewer's part in one experiment: the arm and phase of the first exposure, totals since, totals before.

    `arms` lists every arm the viewer was ever exposed to: more than one is a fault that the readout shows.
    """

    arm: str
    phase: int
    segment: str = ""
    since: Millis = 0
    last_day: int = 0
    totals: dict[str, float] = field(default_factory=dict)
    before: dict[str, float] = field(default_factory=dict)
    arms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerTotals:
    """A viewer's totals per UTC day (the last PAST_DAYS) and participations by experiment; `id` is the viewer's.

    `offset` is that of the last event counted in: a second delivery of it changes nothing.
    """

    id: str
    version: int = 1
    offset: int = -1
    days: dict[int, dict[str, float]] = field(default_factory=dict)
    experiments: dict[str, Participation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySums:
    """What one day added to the sums of one experiment × phase × arm × segment, from one partition of the log.

    `metrics` maps a metric's name to the 21 numbers of `core.statistics.totals.Sums`. `offset` guards against a second delivery.
    """

    id: str
    version: int = 1
    experiment: str
    phase: int
    arm: str
    segment: str
    day: int
    partition: int
    offset: int = -1
    metrics: dict[str, list[float]] = field(default_factory=dict)
    crossovers: int = 0
