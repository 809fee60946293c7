"""What passes between viewers and publishers: shared posts, likes and follows."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.ids import Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPost:
    """A link that a viewer made to a post; `id` is part of the link.

    `opens` counts viewers who came by it, up to the `offsets` of their events in the log.
    """

    id: str
    version: int = 1
    post: str
    viewer: str
    channel: str = ""
    opens: int = 0
    offsets: dict[str, int] = field(default_factory=dict)
    created_at: Millis = 0
    updated_at: Millis = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """Whether a viewer follows a publisher, by the newest event on it; `id` is both, `joined`."""

    id: str
    version: int = 1
    viewer: str
    publisher: str
    following: bool
    at: Millis
    updated_at: Millis = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """Whether a viewer likes a post, by the newest event on it; `id` is `{post}:{viewer}`.

    `offset` is that of the last event counted: a second delivery of it changes nothing.
    """

    id: str
    version: int = 1
    liking: bool = False
    at: Millis = 0
    offset: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPublisher:
    """A publisher as the app shows it."""

    id: str
    name: str
    kind: str
    verified: bool
    followers: int
    posts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicShare:
    """A shared post as the app gets it: `link` opens the post in the app."""

    id: str
    post: str
    link: str
    opens: int
    created_at: Millis
