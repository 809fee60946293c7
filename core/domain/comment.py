"""Viewers' comments on posts: how each stands, who marked it, and what is remembered of those who write them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.ids import DAY, HOUR, MINUTE, Millis
from core.domain.moderation import Reason, Signal
from core.domain.review import MarkedText

MAX_COMMENT = 1_000


class CommentState(StrEnum):
    """Whether others see a comment. `HELD` waits for a person, `REMOVED` was taken down by one, `DELETED` by its writer."""

    SHOWN = "shown"
    HELD = "held"
    REMOVED = "removed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A viewer's comment on a post.

    Threads have two levels, as on a phone's screen: `parent` is the first comment of the thread, `reply_to` the answer that this
    one answers. `visible` says the same as `state is SHOWN`. `listed` comments have a place in the list: shown ones, and others
    as placeholders above `answers` that are shown. `revision` moves when the words or the state change, `version` with every
    write. `likes` and `reports` count viewers; reports those since the last decision. A comment stored before states existed is
    held if it was not visible.
    """

    id: str
    version: int = 1
    post: str
    viewer: str
    text: str
    parent: str | None = None
    reply_to: str | None = None
    state: CommentState = CommentState.SHOWN
    visible: bool = True
    listed: bool = True
    answers: int = 0
    likes: int = 0
    reports: int = 0
    urgent: bool = False
    risk: float = 0.0
    signals: tuple[Signal, ...] = ()
    revision: int = 1
    reason: Reason | None = None
    note: str = ""
    decided_by: str | None = None
    decided_at: Millis | None = None
    edited_at: Millis | None = None
    created_at: Millis = 0
    updated_at: Millis = 0

    def __post_init__(self) -> None:
        if not self.visible and self.state is CommentState.SHOWN:
            object.__setattr__(self, "state", CommentState.HELD)
        elif self.visible and self.state is not CommentState.SHOWN:
            object.__setattr__(self, "visible", False)


class MarkKind(StrEnum):
    LIKE = "like"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentMark:
    """One viewer's like or report of one comment; `id` is these three, `joined`, so that it exists once."""

    id: str
    version: int = 1
    kind: MarkKind
    comment: str
    viewer: str
    reason: str = ""
    created_at: Millis = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Commenter:
    """What is remembered of a viewer who comments: when comments were removed (latest last), how many were approved."""

    id: str
    version: int = 1
    removals: tuple[Millis, ...] = ()
    approved: int = 0
    updated_at: Millis = 0

    def recent_removals(self, now: Millis, rules: CommentRules) -> int:
        """How many of the viewer's comments were removed within the rules' memory."""
        return sum(at > now - rules.memory for at in self.removals)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRules:
    """Limits for commenters. From `held_first_from` removals within `memory` on, every comment waits for a person first."""

    memory: Millis = 30 * DAY
    held_first_from: int = 2
    window: Millis = 10 * MINUTE
    per_window: int = 20
    offender_window: Millis = HOUR
    offender_per_window: int = 5
    hold_at_reports: int = 3
    """So many viewers' reports take a comment out of sight until a person has looked at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicComment:
    """A comment as the app sees it. Only the writer reads the words of one that is not shown, and why it is not."""

    id: str
    post: str
    viewer: str
    text: str
    parent: str | None
    reply_to: str | None
    state: CommentState
    visible: bool
    likes: int
    answers: int
    edited_at: Millis | None
    created_at: Millis
    updated_at: Millis
    why: str = ""

    @staticmethod
    def of(comment: Comment, *, reader: str | None = None) -> PublicComment:
        """What `reader` may see: a placeholder without words or writer for all but the writer, if it is not shown."""
        own = reader is not None and reader == comment.viewer
        open_ = comment.visible or own
        return PublicComment(
            id=comment.id,
            post=comment.post,
            viewer=comment.viewer if open_ else "",
            text=comment.text if open_ else "",
            parent=comment.parent,
            reply_to=comment.reply_to,
            state=comment.state,
            visible=comment.visible,
            likes=comment.likes,
            answers=comment.answers,
            edited_at=comment.edited_at,
            created_at=comment.created_at,
            updated_at=comment.updated_at,
            why=_why(comment) if own else "",
        )


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment and the first answers to it, oldest first; `cursor` continues them."""

    comment: PublicComment
    answers: tuple[PublicComment, ...]
    cursor: str | None = None


class CommentQueue(StrEnum):
    """What a moderator looks through: comments out of sight, and visible ones that viewers reported."""

    HELD = "held"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentView:
    """All that a reviewer needs to judge one comment.

    `reasons` counts the reports by reason; `writer` is always the same for the same viewer and says nothing of who it is.
    """

    comment: Comment
    marked: MarkedText
    post_title: str
    post_live: bool
    parent_text: str
    writer: str
    record: Commenter
    removed_lately: int
    held_first: bool
    reasons: dict[str, int]


def _why(comment: Comment) -> str:
    """The outcome in a sentence for the writer; never who decided, never raw signals."""
    if comment.state is CommentState.HELD:
        return "A person looks at this comment before others see it."
    if comment.state is CommentState.REMOVED:
        reason = f"{comment.reason.label}. " if comment.reason else ""
        return f"Removed by a moderator. {reason}{comment.note}".strip()
    return ""
