"""What people see of moderation: matches in a text, a case as its reviewer sees it, an outcome as its creator sees it."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.ids import SECOND, Millis
from core.domain.moderation import Case, Reason
from core.domain.post import Post, PostStatus
from core.domain.product import Product
from core.domain.publisher import Publisher

UNDO: Millis = 30 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMatch:
    """A place in a text that a list or pattern names: characters `start` to `end` (exclusive) of the text as it was written."""

    start: int
    end: int
    term: str
    list: str
    severity: int
    score: float
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedText:
    """One text of a post (`field` is title, caption, tag or product) with what was found in it."""

    field: str
    text: str
    matches: tuple[TextMatch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherRecord:
    """How a publisher's posts fared: how many are live, were rejected, and how many there are; the latest rejections."""

    live: int
    rejected: int
    total: int
    latest_rejections: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """All that a reviewer needs on one screen."""

    case: Case
    post: Post
    publisher: Publisher | None
    texts: tuple[MarkedText, ...]
    products: tuple[Product, ...]
    record: PublisherRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """One line of the queue. `holder_name` is set while a colleague has the case; `claimable` says whether you may take it."""

    case: Case
    post: Post
    publisher_name: str
    priority: float
    holder_name: str = ""
    claimable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOutcome:
    """What the creator of a post is told: never who decided, never raw signals."""

    status: PostStatus
    headline: str
    reason: Reason | None = None
    note: str = ""
    next_step: str = ""
    at: Millis | None = None
