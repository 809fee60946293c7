"""What staff see first: the review queue, the posts of all publishers, and the work behind the screen."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account, Role
from core.domain.job import JobKind, JobState
from core.domain.post import PostStatus
from dashboard.context import clock, services
from dashboard.formatting import number, plural
from dashboard.links import open_page, page_link

_POLL = 3


def queue_overview(account: Account) -> None:
    """Draw how many cases wait and how urgent they are."""
    counts = services().moderation.counts(account, now=clock())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Review queue", width="stretch")
        if counts["waiting"] and st.button(
            "Review the next", key="to_queue", type="primary", icon=":material/fact_check:"
        ):
            open_page("moderation")
    comments = services().comment_review.counts(account)
    with st.grid(6, min_column_width=130, gap="xsmall"):
        st.metric("Waiting", counts["waiting"], border=True)
        st.metric("Overdue", counts["overdue"], border=True, help="Past the time limit of their severity.")
        st.metric("Due within 30 min", counts["due_soon"], border=True)
        st.metric("Being reviewed", counts["leased"], border=True, help="Held by a moderator right now.")
        st.metric(
            "Most severe", counts["p0"], border=True, help="Kept out of the feed until decided; due within an hour."
        )
        st.metric("Comments", comments["held"] + comments["reported"], border=True, help="Held or reported comments.")
    if not counts["waiting"] and not counts["leased"]:
        st.caption("The queue is empty. New cases appear as posts are screened.")
    if comments["held"] or comments["reported"]:
        page_link("comments", "Decide comments", icon=":material/forum:")


def posts_overview(account: Account) -> None:
    """Draw how many posts are in each status, and the way to them."""
    counts = services().catalog.counts(account)
    st.subheader("Posts")
    with st.grid(5, min_column_width=150, gap="xsmall"):
        st.metric("Live", number(counts[PostStatus.LIVE]), border=True)
        st.metric("In review or held", number(counts[PostStatus.IN_REVIEW] + counts[PostStatus.HELD]), border=True)
        st.metric("On their way", number(counts[PostStatus.PROCESSING] + counts[PostStatus.SCREENING]), border=True)
        st.metric("Rejected", number(counts[PostStatus.REJECTED]), border=True)
        st.metric("Drafts and failed", number(counts[PostStatus.DRAFT] + counts[PostStatus.FAILED]), border=True)
    page_link("library", "Open the library", icon=":material/video_library:")


def demo_progress(account: Account) -> None:
    """Draw how far the demo world's media is, and follow it until it is complete; nothing when it is."""
    account.require(Role.PRODUCT_MANAGER)
    if _rendering()[0]:
        st.fragment(_demo_panel, run_every=_POLL, key="demo_progress")()


def _demo_panel() -> None:
    left, made, failed = _rendering()
    total = left + made + failed
    if not left:
        st.rerun()
    st.progress(
        made / max(1, total),
        text=f"The demo world's clips are being made: {made} of {total} are playable"
        + (f", {plural(failed, 'clip')} failed" if failed else "") + ".",
    )  # fmt: skip


def _rendering() -> tuple[int, int, int]:
    counts = services().jobs.counts(JobKind.RENDER_DEMO)
    left = counts.get(JobState.QUEUED, 0) + counts.get(JobState.RUNNING, 0)
    return left, counts.get(JobState.DONE, 0), counts.get(JobState.FAILED, 0)
