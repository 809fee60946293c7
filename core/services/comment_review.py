"""Comments that need a person: held ones, reported ones, and verdicts on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.domain.account import Account, Role
from core.domain.anonymous import Anonymous
from core.domain.collection import Page
from core.domain.comment import Comment, CommentQueue, CommentState, CommentView, MarkKind
from core.domain.errors import Conflict, InvalidInput
from core.domain.ids import DAY, SECOND, Millis
from core.domain.moderation import Reason, Verdict
from core.domain.post import Post, PostStatus
from core.domain.review import UNDO
from core.services.audit import Audit
from core.services.comment_counts import CommentCounts
from core.services.comment_screening import CommentScreening
from core.services.stores import Stores

MAX_NOTE: Final = 500
_TRIES: Final = 16


class CommentReview:
    """The moderators' side of comments. No leases: a verdict names the revision that was read, and the second one is refused."""

    def __init__(self, stores: Stores, audit: Audit, screening: CommentScreening, anonymous: Anonymous) -> None:
        self._anonymous = anonymous
        self._stores, self._audit, self._screening = stores, audit, screening
        self._comments = stores.comments
        self._counts = CommentCounts(stores)

    def queue(
        self, actor: Account, which: CommentQueue, *, now: Millis, limit: int = 20, cursor: str | None = None
    ) -> Page[CommentView]:
        """Comments that wait: held ones, urgent first and then oldest first; reported ones, most reports first."""
        actor.require(Role.MODERATOR)
        if which is CommentQueue.REPORTED:
            page = self._comments.find(
                {"visible": True, "reports": {"gt": 0}}, order="reports", descending=True, limit=limit, cursor=cursor
            )
            return Page(self._views(page.items, now), page.cursor)
        held: dict[str, object] = {"state": CommentState.HELD}
        urgent = [] if cursor else self._comments.find(held | {"urgent": True}, order="created_at", limit=limit).items
        page = self._comments.find(held | {"urgent": False}, order="created_at", limit=limit, cursor=cursor)
        return Page(self._views([*urgent, *page.items], now), page.cursor)

    def counts(self, actor: Account) -> dict[str, int]:
        """How many wait: `held`, `urgent` among them, and `reported`."""
        actor.require(Role.MODERATOR)
        return {
            "held": self._comments.count({"state": CommentState.HELD}),
            "urgent": self._comments.count({"state": CommentState.HELD, "urgent": True}),
            "reported": self._comments.count({"visible": True, "reports": {"gt": 0}}),
        }

    def decide(
        self,
        actor: Account,
        id: str,
        *,
        revision: int,
        verdict: Verdict,
        reason: Reason | None = None,
        note: str = "",
        now: Millis,
    ) -> Comment:
        """Show or remove a comment. A removal needs a reason, which its writer reads with the note.

        Raises InvalidInput, and Conflict if a colleague decided or the words changed since `revision` was read.
        """
        actor.require(Role.MODERATOR)
        note = note.strip()
        if verdict is Verdict.REJECT and reason is None:
            raise InvalidInput("reason", None, "a removal needs a reason; choose one")
        if len(note) > MAX_NOTE:
            raise InvalidInput("note", note, f"at most {MAX_NOTE} characters")
        approved = verdict is Verdict.APPROVE
        changes: dict[str, object] = {
            "state": CommentState.SHOWN if approved else CommentState.REMOVED, "visible": approved, "urgent": False,
            "reason": None if approved else reason, "note": note, "decided_by": actor.id, "decided_at": now,
            "reports": 0, "updated_at": now,
        }  # fmt: skip
        detail = {"post": self._as_read(id, revision).post, "reason": reason or "", "note": note}
        action = f"comment.{'approve' if approved else 'remove'}"
        self._audit.record_first(actor, action, id, turn=revision, now=now, **detail)
        comment = self._change(id, revision, changes)
        self._counts.settle(comment, now=now)
        self._screening.remember(comment.viewer, removed=not approved, now=now)
        return self._comments.get(id)

    def undo(self, actor: Account, id: str, *, now: Millis) -> Comment:
        """Take back one's own verdict within half a minute: the comment is held again. Raises Conflict."""
        actor.require(Role.MODERATOR)
        comment = self._comments.get(id)
        if comment.decided_by != actor.id or comment.decided_at is None:
            raise Conflict("there is no verdict of yours to undo here")
        if now - comment.decided_at > UNDO:
            raise Conflict(f"a verdict can be undone for {UNDO // SECOND} seconds; decide again instead")
        removed = comment.state is CommentState.REMOVED
        again: dict[str, object] = {
            "state": CommentState.HELD, "visible": False, "reason": None, "note": "", "decided_by": None,
            "decided_at": None, "updated_at": now,
        }  # fmt: skip
        self._audit.record_first(actor, "comment.undo", id, turn=comment.revision, now=now, post=comment.post)
        changed = self._change(id, comment.revision, again)
        self._counts.settle(changed, now=now)
        if removed:
            self._screening.remember(comment.viewer, removed=False, undone=True, now=now)
        return self._counts.reports(id)

    def decisions(self, actor: Account, *, now: Millis, limit: int = 50) -> list[Comment]:
        """This moderator's verdicts of the last day that stand, newest first."""
        actor.require(Role.MODERATOR)
        where = {"decided_by": actor.id, "decided_at": {"gte": now - DAY}}
        return self._comments.find(where, order="decided_at", descending=True, limit=limit).items

    def _as_read(self, id: str, revision: int) -> Comment:
        comment = self._comments.get(id)
        if comment.revision != revision or comment.state is CommentState.DELETED:
            raise Conflict(self._why(comment))
        return comment

    def _change(self, id: str, revision: int, changes: dict[str, object]) -> Comment:
        for _ in range(_TRIES):
            comment = self._as_read(id, revision)
            try:
                return self._comments.patch(id, changes | {"revision": revision + 1}, expected_version=comment.version)
            except Conflict:
                continue  # a like or an answer came in between; the words are still the same
        raise Conflict("this comment keeps changing; try again")

    def _why(self, comment: Comment) -> str:
        if comment.state is CommentState.DELETED:
            return "its writer has deleted this comment; take the next one"
        if comment.decided_by:
            colleague = self._stores.accounts.find_one(comment.decided_by)
            return f"{colleague.name if colleague else 'a colleague'} has decided this comment already"
        return "this comment has changed since you read it; look again and decide"

    def _views(self, comments: list[Comment], now: Millis) -> list[CommentView]:
        posts = self._stores.posts.get_many(list({comment.post for comment in comments}))
        parents = self._comments.get_many(list({one for c in comments if (one := c.reply_to or c.parent)}))
        return [self._view(comment, posts, parents, now) for comment in comments]

    def _view(
        self, comment: Comment, posts: Mapping[str, Post], parents: Mapping[str, Comment], now: Millis
    ) -> CommentView:
        post, parent = posts.get(comment.post), parents.get(comment.reply_to or comment.parent or "")
        record = self._screening.record(comment.viewer)
        removed = record.recent_removals(now, self._screening.rules)
        reasons: dict[str, int] = {}
        if comment.reports:
            where = {"comment": comment.id, "kind": MarkKind.REPORT, "created_at": {"gt": comment.decided_at or 0}}
            reasons = self._stores.comment_marks.group_counts("reason", where)
        return CommentView(
            comment=comment,
            marked=self._screening.mark(comment.text),
            post_title=(post.title if post else "") or "Untitled",
            post_live=post is not None and post.status is PostStatus.LIVE,
            parent_text=parent.text if parent else "",
            writer=self._anonymous(comment.viewer),
            record=record,
            removed_lately=removed,
            held_first=removed >= self._screening.rules.held_first_from,
            reasons=reasons,
        )
