"""What the feed sold: revenue by day, and by kind, policy, publisher or post."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.attribution import AttributionReport, Grouping
from core.domain.post import PostKind
from dashboard import attribution_charts as charts
from dashboard.context import clock, services
from dashboard.formatting import money, number, percent

_GROUPS: Final = {
    "Kind": Grouping.KIND,
    "Policy": Grouping.POLICY,
    "Publisher": Grouping.PUBLISHER,
    "Campaign": Grouping.CAMPAIGN,
    "Post": Grouping.POST,
}
_MOST: Final = 8


def sales_overview(account: Account) -> None:
    """Draw the last 28 days."""
    results, now = services().attribution_results, clock()
    by_day = results.report_for(account, by=Grouping.DAY, now=now)
    st.subheader("Sales through the feed")
    if not by_day.attributed.orders:
        st.caption("No order of the last 28 days is credited to a slot. Orders arrive through the app's events.")
        return
    orders = by_day.attributed.orders + by_day.unattributed.orders
    with st.grid(4, min_column_width=150, gap="xsmall"):
        st.metric("Revenue", money(by_day.attributed.revenue_minor), border=True)
        st.metric("Orders", number(by_day.attributed.orders), border=True)
        st.metric(
            "Average order", money(round(by_day.attributed.revenue_minor / by_day.attributed.orders, -2)), border=True
        )
        st.metric(
            "Credited to a slot", percent(by_day.attributed.orders / orders, 0), border=True,
            help="Of all orders that the app reported. The others had no click on the product in time, and no view.",
        )  # fmt: skip
    left, right = st.columns(2, gap="large")
    with left:
        st.plotly_chart(
            charts.revenue_by_day(
                [row.key for row in by_day.rows], [row.revenue_minor for row in by_day.rows],
                [row.orders for row in by_day.rows],
            ),
            key="sales_by_day", config={"displayModeBar": False}, alt="Revenue through the feed by day",
        )  # fmt: skip
        st.caption("The last 28 days (UTC), without cancelled orders.")
    with right:
        chosen = st.segmented_control("By", list(_GROUPS), default="Kind", key="sales_by") or "Kind"
        _by(account, results.report_for(account, by=_GROUPS[chosen], now=now, daily=False))


def _by(account: Account, report: AttributionReport) -> None:
    rows = sorted(report.rows, key=lambda row: -row.revenue_minor)[:_MOST]
    names = _names(account, report.by, [row.key for row in rows])
    st.plotly_chart(
        charts.revenue_by_key(
            [names.get(row.key) or row.key or "Not known" for row in rows], [row.revenue_minor for row in rows],
            [row.orders for row in rows],
        ),
        key=f"sales_by_{report.by}", config={"displayModeBar": False}, alt=f"Revenue through the feed by {report.by}",
    )  # fmt: skip
    if len(report.rows) > _MOST:
        st.caption(f"The largest {_MOST} of {number(len(report.rows))}.")


def _names(account: Account, by: Grouping, keys: list[str]) -> dict[str, str]:
    if by is Grouping.KIND:
        return {kind.value: kind.label for kind in PostKind}
    if by is Grouping.PUBLISHER:
        return services().shop.publisher_names(account, keys)
    if by is Grouping.POST:
        return {id: post.title or "Untitled" for id, post in services().catalog.several(account, keys).items()}
    return {"": "No campaign"} if by is Grouping.CAMPAIGN else {}
