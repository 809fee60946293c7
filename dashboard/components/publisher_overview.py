"""A publisher's start: how the posts stand, what needs them, what happened lately."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.post import Post, PostStatus
from dashboard.components.post_grid import post_grid, title_of
from dashboard.components.status_timeline import status_badge
from dashboard.context import clock, services
from dashboard.formatting import ago, duration, money, short_number
from dashboard.links import open_page, page_link
from dashboard.literal import literal

_LISTED = 6
_NEEDS = (PostStatus.REJECTED, PostStatus.FAILED, PostStatus.DRAFT)


def publisher_overview(account: Account) -> None:
    """Draw the overview of a brand member or creator."""
    catalog = services().catalog
    counts = catalog.counts(account)
    if not any(counts.values()):
        with st.container(border=True):
            st.markdown("**Your first post**")
            st.write(
                "Upload a clip or a picture, tag it and link the products it shows. It is checked, then viewers see it."
            )
            if st.button("Upload", key="first_upload", type="primary", icon=":material/upload:"):
                open_page("studio")
        return
    reach = catalog.reach(account)
    with st.grid(6, min_column_width=130, gap="xsmall"):
        st.metric("Live posts", counts[PostStatus.LIVE], border=True)
        checked = counts[PostStatus.SCREENING] + counts[PostStatus.IN_REVIEW] + counts[PostStatus.HELD]
        st.metric("Being checked", checked, border=True, help="Checked automatically, or waiting for a moderator.")
        st.metric(
            "Need you", sum(counts[status] for status in _NEEDS), border=True, help="Drafts, rejected and failed posts."
        )
        st.metric("Views", short_number(reach.counts.get("impression", 0)), border=True)
        st.metric(
            "Watch time", duration(round(reach.watch_seconds * 1000)) if reach.watch_seconds else "–", border=True
        )
        st.metric(
            "Sales", money(reach.revenue_minor), border=True, help="Orders after a click on a product of your posts."
        )
    left, right = st.columns([1.4, 1], gap="large")
    with left:
        st.subheader("Needs you")
        _needs(account)
    with right:
        st.subheader("Lately")
        _lately(account)
    live = catalog.find(account, statuses=[PostStatus.LIVE], limit=_LISTED).items
    if live:
        st.subheader("Newest in the feed")
        totals = catalog.totals_of(account, [post.id for post in live])
        post_grid(live, key="overview_live", now=clock(), publishers={}, totals=totals, size=150)


def _needs(account: Account) -> None:
    posts = services().catalog.find(account, statuses=_NEEDS, limit=_LISTED).items
    if not posts:
        st.caption("Nothing. Every post is on its way or live.")
    for post in sorted(posts, key=lambda post: _NEEDS.index(post.status)):
        with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
            status_badge(post.status)
            with st.container(gap=None):
                _link(post)
                st.caption(_why(account, post))


def _link(post: Post) -> None:
    if post.status is PostStatus.DRAFT:
        page_link("studio", literal(title_of(post)))
    else:
        page_link("post", literal(title_of(post)), id=post.id)


def _why(account: Account, post: Post) -> str:
    if post.status is PostStatus.REJECTED:
        outcome = services().moderation.outcome(account, post.id)
        return literal(f"{outcome.headline} {outcome.next_step}")
    if post.status is PostStatus.FAILED:
        return literal(post.problem or "Its file could not be made playable.")
    missing = services().catalog.missing(post)
    return " ".join(missing) if missing else "Ready to submit."


def _lately(account: Account) -> None:
    now = clock()
    posts = services().catalog.find(account, limit=_LISTED + 2).items
    for post in posts:
        last = post.history[-1] if post.history else None
        with st.container(gap=None):
            page_link("post", literal(title_of(post)), id=post.id)
            st.caption(
                f"{last.status.label if last else post.status.label} {ago(last.at if last else post.updated_at, now)}"
            )
