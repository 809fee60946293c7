"""Likes and reports of comments, one of each per viewer."""

from __future__ import annotations

from core.domain.comment import Comment, CommentMark, CommentState, MarkKind, PublicComment
from core.domain.errors import Conflict, Duplicate, InvalidInput, NotFound, Unavailable
from core.domain.given_ids import check_id
from core.domain.ids import Millis, joined
from core.domain.post import PostStatus
from core.domain.report import ReportReason
from core.services.audit import Audit
from core.services.comment_counts import CommentCounts
from core.services.comment_screening import CommentScreening
from core.services.stores import Stores

_TRIES = 16


class CommentMarks:
    """What viewers do with each other's comments on live posts."""

    def __init__(self, stores: Stores, screening: CommentScreening, audit: Audit) -> None:
        self._stores, self._audit = stores, audit
        self._rules = screening.rules
        self._counts = CommentCounts(stores)

    def like(self, post: str, id: str, viewer: str, *, now: Millis) -> PublicComment:
        """Like a comment; a second time changes nothing."""
        self._shown(post, id, viewer)
        self._mark(MarkKind.LIKE, id, viewer, "", now)
        return PublicComment.of(self._counts.likes(id), reader=viewer)

    def unlike(self, post: str, id: str, viewer: str) -> PublicComment:
        """Take a like back; harmless if there is none."""
        self._shown(post, id, viewer)
        self._stores.comment_marks.delete(_id(MarkKind.LIKE, id, viewer))
        return PublicComment.of(self._counts.likes(id), reader=viewer)

    def report(self, post: str, id: str, viewer: str, reason: str = "", *, now: Millis) -> bool:
        """Report a comment to the moderators; False if this viewer has done so before, which changes nothing.

        Reports of several viewers take it out of sight until a person has looked at it. Raises InvalidInput naming `reason`.
        """
        if reason and reason not in set(ReportReason):
            raise InvalidInput("reason", reason, f"one of {', '.join(ReportReason)}")
        comment = self._shown(post, id, viewer)
        if comment.viewer == viewer:
            raise InvalidInput("viewer", viewer, "nobody reports a comment of their own; delete it instead")
        if not self._mark(MarkKind.REPORT, id, viewer, reason or ReportReason.OTHER, now):
            return False
        comment = self._counts.reports(id)
        if comment.visible and comment.reports >= self._rules.hold_at_reports:
            self._hold(comment, now)
        return True

    def _hold(self, comment: Comment, now: Millis) -> None:
        for _ in range(_TRIES):
            if not comment.visible:
                return
            changes: dict[str, object] = {
                "state": CommentState.HELD, "visible": False, "revision": comment.revision + 1, "updated_at": now,
            }  # fmt: skip
            try:
                held = self._stores.comments.patch(comment.id, changes, expected_version=comment.version)
            except Conflict:
                comment = self._stores.comments.get(comment.id)
                continue
            self._counts.settle(held, now=now)
            self._audit.record(None, "comment.hold", comment.id, now=now, post=comment.post, reports=str(held.reports))
            return
        raise Unavailable(f"comment {comment.id} is changing too fast")

    def _mark(self, kind: MarkKind, id: str, viewer: str, reason: str, now: Millis) -> bool:
        mark = CommentMark(
            id=_id(kind, id, viewer), kind=kind, comment=id, viewer=viewer, reason=reason, created_at=now
        )
        try:
            self._stores.comment_marks.insert(mark)
        except Duplicate:
            return False
        return True

    def _shown(self, post: str, id: str, viewer: str) -> Comment:
        """The comment, if others see it. Raises NotFound, InvalidInput naming `viewer`."""
        check_id("viewer", viewer)
        found, comment = self._stores.posts.find_one(post), self._stores.comments.find_one(id)
        if found is None or found.status is not PostStatus.LIVE:
            raise NotFound(f"no live post {post!r}", field="id", value=post)
        if comment is None or comment.post != post or not comment.visible:
            raise NotFound(f"no comment {id!r}", field="comment", value=id)
        return comment


def _id(kind: MarkKind, comment: str, viewer: str) -> str:
    return joined(":", kind, comment, viewer)
