"""Numbers that follow from comments: counted anew from the comments themselves, so that they are right after any race."""

from __future__ import annotations

from collections.abc import Callable

from core.domain.comment import Comment, CommentState, MarkKind
from core.domain.errors import Conflict, Duplicate, Unavailable
from core.domain.ids import Millis
from core.domain.post import PostTotals
from core.services.stores import Stores

_TRIES = 64


class CommentCounts:
    """Answers per thread, likes and reports per comment, hidden comments per post.

    Each is counted after reading the document and written with its version: whoever writes last has counted last.
    """

    def __init__(self, stores: Stores) -> None:
        self._comments, self._marks, self._totals = stores.comments, stores.comment_marks, stores.post_totals

    def settle(self, comment: Comment, *, now: Millis) -> Comment:
        """Put in order what a comment's new state changes around it; returns the comment as it is stored then."""
        self._thread(comment.parent or comment.id)
        self.hidden(comment.post, now)
        return self._comments.get(comment.id)

    def likes(self, id: str) -> Comment:
        """Count the likes of a comment anew."""
        return self._counted(id, lambda comment: {"likes": self._marked(comment, MarkKind.LIKE)})

    def reports(self, id: str) -> Comment:
        """Count the reports of a comment since the last decision anew."""
        return self._counted(
            id, lambda comment: {"reports": self._marked(comment, MarkKind.REPORT, comment.decided_at or 0)}
        )

    def _marked(self, comment: Comment, kind: MarkKind, after: Millis = 0) -> int:
        return self._marks.count({"comment": comment.id, "kind": kind, "created_at": {"gt": after}})

    def _thread(self, root: str) -> None:
        def counts(comment: Comment) -> dict[str, object]:
            answers = self._comments.count({"parent": root, "visible": True})
            return {"answers": answers, "listed": comment.state is CommentState.SHOWN or answers > 0}

        self._counted(root, counts)

    def _counted(self, id: str, count: Callable[[Comment], dict[str, object]]) -> Comment:
        for _ in range(_TRIES):
            comment = self._comments.get(id)
            fresh = count(comment)
            if all(getattr(comment, name) == value for name, value in fresh.items()):
                return comment
            try:
                return self._comments.patch(id, fresh, expected_version=comment.version)
            except Conflict:
                continue
        raise Unavailable(f"comment {id} is changing too fast")

    def hidden(self, post: str, now: Millis) -> None:
        """Count the comments of a post that are out of sight anew."""
        for _ in range(_TRIES):
            held = self._totals.find_one(post)
            hidden = self._comments.count({"post": post, "visible": False})
            if hidden == (held.hidden_comments if held else 0):
                return
            try:
                if held is None:
                    self._totals.insert(PostTotals(id=post, hidden_comments=hidden, updated_at=now))
                else:
                    changes: dict[str, object] = {"hidden_comments": hidden, "updated_at": now}
                    self._totals.patch(post, changes, expected_version=held.version)
            except (Conflict, Duplicate):
                continue
            return
        raise Unavailable(f"the totals of post {post} are changing too fast")
