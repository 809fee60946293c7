"""Viewers: end users of the shopping app, and the live state the feed keeps of each."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.ids import Millis

RECENT = 50
REMEMBERED_EVENTS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One recent act that tells taste: `weight` is signed (not interested is negative)."""

    post: str
    kind: str
    weight: float
    at: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerState:
    """All the feed knows of one viewer, read and written whole, newest interaction last.

    `tags` and `publishers` are decayed affinities as of `updated_at`; `applied` remembers recent event ids so that a second
    delivery changes nothing; `seen` are the posts already served, oldest first. `decided` is when a like, follow or hide was
    last decided, by `verb:subject`, so that a late opposite changes nothing. `version` is bumped by each stored change.
    """

    viewer: str
    version: int = 0
    recent: tuple[Interaction, ...] = ()
    tags: dict[str, float] = field(default_factory=dict)
    publishers: dict[str, float] = field(default_factory=dict)
    follows: tuple[str, ...] = ()
    liked: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    kinds_served: dict[str, int] = field(default_factory=dict)
    applied: tuple[str, ...] = ()
    decided: dict[str, Millis] = field(default_factory=dict)
    updated_at: Millis = 0


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
