"""Comments of one post for people: the publisher reads what viewers read, moderators read everything."""

from __future__ import annotations

from dataclasses import replace

from core.domain.account import PUBLISHING_ROLES, Account, Role
from core.domain.collection import Page
from core.domain.comment import Comment, CommentState
from core.domain.errors import NotFound
from core.services.stores import Stores

FIRST_ANSWERS = 20


class PostComments:
    """Read only."""

    def __init__(self, stores: Stores) -> None:
        self._posts, self._comments = stores.posts, stores.comments

    def threads(
        self, actor: Account, post: str, *, limit: int = 20, cursor: str | None = None
    ) -> Page[tuple[Comment, tuple[Comment, ...]]]:
        """Threads, newest first, each with its first answers, in whatever status the post is.

        Without a moderator's eyes, comments that are not shown are placeholders without words or writer, and only where answers
        stand below them. Raises NotFound, also for another publisher's post.
        """
        actor.require(Role.BRAND, Role.CREATOR, Role.MODERATOR, Role.PRODUCT_MANAGER)
        found = self._posts.get(post)
        if actor.role in PUBLISHING_ROLES and found.publisher != actor.publisher:
            raise NotFound(f"no post {post!r}", field="id", value=post)
        everything = actor.role in (Role.MODERATOR, Role.ADMINISTRATOR)
        where: dict[str, object] = {"post": post, "parent": None} | ({} if everything else {"listed": True})
        page = self._comments.find(where, order="created_at", descending=True, limit=limit, cursor=cursor)
        return Page([(_seen(one, everything), self._answers(one, everything)) for one in page.items], page.cursor)

    def _answers(self, comment: Comment, everything: bool) -> tuple[Comment, ...]:
        if not comment.answers and not everything:
            return ()
        where: dict[str, object] = {"parent": comment.id} | ({} if everything else {"visible": True})
        answers = self._comments.find(where, order="created_at", limit=FIRST_ANSWERS).items
        return tuple(_seen(one, everything) for one in answers)


def _seen(comment: Comment, everything: bool) -> Comment:
    if everything or comment.state is CommentState.SHOWN:
        return comment
    return replace(comment, text="", viewer="", signals=(), note="")
