"""Where a post stands and why, in words for its author."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.post import Post, PostStatus
from dashboard.context import services

_DRAW = {
    PostStatus.REJECTED: (st.error, "block"),
    PostStatus.FAILED: (st.error, "error"),
    PostStatus.IN_REVIEW: (st.warning, "fact_check"),
    PostStatus.HELD: (st.warning, "pause_circle"),
    PostStatus.SCREENING: (st.info, "policy"),
    PostStatus.PROCESSING: (st.info, "movie_edit"),
}


def review_outcome(account: Account, post: Post) -> None:
    """Draw the headline, the moderator's note and what to do next; nothing for a post that is live or a draft."""
    if post.status not in _DRAW:
        return
    outcome = services().moderation.outcome(account, post.id)
    draw, icon = _DRAW[post.status]
    with st.container(gap="xsmall"):
        draw(outcome.headline, icon=f":material/{icon}:", title=outcome.reason.label if outcome.reason else None)
        if outcome.note:
            st.text(f"Note from the moderator: {outcome.note}")
        if outcome.next_step:
            st.caption(outcome.next_step)
