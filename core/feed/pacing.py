"""Pacing: how much of a campaign's goal should have been delivered by now, and how hard its posts are pushed towards that.

A plan is a curve of deliveries over time. A controller compares what was delivered with it and turns the campaign's business
value up or down; a ceiling, a little above the curve, stops it from running ahead whatever the controller does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from core.domain.campaign import Campaign, Pacing
from core.domain.ids import DAY, HOUR, MINUTE, Millis

Traffic = Sequence[float]
"""Traffic by UTC hour of the day: 24 numbers with mean 1."""

EVEN: tuple[float, ...] = (1.0,) * 24
LEAST_TRAFFIC = 0.05
"""No hour is planned with less than this part of the mean: a shop that was shut at night may be open tomorrow."""

HASTE = 3.0
"""How many times faster than the plan a campaign that fell behind may catch up."""

ENOUGH_PAGES = 500
"""Pages that must have been seen before hours of the day are told apart."""


def traffic_of(pages: Iterable[tuple[Millis, int]]) -> tuple[float, ...]:
    """Traffic by hour of the day from (first millisecond of an hour, pages served in it); even while too little is known."""
    sums, total = [0.0] * 24, 0
    for hour, count in pages:
        sums[hour // HOUR % 24] += count
        total += count
    if total < ENOUGH_PAGES:
        return EVEN
    floored = [max(one / total * 24, LEAST_TRAFFIC) for one in sums]
    mean = sum(floored) / 24
    return tuple(one / mean for one in floored)


def weight(start: Millis, end: Millis, traffic: Traffic) -> float:
    """Traffic from `start` to `end`, in mean hours: ∫ traffic dt / 1 h."""
    return _until(end, traffic) - _until(start, traffic)


def _until(at: Millis, traffic: Traffic) -> float:
    days, rest = divmod(at, DAY)
    hour, part = divmod(rest, HOUR)
    return float(days) * sum(traffic) + sum(traffic[:hour]) + traffic[hour % 24] * part / HOUR


def planned(campaign: Campaign, at: Millis, traffic: Traffic = EVEN) -> float:
    """Deliveries that the plan wants by `at`.

    base + (goal − base) · w(anchor, at) / w(anchor, end), where w is the weight of time: constant for an even plan, the shop's
    traffic by hour of the day otherwise. The anchor is the start, or the moment since which the plan holds.
    """
    if campaign.pacing is Pacing.EVEN:
        traffic = EVEN
    whole = weight(campaign.anchor, campaign.ends_at, traffic)
    if whole <= 0 or at >= campaign.ends_at:
        return float(campaign.goal)
    done = max(weight(campaign.anchor, at, traffic), 0.0) / whole
    return campaign.plan_base + max(campaign.goal - campaign.plan_base, 0) * done


def horizon(campaign: Campaign) -> Millis:
    """The time in which a difference from the plan is to be made up: a hundredth of the campaign, 2 minutes to 1 hour."""
    return min(max((campaign.ends_at - campaign.starts_at) // 100, 2 * MINUTE), HOUR)


def scale(campaign: Campaign) -> float:
    """What counts as one unit of error: the deliveries of one horizon at the mean rate of the plan, at least 4.

    Below 4 a single delivery would move the controller by more than chance allows to tell.
    """
    left = max(campaign.goal - campaign.plan_base, 1)
    return max(left * horizon(campaign) / max(campaign.ends_at - campaign.anchor, MINUTE), 4.0)


def target(
    campaign: Campaign, before: float | None, delivered: int, *, now: Millis, elapsed: Millis, traffic: Traffic = EVEN
) -> float:
    """The deliveries to aim at now: the plan, or, after a time in which it could not be kept, a curve that comes back to it.

    min(plan, min(`before`, delivered + scale) + haste · Δplan): the aim never runs away from what was delivered by more than one
    scale, and comes back at `HASTE` times the pace of the plan at most, so that a night without viewers is not paid back by a
    flood in the morning; faster only if the goal would be missed otherwise. `before` is the last target, None at first.
    """
    plan, near = planned(campaign, now, traffic), delivered + scale(campaign)
    if before is None:
        return min(plan, near)
    step = plan - planned(campaign, now - elapsed, traffic)
    haste = max(HASTE, 1.5 * (campaign.goal - delivered) / max(campaign.goal - plan, 1.0))
    return min(plan, min(before, near) + haste * max(step, 0.0))


def ceiling(campaign: Campaign, aim: float, now: Millis, *, before_today: int, traffic: Traffic = EVEN) -> int:
    """Deliveries that may have been made at most, all together: the target `aim` and what the plan wants in one horizon more,
    never above the goal or above the daily cap on top of what was delivered `before_today`."""
    ahead = planned(campaign, now + horizon(campaign), traffic) - planned(campaign, now, traffic)
    most = min(campaign.goal, math.ceil(aim + ahead - 1e-9))
    return most if campaign.daily_cap is None else min(most, before_today + campaign.daily_cap)


@dataclass(frozen=True, slots=True)
class Effort:
    """What is held of one campaign: the controller's output, its memory (log units), and the target in deliveries."""

    multiplier: float = 1.0
    integral: float = 0.0
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Controller:
    """A PI controller on the delivered share of the plan, in log units, so that it behaves alike for any value and any traffic.

    error e = (target − delivered) / scale, within ±`most`; v = P·e + I, within ±log `limit`; multiplier = exp(v);
    dI = Q·e·dt / horizon. Source: the discrete PI controller with conditional integration (Åström and Hägglund, *Advanced PID
    Control*, ch. 3), on the traffic control of delivered shares that pairec describes. While v is at a limit and e pushes further
    outwards, I stands still (anti-windup).

    The delivered count integrates the rate, so with a rate that answers to v with elasticity g the loop is s² + gP·s + gQ: damping
    P√g / 2√Q, at least .7 for every g above .35 with the constants below.
    """

    proportional: float = 1.5
    integrating: float = 0.4
    limit: float = 32.0
    most: float = 3.0

    def step(self, effort: Effort, error: float, elapsed: float) -> Effort:
        """The effort after `elapsed` horizons with this error."""
        bound = math.log(self.limit)
        error = min(max(error, -self.most), self.most)
        wanted = self.proportional * error + effort.integral
        held = abs(wanted) >= bound and wanted * error > 0
        integral = effort.integral if held else effort.integral + self.integrating * error * min(max(elapsed, 0.0), 1.0)
        integral = min(max(integral, -bound), bound)
        output = min(max(self.proportional * error + integral, -bound), bound)
        return Effort(math.exp(output), integral, effort.target)


CONTROLLER = Controller()


def paced(
    campaign: Campaign, effort: Effort, delivered: int, *, now: Millis, elapsed: Millis, traffic: Traffic = EVEN
) -> Effort:
    """The effort for the seconds to come; before the start it is the stated value itself."""
    if now < campaign.starts_at:
        return Effort()
    aim = target(campaign, effort.target, delivered, now=now, elapsed=elapsed, traffic=traffic)
    error = (aim - delivered) / scale(campaign)
    return CONTROLLER.step(replace(effort, target=aim), error, elapsed / horizon(campaign))


def allowance(ceiling: int, delivered: int, processes: int) -> int:
    """How many deliveries one feed process may make until it learns of the others'.

    What is left to the ceiling, divided by the processes that are known to deliver and one that may come, rounded up: all of them
    together go beyond the ceiling by less than one delivery each.
    """
    return math.ceil(max(ceiling - delivered, 0) / (processes + 1))
