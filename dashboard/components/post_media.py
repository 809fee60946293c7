"""A post's player, its facts and the choice of its poster."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.post import Post, PostStatus
from dashboard.components.draft_media import is_busy, media_facts, poster_choice
from dashboard.components.player import player
from dashboard.components.post_grid import title_of
from dashboard.context import clock, services
from dashboard.formatting import ago
from dashboard.links import media_links

_POLL = 2


def post_media(account: Account, post: Post, *, changeable: bool) -> None:
    """Draw the player; while the post is processed or checked the page is drawn anew when that is done."""
    if post.media is not None:
        player(media_links(post), key=f"player-{post.id}", label=title_of(post))
        st.caption(f"{media_facts(post.media)}, changed {ago(post.updated_at, clock())}")
        if changeable:
            poster_choice(account, post, key="post_poster")
    elif post.upload is None:
        st.info("No file yet. Upload one in the studio.", icon=":material/upload:")
    if is_busy(post) or post.status in (PostStatus.PROCESSING, PostStatus.SCREENING):
        st.fragment(_wait, run_every=_POLL, key="post_progress")(account, post)


def _wait(account: Account, post: Post) -> None:
    now = services().catalog.get(account, post.id)
    if (now.status, now.media) != (post.status, post.media):
        st.rerun()
    job = services().catalog.progress(account, post.id)
    if job is not None and post.media is None:
        st.progress(min(1.0, job.progress), text=f"{job.step or 'Waiting for the worker'}, {job.progress:.0%}")
    else:
        st.caption("Being checked automatically; this page follows it.")
