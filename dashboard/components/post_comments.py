"""Comments of a post as its publisher and the staff read them: threads, and what became of each."""

from __future__ import annotations

from typing import Final, Literal

import streamlit as st

from core.domain.account import Account, Role
from core.domain.comment import Comment, CommentState
from core.domain.post import Post
from dashboard.components.cursor_pager import CursorPager
from dashboard.context import clock, services
from dashboard.formatting import ago, plural
from dashboard.links import page_link
from dashboard.literal import literal

_PAGE: Final = 20
_STATES: Final[dict[CommentState, tuple[str, Literal["orange", "red", "gray"]]]] = {
    CommentState.HELD: ("Held for review", "orange"),
    CommentState.REMOVED: ("Removed", "red"),
    CommentState.DELETED: ("Deleted by its writer", "gray"),
}


def post_comments(me: Account, post: Post) -> None:
    """Draw the threads, newest first, page by page. Words that are not shown to viewers are read by moderators only."""
    pager = CursorPager(f"comments-{post.id}", labels=("Newer", "Older"))
    page = services().post_comments.threads(me, post.id, limit=_PAGE, cursor=pager.cursor)
    if me.role in (Role.MODERATOR, Role.ADMINISTRATOR):
        page_link("comments", "Comments that wait for a decision", icon=":material/forum:")
    if not page.items:
        st.caption("No comments yet. They appear here as viewers write them in the app.")
    for comment, answers in page.items:
        with st.container(border=True, gap="xsmall"):
            _one(comment)
            for answer in answers:
                with st.container(horizontal=True, gap="small", wrap=False):
                    st.space("small")
                    with st.container(gap=None):
                        _one(answer)
            if (more := comment.answers - sum(answer.visible for answer in answers)) > 0:
                st.caption(plural(more, "more answer"))
    pager.buttons(page.cursor)


def _one(comment: Comment) -> None:
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        facts = [literal(comment.viewer) or "A viewer", ago(comment.created_at, clock())]
        facts += [plural(comment.likes, "like")] if comment.likes else []
        facts += ["edited"] if comment.edited_at else []
        st.caption(", ".join(facts), width="content")
        if comment.state in _STATES:
            label, colour = _STATES[comment.state]
            st.badge(label, color=colour)
        if comment.reports:
            st.badge(f"Reported by {comment.reports}", icon=":material/flag:", color="orange")
    if comment.text:
        st.text(comment.text)
