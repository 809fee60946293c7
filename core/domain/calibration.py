"""Calibration of predicted chances: what was counted per day, and the versions that the feed follows."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.ids import Millis

Cells = dict[str, dict[int, list[int]]]
"""By action and bin of log-odds: [impressions, Σ log-odds in hundredths, Σ chance in billionths, impressions with the action].
Whole numbers, so that days add up to the same sums in whatever order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationDay:
    """What was predicted and what happened in the slots of one UTC day (`day` counts from 1970) that were seen.

    `pages_from` and `events_from` are the first offsets of the log that bear on this day, so that it can be counted anew from
    there; `pages_through` and `events_through` how far the log had been read when it was counted. `share` is the share of viewers
    that were counted: 1 unless there were more pages than are kept in memory at once.
    """

    id: str
    version: int = 1
    day: int
    impressions: int = 0
    cells: Cells = field(default_factory=dict)
    share: float = 1.0
    pages_from: int = 0
    events_from: int = 0
    pages_through: int = 0
    events_through: int = 0
    updated_at: Millis = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """How far predictions are from what happened, on one set of impressions.

    `predicted` and `observed` are mean chance and rate. `error` is the expected calibration error (the mean distance of predicted
    and observed over bins, weighted by impressions), `by_chance` what perfect predictions would show on as many impressions by
    chance alone, and `debiased` the root of the mean squared distance with that chance taken out.
    """

    impressions: int
    predicted: float
    observed: float
    error: float
    by_chance: float
    debiased: float
    brier: float
    log_loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityRow:
    """One bin of the reliability table: predicted before and after calibration, observed with its 95% Wilson interval."""

    impressions: int
    before: float
    after: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCalibration:
    """One action: log-odds used = `intercept` + `slope` × log-odds predicted; on how much it rests, and what it changed.

    `before`, `after` and `rows` are of days that the fit behind `after` had not seen; None and empty without such a day.
    """

    intercept: float = 0.0
    slope: float = 1.0
    impressions: int = 0
    happened: int = 0
    before: Measures | None = None
    after: Measures | None = None
    rows: tuple[ReliabilityRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationVersion:
    """An immutable version; the one with the highest `number` is in force. `base` names the version it goes back to, if it does,
    and `why` the reason; `made_by` is the account that asked for it, "" for the machine.

    `impressions` are those of the days `since`..`until` that it was fitted on; `held_out` are the days that measure it.
    """

    id: str
    version: int = 1
    number: int
    actions: dict[str, ActionCalibration] = field(default_factory=dict)
    impressions: int = 0
    since: int = 0
    until: int = 0
    held_out: tuple[int, ...] = ()
    base: str = ""
    made_by: str = ""
    why: str = ""
    created_at: Millis = 0
    updated_at: Millis = 0
