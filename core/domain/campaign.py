"""Campaigns: posts that a publisher has so many deliveries for, to be spread over a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from core.domain.errors import Conflict, InvalidInput
from core.domain.ids import DAY, HOUR, MINUTE, Millis

MAX_NAME = 120
MAX_POSTS = 100
MAX_GOAL = 100_000_000
MAX_VALUE = 10_000.0
MAX_PAGE_SHARE = 0.5
SHORTEST: Millis = HOUR
LONGEST: Millis = 92 * DAY
SHOP_DAY: Millis = 5 * HOUR + 30 * MINUTE
"""Days are counted from midnight in India: the daily cap starts anew then."""


class CampaignState(StrEnum):
    """Where a campaign is in its life. Only `RUNNING` ones take part in pages, between their start and their end."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class Pacing(StrEnum):
    """How the goal is spread over the time."""

    EVEN = "even"
    TRAFFIC = "traffic"

    @property
    def label(self) -> str:
        return "Even over time" if self is Pacing.EVEN else "As the shop's traffic goes"


_S = CampaignState
ALLOWED: dict[CampaignState, frozenset[CampaignState]] = {
    _S.DRAFT: frozenset({_S.RUNNING, _S.ENDED}),
    _S.RUNNING: frozenset({_S.PAUSED, _S.ENDED}),
    _S.PAUSED: frozenset({_S.RUNNING, _S.ENDED}),
    _S.ENDED: frozenset({_S.RUNNING, _S.PAUSED}),
}
"""An ended campaign may go on, as it was before, while there is something left to deliver and time to do it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """`goal` deliveries (slots served) of any of `posts` between `starts_at` and `ends_at`.

    `value` is the worth of one delivery in major currency units, the same unit as the margin of a product; `max_share` is the
    greatest share of what one viewer is served that may be this campaign's. `daily_cap` limits the deliveries of one day.
    The plan runs from `plan_from`, when `plan_base` had been delivered: both move when a campaign is resumed or edited, so that
    what is left is spread anew. `note` says why it ended.
    """

    id: str
    version: int = 1
    name: str
    publisher: str
    posts: tuple[str, ...]
    goal: int
    starts_at: Millis
    ends_at: Millis
    daily_cap: int | None = None
    value: float = 1.0
    max_share: float = 0.1
    pacing: Pacing = Pacing.EVEN
    state: CampaignState = CampaignState.DRAFT
    plan_from: Millis = 0
    plan_base: int = 0
    note: str = ""
    generated: bool = False
    created_by: str = ""
    created_at: Millis = 0
    updated_at: Millis = 0

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > MAX_NAME:
            raise InvalidInput("name", self.name, f"1 to {MAX_NAME} characters are needed")
        if not 1 <= len(self.posts) <= MAX_POSTS:
            raise InvalidInput("posts", len(self.posts), f"1 to {MAX_POSTS} posts are needed")
        if len(set(self.posts)) < len(self.posts):
            raise InvalidInput("posts", self.posts, "each post at most once")
        if not 1 <= self.goal <= MAX_GOAL:
            raise InvalidInput("goal", self.goal, f"1 to {MAX_GOAL:,} deliveries")
        if not SHORTEST <= self.ends_at - self.starts_at <= LONGEST:
            raise InvalidInput("ends_at", self.ends_at, "the end is 1 hour to 92 days after the start")
        if not (math.isfinite(self.value) and 0 <= self.value <= MAX_VALUE):
            raise InvalidInput("value", self.value, f"0 to {MAX_VALUE:,.0f} per delivery")
        if not (math.isfinite(self.max_share) and 0 < self.max_share <= MAX_PAGE_SHARE):
            raise InvalidInput("max_share", self.max_share, f"more than 0 and at most {MAX_PAGE_SHARE:.0%}")
        if self.daily_cap is not None and self.daily_cap < (least := self.least_cap):
            raise InvalidInput("daily_cap", self.daily_cap, f"the goal needs at least {least:,} deliveries a day")

    @property
    def least_cap(self) -> int:
        """The smallest daily cap under which an even plan can reach the goal."""
        return min(self.goal, math.ceil(self.goal * DAY / (self.ends_at - self.starts_at)))

    @property
    def anchor(self) -> Millis:
        """When the plan in force begins."""
        return max(self.starts_at, self.plan_from)

    def moved(self, state: CampaignState) -> dict[str, object]:
        """The changes that move it to `state`, for a patch. Raises Conflict if that is not possible from here."""
        if state not in ALLOWED[self.state]:
            raise Conflict(
                f"a campaign that is {self.state.label.lower()} cannot be changed to {state.label.lower()}",
                field="state",
                value=self.state.value,
            )
        return {"state": state}


def shop_day(at: Millis) -> int:
    """The number of the day that a moment belongs to, in India."""
    return (at + SHOP_DAY) // DAY
