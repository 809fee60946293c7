"""What was submitted and is on its way: processed, checked, reviewed; followed live until it has arrived."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.ids import HOUR, Millis
from core.domain.job import JobState
from core.domain.post import Post, PostStatus
from dashboard.components.post_grid import title_of
from dashboard.components.status_timeline import status_badge, status_meaning
from dashboard.context import clock, services
from dashboard.links import page_link
from dashboard.literal import literal

ON_THE_WAY = (PostStatus.PROCESSING, PostStatus.SCREENING)
_SHOWN = 6
_RECENT = HOUR
_POLL = 2


def submitted_posts(account: Account, *, now: Millis) -> None:
    """Draw the panel if there is anything to follow; it looks again by itself while something is on its way."""
    latest = st.session_state.pop("studio:submitted", None)
    if latest is not None:
        st.toast("Submitted. Follow it below.", icon=":material/send:")
        st.session_state.setdefault("studio:followed", []).insert(0, latest)
    busy = any(post.status in ON_THE_WAY for post in _followed(account, now))
    st.fragment(_panel, run_every=_POLL if busy else None, key="submitted_posts")(account)


def _followed(account: Account, now: Millis) -> list[Post]:
    """Posts of this publisher that are on their way, and those submitted in this tab."""
    mine: list[str] = st.session_state.get("studio:followed", [])
    moving = services().catalog.find(account, statuses=ON_THE_WAY, limit=_SHOWN).items
    found = {post.id: post for post in moving if account.publisher is not None and now - post.updated_at < _RECENT}
    for id in mine[:_SHOWN]:
        if id not in found:
            try:
                found[id] = services().catalog.get(account, id)
            except CallerError:
                continue
    return sorted(found.values(), key=lambda post: post.updated_at, reverse=True)[:_SHOWN]


def _panel(account: Account) -> None:
    posts = _followed(account, clock())
    if not posts:
        return
    st.subheader("Submitted")
    with st.container(border=True, gap="xsmall"):
        for post in posts:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                page_link("post", literal(title_of(post)), id=post.id)
                status_badge(post.status)
                st.caption(_progress(account, post) or status_meaning(post.status))


def _progress(account: Account, post: Post) -> str:
    if post.status is not PostStatus.PROCESSING:
        return ""
    job = services().catalog.progress(account, post.id)
    if job is None or job.state is not JobState.RUNNING:
        return ""
    return f"{job.step}, {job.progress:.0%}"
