"""How far a campaign has come: delivered against the plan, in a word, and where it will end if it goes on like this."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, variance

from core.domain.campaign import Campaign, CampaignState, Pacing, shop_day
from core.domain.campaign_data import CampaignBoard, CampaignTotals
from core.domain.ids import HOUR, MINUTE, Millis
from core.feed.pacing import EVEN, Traffic, planned, scale, weight

LOOK_BACK = 48
"""Hours that a forecast looks back on."""

ENOUGH_HOURS = 6
TOLERANCE = 0.03
CURVE_POINTS = 240
_NORMAL_90 = 1.645


class Pace(StrEnum):
    """Where a campaign stands against its plan."""

    DRAFT = "draft"
    WAITING = "not begun"
    BEHIND = "behind"
    ON_PACE = "on pace"
    AHEAD = "ahead"
    PAUSED = "paused"
    REACHED = "goal reached"
    MISSED = "goal not reached"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Deliveries at the end, with a 90% interval."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One campaign now; `multiplier` is what pacing makes of its value (1 when it does not run)."""

    campaign: Campaign
    pace: Pace
    delivered: int
    today: int
    planned: float
    forecast: Forecast | None
    multiplier: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Times in UTC ms with deliveries so far; `planned` runs from the start of the plan in force to the end."""

    delivered: tuple[tuple[Millis, int], ...]
    planned: tuple[tuple[Millis, float], ...]


def progress_of(campaign: Campaign, totals: CampaignTotals | None, board: CampaignBoard, *, now: Millis) -> Progress:
    """The progress as of `now`."""
    total = totals or CampaignTotals(id=campaign.id)
    plan = planned(campaign, max(now, campaign.anchor), board.traffic)
    entry = next((one for one in board.running if one.id == campaign.id), None)
    running = campaign.state is CampaignState.RUNNING
    return Progress(
        campaign=campaign,
        pace=_pace(campaign, total.delivered, plan, now),
        delivered=total.delivered,
        today=total.days.get(str(shop_day(now)), 0),
        planned=plan,
        forecast=forecast(campaign, total, board.traffic, now=now) if running else None,
        multiplier=entry.multiplier if entry and running else 1.0,
    )


def _pace(campaign: Campaign, delivered: int, plan: float, now: Millis) -> Pace:
    """On pace is within 3% of the goal of the plan, or within what chance and one horizon of pacing allow."""
    if delivered >= campaign.goal:
        return Pace.REACHED
    if campaign.state is CampaignState.DRAFT:
        return Pace.DRAFT
    if campaign.state is CampaignState.ENDED or now >= campaign.ends_at:
        return Pace.MISSED
    if campaign.state is CampaignState.PAUSED:
        return Pace.PAUSED
    if now < campaign.starts_at:
        return Pace.WAITING
    room = max(TOLERANCE * campaign.goal, 2 * math.sqrt(max(plan, 1.0)), 1.5 * scale(campaign))
    if abs(delivered - plan) <= room:
        return Pace.ON_PACE
    return Pace.AHEAD if delivered > plan else Pace.BEHIND


def forecast(campaign: Campaign, totals: CampaignTotals, traffic: Traffic, *, now: Millis) -> Forecast | None:
    """Where it will end if it goes on as in the last whole hours since the plan began; None below 6 of them.

    With rᵢ the deliveries of hour i over its weight in the plan (mean r; variance s², but at least r, as of counts; n hours;
    z = 1.645) and W the weight that is left: expected = delivered + r·W, half width z·√(s²·W²/n + s²·W): the first part is what
    is not known of the rate, the second how hours differ. Never above the goal.
    """
    traffic = EVEN if campaign.pacing is Pacing.EVEN else traffic
    last = now // HOUR * HOUR
    first = max(last - LOOK_BACK * HOUR, -(-campaign.anchor // HOUR) * HOUR)
    hours = range(first, last, HOUR)
    if len(hours) < ENOUGH_HOURS or now >= campaign.ends_at:
        return None
    rates = [totals.hours.get(str(hour), 0) / weight(hour, hour + HOUR, traffic) for hour in hours]
    left = weight(now, campaign.ends_at, traffic)
    rate = fmean(rates)
    spread = math.sqrt(max(variance(rates), rate))
    half = _NORMAL_90 * spread * math.sqrt(left * left / len(rates) + left)
    expected, least, most = totals.delivered + rate * left, float(totals.delivered), float(campaign.goal)
    return Forecast(*(min(max(one, least), most) for one in (expected, expected - half, expected + half)))


def curve_of(campaign: Campaign, totals: CampaignTotals | None, board: CampaignBoard, *, now: Millis) -> Curve:
    """Points of both curves, the planned one evenly spaced."""
    total = totals or CampaignTotals(id=campaign.id)
    sums, so_far = [(min(campaign.starts_at, now), 0)], 0
    for hour in sorted(int(key) for key in total.hours):
        so_far += total.hours[str(hour)]
        sums.append((min(max(hour + HOUR, campaign.starts_at), max(now, hour + MINUTE)), so_far))
    if campaign.state is CampaignState.RUNNING and campaign.starts_at < now < campaign.ends_at:
        sums.append((now, total.delivered))
    start, end = campaign.anchor, campaign.ends_at
    step = max((end - start) // CURVE_POINTS, MINUTE)
    times = [*range(start, end, step), end]
    return Curve(tuple(sums), tuple((at, planned(campaign, at, board.traffic)) for at in times))
