"""What a post sold: the way from seen to ordered, revenue by day, and the latest orders with their path."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.attribution import Basis, OrderPath, PostAttribution
from core.domain.ids import SECOND, Millis
from core.domain.post import Post
from dashboard import attribution_charts as charts
from dashboard.context import services
from dashboard.formatting import UNKNOWN, duration, moment, money, number, plural

BASES: Final = {
    Basis.NAMED: "bought in the slot",
    Basis.CLICK: "after a click",
    Basis.VIEW: "after a view",
    Basis.NONE: "no slot",
}


def post_sales(me: Account, post: Post) -> None:
    """Draw the funnel, the sums and the paths of one post."""
    found = services().attribution_results.post_for(me, post.id)
    seen = found.funnel.get("impression", 0)
    with st.grid(4, min_column_width=130, gap="xsmall"):
        st.metric(
            "Orders", number(found.total.orders), border=True, help="Orders of which a part is credited to this post."
        )
        st.metric("Pieces", number(found.total.items), border=True)
        st.metric("Revenue", money(found.total.revenue_minor), border=True, help="Without cancelled orders.")
        st.metric(
            "Per 1,000 views",
            money(round(found.total.revenue_minor / seen * 1_000, -2)) if seen else UNKNOWN,
            border=True,
        )
    st.plotly_chart(
        charts.funnel(found.funnel), key="post_funnel", config={"displayModeBar": False},
        alt=", ".join(f"{label}: {found.funnel.get(step, 0)}" for step, label in charts.STEPS.items()),
    )  # fmt: skip
    st.caption("Each step with its part of the step before; widths grow with the number of digits.")
    if not found.total.orders:
        st.info(
            "No order is credited to this post yet. An order goes to the last click on its product within "
            f"{_days('click')}, else to the last view within {_days('view')}.",
            icon=":material/shopping_bag:",
        )
        return
    _days_chart(found)
    _paths(me, found)


def _days(which: str) -> str:
    settings = services().settings
    days = settings.click_days if which == "click" else settings.view_days
    return plural(round(days), "day") if days >= 1 else duration(days * 86_400_000)


def _days_chart(found: PostAttribution) -> None:
    parts = [f"{number(sums.orders)} {BASES[Basis(basis)]}" for basis, sums in found.by_basis.items()]
    st.subheader("Revenue by day", anchor=False)
    st.plotly_chart(
        charts.revenue_by_day(
            [row.day for row in found.days],
            [row.revenue_minor for row in found.days],
            [row.orders for row in found.days],
        ),
        key="post_revenue",
        config={"displayModeBar": False},
        alt="Revenue of this post by day",
    )
    st.caption(f"Orders: {', '.join(parts)}. Days are UTC.")


def _paths(me: Account, found: PostAttribution) -> None:
    st.subheader("Latest orders", anchor=False)
    ids = list({product for path in found.latest for product in path.products})
    names = {id: product.name for id, product in services().shop.products(me, ids).items()}
    st.dataframe(
        [
            {
                "Ordered": moment(path.ordered_at),
                "Products": ", ".join(names.get(product, product) or "not named" for product in path.products),
                "Pieces": path.quantity,
                "Value": money(path.value_minor),
                "Steps before": _path(path),
                "Why": BASES[path.basis],
                "Slot": path.slot + 1 if path.slot is not None else None,
                "Policy": path.policy,
                "Viewer": path.who,
            }
            for path in found.latest
        ],
        hide_index=True,
        alt="The latest orders credited to this post, with the way to them",
        column_config={
            "Ordered": st.column_config.TextColumn(width=120),
            "Products": st.column_config.TextColumn(width=150),
            "Steps before": st.column_config.TextColumn(width=320, help="How long before the order each step was."),
            "Slot": st.column_config.NumberColumn(help="The place on the page, from 1."),
        },
    )


def _path(path: OrderPath) -> str:
    steps = (("seen", path.seen_at), ("clicked", path.clicked_at), ("cart", path.carted_at))
    return " → ".join(f"{name} {_before(path, at)}" for name, at in steps if at)


def _before(path: OrderPath, at: Millis) -> str:
    return duration(round((path.ordered_at - at) / SECOND) * SECOND)
