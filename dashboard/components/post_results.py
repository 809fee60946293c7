"""What viewers did with a post, as metrics."""

from __future__ import annotations

import streamlit as st

from core.domain.attribution import Sums
from core.domain.post import PostTotals
from dashboard.formatting import UNKNOWN, money, number, percent, short_number


def watch_time(seconds: float) -> str:
    """Time watched, in one unit: it stands beside counts, where precision to the minute says nothing.

    >>> watch_time(0), watch_time(95), watch_time(5_400), watch_time(3_600_000)
    ('–', '95 s', '1.5 h', '1,000 h')
    """
    if seconds < 600:
        return f"{seconds:.0f} s" if seconds else UNKNOWN
    hours = seconds / 3_600
    return f"{number(hours, 1 if hours < 100 else 0)} h"


def post_results(totals: PostTotals, sold: Sums) -> None:
    """Draw reach, watch time, likes, product clicks, and the orders credited to the post since it was made."""
    counts = totals.counts
    seen = counts.get("impression", 0)
    likes = counts.get("like", 0) - counts.get("unlike", 0)
    clicks = counts.get("product_click", 0)

    def of_views(count: int) -> str:
        return f"{percent(count / seen)} of views" if seen else "no views yet"

    with st.grid(5, min_column_width=130, gap="xsmall"):
        st.metric(
            "Views",
            short_number(seen),
            border=True,
            height="stretch",
            help="How often it was on a viewer's screen.",
        )
        st.metric(
            "Watch time", watch_time(totals.watch_seconds), border=True,
            delta=f"{totals.watch_seconds / seen:.1f} s per view" if seen else "no views yet",
            delta_color="off", delta_arrow="off",
        )  # fmt: skip
        for label, count in (("Likes", max(0, likes)), ("Product clicks", clicks)):
            st.metric(
                label, short_number(count), delta=of_views(count), delta_color="off", delta_arrow="off", border=True
            )
        st.metric(
            "Orders", short_number(sold.orders), border=True, delta=money(sold.revenue_minor), delta_color="off",
            delta_arrow="off", help="Orders that this post brought, by the last click or view before them. Sales shows the way.",
        )  # fmt: skip
