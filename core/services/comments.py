"""Viewers' comments: threads under posts, screened as they come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.domain.collection import Page
from core.domain.comment import Comment
from core.domain.errors import Duplicate, InvalidInput, NotFound
from core.domain.events import MAX_ID, EventKind, ViewerEvent
from core.domain.ids import Millis, new_id
from core.domain.post import PostStatus
from core.models.contact_patterns import find_contacts
from core.models.text_matcher import default_matcher
from core.services.engagement import Engagement
from core.services.stores import Stores

MAX_COMMENT = 1_000
HELD_FROM = 2
"""A listed word of this severity, or contact details, keep a comment out of sight until somebody has looked at it."""

Screen = Callable[[str], bool]
"""Whether a text may be shown at once."""


def may_show(text: str) -> bool:
    """No listed word of severity 2 or 3, no contact details, no links."""
    return not find_contacts(text) and all(match.severity < HELD_FROM for match in default_matcher().find(text))


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment on a post and the answers to it, oldest first."""

    comment: Comment
    answers: tuple[Comment, ...]


class Comments:
    """Add and read comments. `screen` decides whether one is shown at once; if it fails, the comment is held."""

    def __init__(self, stores: Stores, engagement: Engagement, screen: Screen = may_show) -> None:
        self._comments, self._posts = stores.comments, stores.posts
        self._engagement, self._screen = engagement, screen

    def add(
        self, post: str, viewer: str, text: str, *, parent: str | None = None, id: str | None = None, now: Millis
    ) -> Comment:
        """A viewer's comment on a live post, or an answer to one. Also records the comment event.

        `id`, chosen by the app, makes sending it twice harmless. An answer to an answer joins the same thread. Raises InvalidInput
        naming `text`, `viewer`, `id` or `parent`, NotFound for a post that is not live.
        """
        text = text.strip()
        if not 1 <= len(text) <= MAX_COMMENT:
            raise InvalidInput(
                "text", text[:100], f"a comment has 1 to {MAX_COMMENT:,} characters, this one has {len(text):,}"
            )
        for field, value in (("viewer", viewer), ("id", "x" if id is None else id)):
            if not 1 <= len(value) <= MAX_ID:
                raise InvalidInput(field, value, f"1 to {MAX_ID} characters are needed")
        found = self._posts.find_one(post)
        if found is None or found.status is not PostStatus.LIVE:
            raise NotFound(f"no live post {post!r}", field="id", value=post)
        comment = Comment(
            id=id or new_id(now),
            post=post,
            viewer=viewer,
            text=text,
            parent=self._root(post, parent),
            visible=self._shown(text),
            created_at=now,
            updated_at=now,
        )
        try:
            self._comments.insert(comment)
        except Duplicate:
            held = self._comments.get(comment.id)
            if (held.post, held.viewer, held.text) != (post, viewer, text):
                raise
            comment = held
        event = ViewerEvent(
            id=f"comment:{comment.id}"[:MAX_ID], kind=EventKind.COMMENT, viewer=viewer, at=now, post=post
        )
        self._engagement.accept([event], now)
        return comment

    def threads(self, post: str, *, limit: int = 20, cursor: str | None = None) -> Page[Thread]:
        """Visible comments of a post, newest first, each with its visible answers. Raises InvalidInput, NotFound."""
        if not 1 <= limit <= 100:
            raise InvalidInput("limit", limit, "1 to 100")
        if self._posts.find_one(post) is None:
            raise NotFound(f"no post {post!r}", field="id", value=post)
        page = self._comments.find(
            {"post": post, "visible": True, "parent": None},
            order="created_at",
            descending=True,
            limit=limit,
            cursor=cursor,
        )
        roots = [comment.id for comment in page.items]
        answers: dict[str, list[Comment]] = {}
        if roots:
            where = {"post": post, "visible": True, "parent": {"in": roots}}
            for answer in self._comments.each(where, order="created_at"):
                answers.setdefault(answer.parent or "", []).append(answer)
        return Page([Thread(one, tuple(answers.get(one.id, ()))) for one in page.items], page.cursor)

    def _root(self, post: str, parent: str | None) -> str | None:
        if parent is None:
            return None
        held = self._comments.find_one(parent)
        if held is None or held.post != post or not held.visible:
            raise InvalidInput("parent", parent, "there is no such comment on this post")
        return held.parent or held.id

    def _shown(self, text: str) -> bool:
        try:
            return self._screen(text)
        except Exception:  # noqa: BLE001 - safety fails closed: a text that cannot be screened is held
            return False
