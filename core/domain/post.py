"""Posts: what the feed shows, and the life each of them leads."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.errors import Conflict, InvalidInput
from core.domain.ids import Millis

MAX_TITLE = 120
MAX_CAPTION = 2_200
MAX_TAGS = 12
MAX_PRODUCTS = 8


class PostKind(StrEnum):
    """What a post is for; the mix is set in these."""

    UGC = "ugc"
    PROMOTIONAL = "promotional"
    EDUCATIONAL = "educational"
    PRODUCT = "product"

    @property
    def label(self) -> str:
        return "UGC" if self is PostKind.UGC else self.value.capitalize()


class PostStatus(StrEnum):
    """Where a post is in its life. Only `LIVE` posts are ever served."""

    DRAFT = "draft"
    PROCESSING = "processing"
    SCREENING = "screening"
    IN_REVIEW = "in_review"
    HELD = "held"
    LIVE = "live"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


_S = PostStatus
ALLOWED: dict[PostStatus, frozenset[PostStatus]] = {
    _S.DRAFT: frozenset({_S.PROCESSING, _S.SCREENING, _S.FAILED, _S.WITHDRAWN}),
    _S.PROCESSING: frozenset({_S.SCREENING, _S.FAILED, _S.WITHDRAWN}),
    _S.SCREENING: frozenset({_S.LIVE, _S.IN_REVIEW, _S.HELD, _S.WITHDRAWN}),
    _S.IN_REVIEW: frozenset({_S.LIVE, _S.REJECTED, _S.HELD, _S.SCREENING, _S.WITHDRAWN}),
    _S.HELD: frozenset({_S.LIVE, _S.REJECTED, _S.IN_REVIEW, _S.SCREENING, _S.WITHDRAWN}),
    _S.LIVE: frozenset({_S.IN_REVIEW, _S.HELD, _S.REJECTED, _S.SCREENING, _S.WITHDRAWN}),
    _S.REJECTED: frozenset({_S.LIVE, _S.IN_REVIEW, _S.HELD, _S.SCREENING, _S.WITHDRAWN}),
    _S.WITHDRAWN: frozenset({_S.DRAFT, _S.SCREENING}),
    _S.FAILED: frozenset({_S.PROCESSING, _S.DRAFT, _S.WITHDRAWN}),
}
"""From each status, the statuses a post may move to. A restored post is screened again, or is a draft again if it has no media."""


class MediaKind(StrEnum):
    VIDEO = "video"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Processed media of a post. `prefix` is the object-store folder; every name below is relative to it.

    A video has `hls` (master playlist), `clip` (720p MP4 with faststart), `preview` (3 s MP4), `poster`, `posters` (candidates).
    A picture has `poster` and `clip == ""`. Sizes in pixels, duration in seconds, `bytes` of the source.
    """

    kind: MediaKind
    prefix: str
    width: int
    height: int
    duration: float = 0.0
    bytes: int = 0
    sha256: str = ""
    dhash: str = ""
    poster: str = ""
    posters: tuple[str, ...] = ()
    preview: str = ""
    clip: str = ""
    hls: str = ""
    rungs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """One line of a post's history; `note` is written for the creator to read."""

    status: PostStatus
    at: Millis
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A video or picture with its words, tags and products.

    `updated_at` moves on every stored change: feed processes follow it. `search_text` is casefolded for the library's search.
    """

    id: str
    version: int = 1
    publisher: str
    author: str
    kind: PostKind = PostKind.UGC
    title: str = ""
    caption: str = ""
    tags: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    language: str = "en"
    region: str = "IN"
    ai_generated: bool = False
    status: PostStatus = PostStatus.DRAFT
    upload: str | None = None
    media: Media | None = None
    problem: str = ""
    history: tuple[StatusChange, ...] = ()
    generated: bool = False
    search_text: str = ""
    created_at: Millis = 0
    updated_at: Millis = 0
    published_at: Millis | None = None

    def __post_init__(self) -> None:
        if len(self.title) > MAX_TITLE:
            raise InvalidInput("title", self.title, f"at most {MAX_TITLE} characters")
        if len(self.caption) > MAX_CAPTION:
            raise InvalidInput("caption", self.caption, f"at most {MAX_CAPTION:,} characters")
        if len(self.tags) > MAX_TAGS:
            raise InvalidInput("tags", self.tags, f"at most {MAX_TAGS} tags")
        if len(self.products) > MAX_PRODUCTS:
            raise InvalidInput("products", self.products, f"at most {MAX_PRODUCTS} products")
        if len(set(self.tags)) < len(self.tags) or len(set(self.products)) < len(self.products):
            raise InvalidInput("tags", self.tags + self.products, "each tag and product at most once")

    def moved(self, status: PostStatus, *, at: Millis, by: str, note: str = "") -> dict[str, object]:
        """The changes that move this post to `status`, for a patch. Raises Conflict if the move is not allowed."""
        if status not in ALLOWED[self.status]:
            raise Conflict(f"a post that is {self.status.label.lower()} cannot become {status.label.lower()}")
        line = StatusChange(status=status, at=at, by=by, note=note)
        changes: dict[str, object] = {"status": status, "history": (*self.history, line), "updated_at": at}
        if status is PostStatus.LIVE and self.published_at is None:
            changes["published_at"] = at
        return changes


@dataclass(frozen=True, slots=True, kw_only=True)
class PostTotals:
    """Counts of viewer events on one post since it was made, kept by the worker; `id` is the post's.

    `offsets` is the last offset counted of each `topic/partition`: a record that comes again is not counted again.
    `likes` are the viewers who like it now; None if it was last counted before these were told apart from events.
    `hidden_comments` counts comments that are held, removed or deleted.
    """

    id: str
    version: int = 1
    counts: dict[str, int] = field(default_factory=dict)
    watch_seconds: float = 0.0
    revenue_minor: int = 0
    likes: int | None = None
    hidden_comments: int = 0
    offsets: dict[str, int] = field(default_factory=dict)
    updated_at: Millis = 0

    @property
    def liking(self) -> int:
        """How many viewers like the post."""
        counted = self.counts.get("like", 0) - self.counts.get("unlike", 0) if self.likes is None else self.likes
        return max(0, counted)

    @property
    def shown(self) -> tuple[int, int, int]:
        """Likes, comments and shares as viewers may read them: likes taken back and comments out of sight do not count."""
        counts = self.counts
        return self.liking, max(0, counts.get("comment", 0) - self.hidden_comments), counts.get("share", 0)
