"""A publisher's start: how the posts stand, what needs them, what happened lately."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.domain.account import Account
from core.domain.ids import Millis
from core.domain.post import Post, PostStatus
from dashboard.components.post_grid import post_grid, post_tile
from dashboard.components.post_results import watch_time
from dashboard.components.status_timeline import status_colour
from dashboard.components.tiles import Tile, tiles
from dashboard.context import clock, services
from dashboard.formatting import ago, money, plural, short_number
from dashboard.links import open_page

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
    sold = services().attribution_results.publisher_total(account)
    followers = services().social.followers(account.publisher or "")
    with st.grid(7, min_column_width=130, gap="xsmall"):
        st.metric("Live posts", counts[PostStatus.LIVE], border=True)
        checked = counts[PostStatus.SCREENING] + counts[PostStatus.IN_REVIEW] + counts[PostStatus.HELD]
        st.metric("Being checked", checked, border=True, help="Checked automatically, or waiting for a moderator.")
        st.metric(
            "Need you", sum(counts[status] for status in _NEEDS), border=True, help="Drafts, rejected and failed posts."
        )
        st.metric("Views", short_number(reach.counts.get("impression", 0)), border=True)
        st.metric("Followers", short_number(followers), border=True)
        st.metric("Watch time", watch_time(reach.watch_seconds), border=True)
        st.metric(
            "Sales",
            money(sold.revenue_minor),
            border=True,
            help=f"{plural(sold.orders, 'order')} that your posts brought, by the last click or view before them.",
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
        brought = services().attribution_results.totals_of(account, [post.id for post in live])
        post_grid(live, key="overview_live", now=clock(), publishers={}, totals=totals, sold=brought, size=150)


def _needs(account: Account) -> None:
    posts = services().catalog.find(account, statuses=_NEEDS, limit=_LISTED).items
    if not posts:
        st.caption("Nothing. Every post is on its way or live.")
        return
    ordered = sorted(posts, key=lambda post: _NEEDS.index(post.status))
    tiles_of = [_row(post, _why(account, post)) for post in ordered]
    if picked := tiles(tiles_of, key="overview_needs", label="Posts that need you", layout="list"):
        draft = any(post.id == picked and post.status is PostStatus.DRAFT for post in posts)
        open_page("studio") if draft else open_page("post", id=picked)


def _row(post: Post, line: str) -> Tile:
    return replace(
        post_tile(post, now=clock()), lines=(line,), badges=((post.status.label, status_colour(post.status)),)
    )


def _why(account: Account, post: Post) -> str:
    if post.status is PostStatus.REJECTED:
        return services().moderation.outcome(account, post.id).headline
    if post.status is PostStatus.FAILED:
        return post.problem or "Its file could not be made playable."
    return " ".join(services().catalog.missing(post)) or "Ready to submit."


def _lately(account: Account) -> None:
    now = clock()
    posts = services().catalog.find(account, limit=_LISTED).items
    items = [_row(post, f"{post.status.label} {ago(_since(post), now)}") for post in posts]
    if picked := tiles(
        [replace(item, badges=()) for item in items], key="overview_lately", label="Latest changes", layout="list"
    ):
        open_page("post", id=picked)


def _since(post: Post) -> Millis:
    return post.history[-1].at if post.history else post.updated_at
