"""Viewers: end users of the shopping app, and the live state the feed keeps of each.

What is live is Structs of msgspec: it is read, changed and written for every page and every batch of events, in half the time that
frozen dataclasses take.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from core.domain.ids import MINUTE, Millis

RECENT = 50
REMEMBERED_EVENTS = 256
SESSION_PAUSE: Millis = 30 * MINUTE
"""A session ends when no page was asked for in this time."""


class Interaction(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One recent act that tells taste: `weight` is signed (not interested is negative). Stored as a list, in this order."""

    post: str
    kind: str
    weight: float
    at: Millis


class FeedSession(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a viewer was served without a long pause: how many slots of each kind, and the `last` kinds, newest last.

    `id` is the app's name of the session, or the request that began it.
    """

    id: str = ""
    started_at: Millis = 0
    last_at: Millis = 0
    kinds: dict[str, int] = msgspec.field(default_factory=dict)
    last: tuple[str, ...] = ()

    @property
    def slots(self) -> int:
        """How many slots were served; 0 before the first page."""
        return sum(self.kinds.values())


class ViewerState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All the feed knows of one viewer, read and written whole, newest interaction last.

    `tags` and `publishers` are decayed affinities as of `updated_at`; `applied` remembers recent events by `event_mark`, one mark
    after the other, so that a second delivery changes nothing; `seen` are the posts served last, oldest first. `decided` is when
    a like, follow or hide was last decided, by `verb:subject`, so that a late opposite changes nothing. `session` is the latest
    one. `version` is bumped by each stored change.
    """

    viewer: str
    version: int = 0
    recent: tuple[Interaction, ...] = ()
    tags: dict[str, float] = msgspec.field(default_factory=dict)
    publishers: dict[str, float] = msgspec.field(default_factory=dict)
    follows: tuple[str, ...] = ()
    liked: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    kinds_served: dict[str, int] = msgspec.field(default_factory=dict)
    applied: bytes = b""
    decided: dict[str, Millis] = msgspec.field(default_factory=dict)
    updated_at: Millis = 0
    session: FeedSession = msgspec.field(default_factory=FeedSession)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleViewer:
    """A viewer whose feed product managers look at. `likes` says in words what the demo world made them like."""

    id: str
    version: int = 1
    name: str
    segment: str = ""
    region: str = "IN"
    language: str = "en"
    likes: str = ""
    generated: bool = False
    created_at: Millis = 0
    updated_at: Millis = 0
