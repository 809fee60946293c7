"""Who lives in the demo world: publishers, the five accounts, and sample viewers with a taste each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from core.demo.material import read
from core.domain.account import Account, Role
from core.domain.ids import DAY, Millis
from core.domain.post import PostKind
from core.domain.publisher import Publisher, PublisherKind
from core.domain.viewer import SampleViewer

PASSWORD = "feedroom-demo"  # noqa: S105 - printed at start; these accounts exist in the demo world only
KINDS = tuple(PostKind)


@dataclass(frozen=True, slots=True)
class Brand:
    """A publisher's colours: strong, bright, ground."""

    colours: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Taste:
    """What moves a viewer. `tags` and `kinds` are weights in -1..1; `price` 0 wants bargains, 1 does not mind.

    `activity` is sessions a day, `evening` 0 watches in the morning and 1 late.
    """

    viewer: str
    language: str
    tags: dict[str, float]
    kinds: dict[PostKind, float]
    price: float
    activity: float
    evening: float


@cache
def publishers(now: Millis = 0) -> tuple[Publisher, ...]:
    """All brands and creators."""
    return tuple(
        Publisher(
            id=key,
            name=entry["name"],
            kind=PublisherKind(entry["kind"]),
            verified=entry["verified"],
            generated=True,
            created_at=now - 90 * DAY,
            updated_at=now,
        )
        for key, entry in read("people")["publishers"].items()
    )


def brand(publisher: str) -> Brand:
    """The colours of a publisher's clips."""
    strong, bright, ground = read("people")["publishers"][publisher]["colours"]
    return Brand((strong, bright, ground))


def accounts(now: Millis, password_hash: str) -> tuple[Account, ...]:
    """The five demo accounts; one hash of the common password serves all, which keeps the start quick."""
    return tuple(
        Account(
            id=f"demo-{key}",
            email=f"{key}@demo.feedroom",
            name=entry["name"],
            role=Role(entry["role"]),
            password_hash=password_hash,
            publisher=entry.get("publisher"),
            demo=True,
            created_at=now - 60 * DAY,
            updated_at=now,
        )
        for key, entry in read("people")["accounts"].items()
    )


def viewers(now: Millis) -> tuple[SampleViewer, ...]:
    """The sample viewers."""
    return tuple(
        SampleViewer(
            id=f"viewer-{key}",
            name=entry["name"],
            segment=entry["segment"],
            region=entry["region"],
            language=entry["language"],
            likes=entry["likes"],
            generated=True,
            created_at=now - 45 * DAY,
            updated_at=now,
        )
        for key, entry in read("people")["viewers"].items()
    )


def tastes() -> tuple[Taste, ...]:
    """The tastes of the sample viewers, in their order."""
    return tuple(
        Taste(
            viewer=f"viewer-{key}",
            language=entry["language"],
            tags=dict(entry["tags"]),
            kinds=dict(zip(KINDS, entry["kinds"], strict=True)),
            price=entry["price"],
            activity=entry["activity"],
            evening=entry["evening"],
        )
        for key, entry in read("people")["viewers"].items()
    )
