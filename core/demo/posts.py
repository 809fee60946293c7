"""The demo world's posts: what each says, shows and sells, and when it was published."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np

from core.demo.clips.brief import Brief
from core.demo.material import read
from core.demo.people import brand, publishers
from core.demo.products import items
from core.domain.account import Role
from core.domain.ids import DAY, HOUR, Millis
from core.domain.post import Post, PostKind, PostStatus, StatusChange
from core.services.audit import MACHINE

MAKER = "The demo world made this clip; nothing in it is real."
WAITING = "Its clip is being drawn. It is ready within minutes of the first start."


class Fate(StrEnum):
    """What becomes of a post once its clip is there."""

    LIVE = "live"
    REVIEW = "review"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Plan:
    """A post of the demo world before it is stored; `days` is its age when the world is filled."""

    id: str
    publisher: str
    kind: PostKind
    layout: str
    language: str
    days: float
    fate: Fate
    headline: str
    lines: tuple[str, ...]
    title: str
    caption: str
    tags: tuple[str, ...]
    products: tuple[str, ...]

    def post(self, now: Millis) -> Post:
        """The post as it is stored at first: a draft without media, with the time at which it was published."""
        made = now - round(self.days * DAY) - 3 * HOUR
        return Post(
            id=self.id,
            publisher=self.publisher,
            author=_author(self.publisher),
            kind=self.kind,
            title=self.title,
            caption=self.caption,
            tags=self.tags,
            products=self.products,
            language=self.language,
            status=PostStatus.DRAFT,
            history=(StatusChange(status=PostStatus.DRAFT, at=made, by=MACHINE, note=WAITING),),
            generated=True,
            search_text=" ".join((self.title, self.caption, *self.tags)).casefold(),
            created_at=made,
            updated_at=now,
            published_at=self.published_at(now) if self.fate in (Fate.LIVE, Fate.WITHDRAWN) else None,
        )

    def published_at(self, now: Millis) -> Millis:
        """When it went live, or would have."""
        return now - round(self.days * DAY)

    def brief(self, seed: int = 7) -> Brief:
        """What its clip is drawn from; the same seed draws the same clip."""
        names = {publisher.id: publisher.name for publisher in publishers()}
        shop = items()
        return Brief(
            publisher=names[self.publisher],
            colours=brand(self.publisher).colours,
            layout=self.layout,
            headline=self.headline,
            lines=self.lines,
            items=tuple(shop[id] for id in self.products),
            rng=np.random.default_rng((seed, zlib.crc32(self.id.encode()))),
        )


@cache
def plans() -> dict[str, Plan]:
    """All posts by id, in the order in which their clips are drawn: kinds take turns, what a moderator waits for is early."""
    unsorted = [_plan(key, entry) for key, entry in read("posts").items()]
    queues = {kind: [plan for plan in unsorted if plan.kind is kind] for kind in PostKind}
    for queue in queues.values():
        queue.sort(key=lambda plan: (plan.fate is not Fate.REVIEW, plan.days))
    ordered: list[Plan] = []
    while any(queues.values()):
        ordered += [queue.pop(0) for queue in queues.values() if queue]
    return {plan.id: plan for plan in ordered}


def _plan(key: str, entry: dict[str, object]) -> Plan:
    def words(name: str) -> tuple[str, ...]:
        return tuple(str(entry[name]).split())

    lines = entry["lines"]
    days = entry["days"]
    if not isinstance(lines, list) or not isinstance(days, int | float):
        raise TypeError(f"{key}: lines is a list and days a number")
    return Plan(
        id=f"demo-{key}",
        publisher=str(entry["by"]),
        kind=PostKind(str(entry["kind"])),
        layout=str(entry["layout"]),
        language=str(entry["language"]),
        days=float(days),
        fate=Fate(str(entry.get("state", "live"))),
        headline=str(entry["headline"]),
        lines=tuple(str(line) for line in lines),
        title=str(entry["title"]),
        caption=str(entry["caption"]),
        tags=words("tags"),
        products=words("products"),
    )


def _author(publisher: str) -> str:
    """The account that a publisher's posts belong to: the demo account if it is theirs, else the machine."""
    for key, entry in read("people")["accounts"].items():
        if entry.get("publisher") == publisher and Role(entry["role"]) in (Role.BRAND, Role.CREATOR):
            return f"demo-{key}"
    return MACHINE
