"""What viewers did with a post, as metrics."""

from __future__ import annotations

import streamlit as st

from core.domain.post import PostTotals
from dashboard.formatting import duration, money, percent, short_number


def post_results(totals: PostTotals) -> None:
    """Draw reach, watch time, likes, product clicks and orders since the post was made."""
    counts = totals.counts
    seen = counts.get("impression", 0)
    likes = counts.get("like", 0) - counts.get("unlike", 0)
    clicks, orders = counts.get("product_click", 0), counts.get("order", 0)

    def of_views(count: int) -> str:
        return f"{percent(count / seen)} of views" if seen else "no views yet"

    with st.grid(5, min_column_width=130, gap="xsmall"):
        st.metric("Views", short_number(seen), border=True, help="Impressions: how often it was on a viewer's screen.")
        st.metric(
            "Watch time", duration(round(totals.watch_seconds * 1000)) if totals.watch_seconds else "–", border=True,
            delta=f"{totals.watch_seconds / seen:.1f} s per view" if seen else "no views yet",
            delta_color="off", delta_arrow="off",
        )  # fmt: skip
        for label, count in (("Likes", max(0, likes)), ("Product clicks", clicks)):
            st.metric(
                label, short_number(count), delta=of_views(count), delta_color="off", delta_arrow="off", border=True
            )
        st.metric(
            "Orders", short_number(orders), border=True, delta=money(totals.revenue_minor), delta_color="off",
            delta_arrow="off", help="Orders that followed a click on a product of this post, and what they were worth.",
        )  # fmt: skip
