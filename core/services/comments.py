"""Viewers' comments: written, changed and deleted through the app, screened as they come in, read in threads."""

from __future__ import annotations

from dataclasses import replace

from core.domain.collection import Page
from core.domain.comment import MAX_COMMENT, Comment, CommentState, PublicComment, Thread
from core.domain.errors import Conflict, Duplicate, InvalidInput, NotFound
from core.domain.events import EventKind, ViewerEvent
from core.domain.given_ids import check_id
from core.domain.ids import Millis, new_id
from core.domain.post import Post, PostStatus
from core.services.comment_counts import CommentCounts
from core.services.comment_screening import CommentScreening
from core.services.engagement import Engagement
from core.services.event_intake import is_text, own_id
from core.services.stores import Stores

MOST_THREADS = 100
FIRST_ANSWERS = 5
_TRIES = 16

__all__ = ["MAX_COMMENT", "Comments"]


class Comments:
    """What programs do with comments. A viewer changes only what the same viewer wrote; comments live with their post."""

    def __init__(self, stores: Stores, engagement: Engagement, screening: CommentScreening) -> None:
        self._comments, self._posts = stores.comments, stores.posts
        self._engagement, self._screening = engagement, screening
        self._counts = CommentCounts(stores)

    def add(
        self, post: str, viewer: str, text: str, *, parent: str | None = None, id: str | None = None, now: Millis
    ) -> PublicComment:
        """A viewer's comment on a live post, or an answer to one. Also records the comment event.

        `id`, chosen by the app, makes sending it twice harmless. An answer to an answer joins the same thread. Raises InvalidInput
        naming `text`, `viewer`, `id` or `parent`, NotFound for a post that is not live, Throttled, Duplicate.
        """
        text = _checked(text)
        check_id("viewer", viewer)
        if id is not None:
            check_id("id", id, in_path=True)
        self._live(post)
        comment = self._sent_before(post, viewer, text, id) or self._insert(post, viewer, text, parent, id, now)
        self._counts.settle(comment, now=now)
        event = ViewerEvent(id=own_id("comment", comment.id), kind=EventKind.COMMENT, viewer=viewer, at=now, post=post)
        self._engagement.accept([event], now)
        return PublicComment.of(comment, reader=viewer)

    def edit(self, post: str, id: str, viewer: str, text: str, *, now: Millis) -> PublicComment:
        """Other words for one's own comment; they are screened again. Raises Conflict once a moderator removed it."""
        text = _checked(text)
        self._live(post)
        self._screening.check_pace(viewer, now=now)
        screened = self._screening.screen(text, viewer, now=now)
        comment = self._own(post, id, viewer)
        for _ in range(_TRIES):
            if comment.state in (CommentState.REMOVED, CommentState.DELETED):
                raise Conflict(f"this comment was {comment.state.value}; it cannot be changed any more")
            if comment.text == text:
                return PublicComment.of(comment, reader=viewer)
            changes = (screened if self._may_show(comment) else replace(screened, state=CommentState.HELD)).changes() | {
                "text": text, "revision": comment.revision + 1, "edited_at": now, "updated_at": now,
                "decided_by": None, "decided_at": comment.decided_at, "reason": None, "note": "",
            }  # fmt: skip
            try:
                changed = self._comments.patch(id, changes, expected_version=comment.version)
            except Conflict:
                comment = self._own(post, id, viewer)
                continue
            return PublicComment.of(self._counts.settle(changed, now=now), reader=viewer)
        raise Conflict("this comment keeps changing; try again")

    def _may_show(self, comment: Comment) -> bool:
        """Whether other words bring it back: not if reports hold it, which only a person decides."""
        return comment.state is not CommentState.HELD or comment.reports < self._screening.rules.hold_at_reports

    def delete(self, post: str, id: str, viewer: str, *, now: Millis) -> None:
        """Take one's own comment away with its words; answers to it stay under a placeholder. Harmless when done twice."""
        comment = self._own(post, id, viewer)
        for _ in range(_TRIES):
            if comment.state is CommentState.DELETED:
                return
            gone: dict[str, object] = {
                "state": CommentState.DELETED, "visible": False, "text": "", "signals": [], "urgent": False,
                "revision": comment.revision + 1, "updated_at": now,
            }  # fmt: skip
            try:
                changed = self._comments.patch(id, gone, expected_version=comment.version)
            except Conflict:
                comment = self._own(post, id, viewer)
                continue
            self._counts.settle(changed, now=now)
            return
        raise Conflict("this comment keeps changing; try again")

    def get(self, post: str, id: str, *, reader: str | None = None) -> PublicComment:
        """One comment of a live post; one that is not shown only for its writer. Raises NotFound."""
        self._live(post)
        comment = self._of(post, id)
        if not comment.visible and reader != comment.viewer:
            raise NotFound(f"no comment {id!r}", field="comment", value=id)
        return PublicComment.of(comment, reader=reader)

    def of_viewer(self, viewer: str, *, limit: int = 20, cursor: str | None = None) -> Page[PublicComment]:
        """All comments that a viewer wrote and did not delete, newest first, with what became of each."""
        where: dict[str, object] = {"viewer": viewer, "state": {"ne": CommentState.DELETED}}
        page = self._page(where, limit, cursor)
        return Page([PublicComment.of(comment, reader=viewer) for comment in page.items], page.cursor)

    def threads(
        self, post: str, *, limit: int = 20, cursor: str | None = None, reader: str | None = None
    ) -> Page[Thread]:
        """Threads of a live post, newest first, each with its first answers, oldest first.

        A comment that is not shown leaves a placeholder as long as it has answers. Raises InvalidInput, NotFound.
        """
        self._live(post)
        page = self._page({"post": post, "parent": None, "listed": True}, limit, cursor)
        return Page([self._thread(comment, reader) for comment in page.items], page.cursor)

    def answers(
        self, post: str, id: str, *, limit: int = 20, cursor: str | None = None, reader: str | None = None
    ) -> Page[PublicComment]:
        """The answers in one thread, oldest first. Raises InvalidInput, NotFound."""
        self._live(post)
        if not self._of(post, id).listed:
            raise NotFound(f"no comment {id!r}", field="comment", value=id)
        page = self._page({"parent": id, "visible": True}, limit, cursor, descending=False)
        return Page([PublicComment.of(comment, reader=reader) for comment in page.items], page.cursor)

    def _thread(self, comment: Comment, reader: str | None) -> Thread:
        shown = PublicComment.of(comment, reader=reader)
        if not comment.answers:
            return Thread(shown, ())
        page = self._page({"parent": comment.id, "visible": True}, FIRST_ANSWERS, None, descending=False)
        return Thread(shown, tuple(PublicComment.of(answer, reader=reader) for answer in page.items), page.cursor)

    def _page(
        self, where: dict[str, object], limit: int, cursor: str | None, *, descending: bool = True
    ) -> Page[Comment]:
        if not 1 <= limit <= MOST_THREADS:
            raise InvalidInput("limit", limit, f"1 to {MOST_THREADS}")
        return self._comments.find(where, order="created_at", descending=descending, limit=limit, cursor=cursor)

    def _insert(self, post: str, viewer: str, text: str, parent: str | None, id: str | None, now: Millis) -> Comment:
        root, reply_to = self._placed(post, parent)
        self._screening.check_pace(viewer, now=now)
        screened = self._screening.screen(text, viewer, now=now)
        comment = Comment(
            id=id or new_id(now), post=post, viewer=viewer, text=text, parent=root, reply_to=reply_to,
            state=screened.state, visible=screened.state is CommentState.SHOWN, urgent=screened.urgent,
            risk=screened.risk, signals=screened.signals, created_at=now, updated_at=now,
        )  # fmt: skip
        try:
            return self._comments.insert(comment)
        except Duplicate:
            if (held := self._sent_before(post, viewer, text, id)) is None:
                raise
            return held

    def _sent_before(self, post: str, viewer: str, text: str, id: str | None) -> Comment | None:
        """The comment that this app sent before under this id. Raises Duplicate if it was another one."""
        held = self._comments.find_one(id) if id is not None else None
        if held is None:
            return None
        if (held.post, held.viewer) != (post, viewer) or (held.text != text and held.edited_at is None):
            raise Duplicate(f"there is another comment with the id {id!r}", field="id", value=id)
        return held

    def _placed(self, post: str, parent: str | None) -> tuple[str | None, str | None]:
        """The first comment of the thread that an answer joins, and the answer it answers."""
        if parent is None:
            return None, None
        held = self._comments.find_one(parent)
        if held is None or held.post != post or not held.visible:
            raise InvalidInput("parent", parent, "there is no such comment on this post")
        return (held.id, None) if held.parent is None else (held.parent, held.id)

    def _live(self, post: str) -> Post:
        found = self._posts.find_one(post)
        if found is None or found.status is not PostStatus.LIVE:
            raise NotFound(f"no live post {post!r}", field="id", value=post)
        return found

    def _of(self, post: str, id: str) -> Comment:
        comment = self._comments.find_one(id)
        if comment is None or comment.post != post:
            raise NotFound(f"no comment {id!r}", field="comment", value=id)
        return comment

    def _own(self, post: str, id: str, viewer: str) -> Comment:
        """The viewer's own comment. Somebody else's does not exist for a change."""
        comment = self._of(post, id)
        if comment.viewer != viewer:
            raise NotFound(f"no comment {id!r} of this viewer", field="comment", value=id)
        return comment


def _checked(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= MAX_COMMENT:
        raise InvalidInput(
            "text", text[:100], f"a comment has 1 to {MAX_COMMENT:,} characters, this one has {len(text):,}"
        )
    if not is_text(text):
        raise InvalidInput("text", ascii(text[:20]), "this is half of a character pair, not text")
    return text
