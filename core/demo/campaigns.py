"""The demo world's campaigns: one that keeps its plan, one that has to catch up; both began days before the world was filled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from core.demo.behaviour import Visit
from core.demo.posts import Fate, plans
from core.domain.campaign import Campaign, CampaignState
from core.domain.ids import DAY, HOUR, Millis

LEAST_GOAL = 60


@dataclass(frozen=True, slots=True)
class Story:
    """A campaign for all live posts of a publisher. `demand` is its goal as a multiple of what its pace so far would bring."""

    key: str
    name: str
    publisher: str
    begun: int
    days: int
    demand: float
    value: float
    max_share: float


STORIES = (
    Story("handloom", "Festive handlooms", "chandori-looms", begun=6, days=14, demand=1.0, value=4.0, max_share=0.2),
    Story("copper", "Copper for the kitchen", "tambavali", begun=5, days=12, demand=1.3, value=2.5, max_share=0.25),
)


def posts_of(story: Story) -> tuple[str, ...]:
    """The posts that the campaign is for."""
    return tuple(plan.id for plan in plans().values() if plan.publisher == story.publisher and plan.fate is Fate.LIVE)


def sponsor(post: str, at: Millis, now: Millis) -> str:
    """The campaign that a slot of the simulated past belongs to; "" for none."""
    plan = plans()[post]
    for story in STORIES:
        if plan.publisher == story.publisher and plan.fate is Fate.LIVE and _start(story, now) <= at < now:
            return f"demo-{story.key}"
    return ""


def campaigns(visits: Iterable[Visit], now: Millis) -> list[Campaign]:
    """Both, with goals that fit what the simulated past has delivered of them."""
    delivered = Counter(sponsor(post, visit.at, now) for visit in visits for post in visit.posts)
    made = []
    for story in STORIES:
        start = _start(story, now)
        pace = delivered[f"demo-{story.key}"] / (now - start)
        goal = max(round(pace * story.days * DAY * story.demand, -1), LEAST_GOAL)
        made.append(
            Campaign(
                id=f"demo-{story.key}",
                name=story.name,
                publisher=story.publisher,
                posts=posts_of(story),
                goal=int(goal),
                starts_at=start,
                ends_at=start + story.days * DAY,
                value=story.value,
                max_share=story.max_share,
                state=CampaignState.RUNNING,
                plan_from=start,
                generated=True,
                created_by="demo-manager",
                created_at=start - DAY,
                updated_at=now,
            )
        )
    return made


def _start(story: Story, now: Millis) -> Millis:
    return now // HOUR * HOUR - story.begun * DAY
