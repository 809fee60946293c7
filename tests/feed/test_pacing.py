"""Laws of pacing, under simulated traffic that the controller does not know."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.campaign import Campaign, Pacing
from core.domain.ids import DAY, HOUR, MINUTE, SECOND
from core.feed.pacing import (
    CONTROLLER,
    ENOUGH_PAGES,
    EVEN,
    Effort,
    allowance,
    ceiling,
    paced,
    planned,
    traffic_of,
    weight,
)

START = 1_795_000_000_000 // DAY * DAY
WAVE = tuple(0.25 + 1.5 * math.sin(math.pi * hour / 24) ** 2 for hour in range(24))
TRAFFIC = tuple(one / (sum(WAVE) / 24) for one in WAVE)


def campaign(**fields: object) -> Campaign:
    base: dict[str, object] = {
        "id": "c", "name": "Diwali", "publisher": "kesari", "posts": ("p",), "goal": 20_000, "starts_at": START,
        "ends_at": START + 2 * DAY,
    }  # fmt: skip
    return Campaign(**(base | fields))  # type: ignore[arg-type]


@dataclass
class Shop:
    """Feed processes and a worker: pages per second `rate(at)`; a slot is won with a chance that grows with the multiplier.

    The board is renewed every `period`, and knows what was delivered up to `lag` before.
    """

    campaign: Campaign
    rate: Callable[[int], float]
    hardness: float = 1.0
    processes: int = 3
    period: int = 20 * SECOND
    lag: int = 2 * SECOND
    traffic: tuple[float, ...] = EVEN
    seed: int = 7
    curve: list[tuple[int, int]] = field(default_factory=list)
    multipliers: list[float] = field(default_factory=list)

    def run(self, until: int | None = None) -> int:
        """Deliveries in the end; `curve` has them as of each renewal."""
        rng = np.random.default_rng(self.seed)
        own = np.zeros(self.processes, np.int64)
        effort, now, total, today = Effort(), self.campaign.starts_at, 0, 0
        slots = 2
        while now < (until or self.campaign.ends_at):
            if (now + 19_800_000) % DAY < self.period:
                today = total
            effort = paced(self.campaign, effort, total, now=now, elapsed=self.period, traffic=self.traffic)
            most = ceiling(self.campaign, effort.target or 0.0, now, before_today=today, traffic=self.traffic)
            left = np.full(self.processes, allowance(most, total, self.processes))
            chance = 1 / (1 + math.exp(-2.0 * (math.log(effort.multiplier) - math.log(self.hardness))))
            for process in range(self.processes):
                pages = rng.poisson(self.rate(now) * self.period / SECOND / self.processes)
                won = int(rng.binomial(pages * slots, chance * 0.2))
                used = min(won, int(left[process]))
                own[process] += used
                total += used
            self.curve.append((now + self.period, total))
            self.multipliers.append(effort.multiplier)
            now += self.period
        return total

    def deviation(self, skip: int = HOUR) -> float:
        """The greatest distance from the plan, as a share of the goal."""
        return max(
            abs(total - planned(self.campaign, at, self.traffic)) / self.campaign.goal
            for at, total in self.curve
            if at >= self.campaign.starts_at + skip
        )


def steady(per_second: float) -> Callable[[int], float]:
    return lambda at: per_second


def waves(per_second: float) -> Callable[[int], float]:
    return lambda at: per_second * TRAFFIC[at // HOUR % 24]


@pytest.mark.parametrize("hardness", [0.1, 1.0, 8.0])
def test_steady_traffic_delivers_the_goal_evenly_however_hard_slots_are_to_win(hardness: float) -> None:
    shop = Shop(campaign(), steady(2.0), hardness=hardness)
    assert 0.98 <= shop.run() / 20_000 <= 1.0
    assert shop.deviation() < 0.02


def test_daily_waves_are_levelled_out_by_an_even_plan() -> None:
    shop = Shop(campaign(), waves(2.0))
    assert 0.98 <= shop.run() / 20_000 <= 1.0
    assert shop.deviation() < 0.03


def test_a_plan_that_follows_traffic_follows_its_waves_with_a_steadier_hand() -> None:
    following = Shop(campaign(pacing=Pacing.TRAFFIC), waves(2.0), traffic=TRAFFIC)
    assert 0.98 <= following.run() / 20_000 <= 1.0
    assert following.deviation() < 0.02
    level = Shop(campaign(), waves(2.0))
    level.run()
    settled = 8 * HOUR // following.period
    assert np.std(np.log(following.multipliers[settled:])) < np.std(np.log(level.multipliers[settled:]))


@pytest.mark.parametrize("factor", [3.0, 1 / 3])
def test_traffic_that_changes_suddenly_is_taken_up_within_hours(factor: float) -> None:
    def rate(at: int) -> float:
        return 3.0 * (factor if at >= START + DAY else 1.0)

    shop = Shop(campaign(), rate)
    assert 0.98 <= shop.run() / 20_000 <= 1.0
    assert shop.deviation() < 0.03
    after = [one for one in shop.curve if one[0] >= START + DAY + 4 * HOUR]
    assert all(abs(total - planned(shop.campaign, at)) < 0.015 * 20_000 for at, total in after)


@settings(max_examples=25, deadline=None)
@given(
    goal=st.integers(1, 3_000),
    processes=st.integers(1, 8),
    rate=st.floats(0.01, 60),
    hardness=st.floats(0.03, 30),
    seed=st.integers(0, 99),
)
def test_the_goal_is_never_passed_by_more_than_one_delivery_per_process(
    goal: int, processes: int, rate: float, hardness: float, seed: int
) -> None:
    short = campaign(goal=goal, ends_at=START + 2 * HOUR)
    total = Shop(short, steady(rate), hardness=hardness, processes=processes, period=MINUTE, seed=seed).run()
    assert total <= goal + processes


def test_a_daily_cap_holds_every_day() -> None:
    capped = campaign(goal=9_000, ends_at=START + 3 * DAY, daily_cap=3_000)
    shop = Shop(capped, waves(20.0), processes=2)
    shop.run()
    days: dict[int, int] = {}
    before = 0
    for at, total in shop.curve:
        day = (at - shop.period + 19_800_000) // DAY
        days[day] = days.get(day, 0) + total - before
        before = total
    assert max(days.values()) <= 3_000 + 2


def test_what_cannot_be_delivered_at_night_is_not_poured_out_in_the_morning() -> None:
    def rate(at: int) -> float:
        return 0.0 if 2 * HOUR <= at % DAY < 10 * HOUR else 2.0

    shop = Shop(campaign(goal=10_000), rate)
    assert shop.run() / 10_000 > 0.98
    per_hour: dict[int, int] = {}
    before = 0
    for at, total in shop.curve:
        per_hour[at // HOUR] = per_hour.get(at // HOUR, 0) + total - before
        before = total
    usual = 10_000 / 48
    assert max(per_hour.values()) < 4.2 * usual
    assert shop.multipliers[-1] < CONTROLLER.limit


def test_the_memory_stands_still_at_a_limit_and_the_output_stays_within_it() -> None:
    effort = Effort()
    for _ in range(10_000):
        effort = CONTROLLER.step(effort, 50.0, 1.0)
    assert effort.multiplier <= CONTROLLER.limit * (1 + 1e-9)
    back = 0
    while effort.multiplier > 1 and back < 40:
        effort = CONTROLLER.step(effort, -1.0, 1.0)
        back += 1
    assert back <= 8


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), max_size=200), st.floats(0, 1e6))
def test_the_multiplier_is_always_finite_and_within_its_limits(errors: list[float], elapsed: float) -> None:
    effort = Effort()
    for error in errors:
        effort = CONTROLLER.step(effort, error, elapsed)
        assert 1 / CONTROLLER.limit * (1 - 1e-9) <= effort.multiplier <= CONTROLLER.limit * (1 + 1e-9)


@given(at=st.integers(-DAY, 4 * DAY), more=st.integers(0, DAY), follow=st.booleans())
def test_a_plan_never_falls_and_ends_at_the_goal(at: int, more: int, follow: bool) -> None:
    one = campaign(pacing=Pacing.TRAFFIC if follow else Pacing.EVEN)
    early, late = planned(one, START + at, TRAFFIC), planned(one, START + at + more, TRAFFIC)
    assert 0 <= early <= late + 1e-6 <= one.goal + 1e-5
    assert planned(one, one.starts_at, TRAFFIC) == 0
    assert planned(one, one.ends_at, TRAFFIC) == one.goal


def test_a_plan_made_anew_spreads_what_is_left_over_the_time_that_is_left() -> None:
    anew = campaign(plan_from=START + DAY, plan_base=2_000)
    assert planned(anew, START + DAY) == 2_000
    assert planned(anew, START + DAY + 12 * HOUR) == pytest.approx(11_000)


def test_traffic_is_read_from_pages_per_hour_and_even_while_little_is_known() -> None:
    assert traffic_of([(START, ENOUGH_PAGES - 1)]) == EVEN
    read = traffic_of((START + hour * HOUR, 100 * (hour % 24)) for hour in range(48))
    assert sum(read) == pytest.approx(24)
    assert read[12] == pytest.approx(2 * read[6], rel=1e-6)
    assert min(read) > 0
    assert weight(START, START + 3 * DAY, read) == pytest.approx(72)
    assert weight(START, START + 90 * MINUTE, read) == pytest.approx(read[0] + read[1] / 2)
