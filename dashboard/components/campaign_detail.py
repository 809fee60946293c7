"""One campaign: where it stands in numbers, delivered against planned, its posts, its terms."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account, Role
from core.domain.campaign import Campaign, CampaignState
from core.services.campaign_progress import Progress
from dashboard.components.campaign_chart import delivery_chart
from dashboard.components.campaign_levers import levers, undo_campaign
from dashboard.components.campaign_list import delivery_bar, outlook, state_badges, times
from dashboard.components.post_grid import post_grid
from dashboard.context import clock, services
from dashboard.formatting import INDIA, moment, money, number, percent
from dashboard.links import page_link
from dashboard.literal import literal

_RENEW = 5
_PUSHED_UP, _HELD_BACK = 1.25, 0.8


def campaign_detail(me: Account, campaign: Campaign) -> None:
    """Draw it, with levers for those who may use them; numbers renew themselves while it runs."""
    page_link("campaigns", "All campaigns", icon=":material/arrow_back:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(literal(campaign.name), width="stretch")
        if me.role is not Role.BRAND:
            levers(me, campaign)
    if campaign.generated:
        st.caption("Generated with the demo world.")
    undo_campaign(me, campaign)
    running = campaign.state is CampaignState.RUNNING
    st.fragment(_figures, run_every=_RENEW if running else None, key="campaign_figures")(me, campaign.id)
    _terms(me, campaign)
    st.subheader("Posts")
    found = services().campaigns.posts(me, campaign)
    totals = services().catalog.totals_of(me, [post.id for post in found])
    post_grid(found, key="campaign_posts", now=clock(), publishers={}, totals=totals, size=120)


def _figures(me: Account, id: str) -> None:
    now = clock()
    campaign = services().campaigns.get(me, id)
    (progress,) = services().campaigns.progress(me, [campaign], now=now)
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badges(progress)
        st.caption(literal(times(campaign, now)), width="content")
    with st.grid(4, min_column_width=170, gap="xsmall"):
        st.metric("Delivered", number(progress.delivered), border=True, help="Slots served, counted from the log")
        st.metric("Planned by now", number(progress.planned), border=True)
        cap = f" of {number(campaign.daily_cap)}" if campaign.daily_cap else ""
        st.metric("Today", number(progress.today) + cap, border=True, help="Days begin at midnight in India")
        st.metric("Worth so far", money(progress.delivered * campaign.value * 100), border=True)
    delivery_bar(progress)
    lines = [_push(progress)]
    if progress.forecast is not None:
        lines.append(f"If it goes on as in the last hours: {outlook(progress.forecast)}.")
    st.caption(" ".join(line for line in lines if line))
    curve = services().campaigns.curve(me, campaign, now=now)
    st.plotly_chart(
        delivery_chart(curve, campaign.goal, now // 60_000 * 60_000), key="campaign_curve",
        config={"displayModeBar": False},
        alt=f"{number(progress.delivered)} delivered, {number(progress.planned)} planned by now, goal {number(campaign.goal)}",
    )  # fmt: skip
    st.caption(f"Times in {INDIA.tzname(None)}. The line across is the goal.")


def _push(progress: Progress) -> str:
    if progress.campaign.state is not CampaignState.RUNNING:
        return ""
    times_ = f"{number(progress.multiplier, 2)} times its value"
    if progress.multiplier >= _PUSHED_UP:
        return f"Pacing pushes it up: a delivery counts {times_} when pages are made."
    if progress.multiplier <= _HELD_BACK:
        return f"Pacing holds it back: a delivery counts {times_} when pages are made."
    return f"Pacing leaves it nearly as it is: a delivery counts {times_} when pages are made."


def _terms(me: Account, campaign: Campaign) -> None:
    names = services().catalog.publisher_names(me)
    with st.expander("Terms"):
        st.markdown(
            "\n".join(
                f"- {name}: **{literal(value)}**"
                for name, value in (
                    ("Publisher", names.get(campaign.publisher, campaign.publisher)),
                    ("Goal", f"{number(campaign.goal)} deliveries"),
                    ("From", moment(campaign.starts_at)),
                    ("To", moment(campaign.ends_at)),
                    ("Spread", campaign.pacing.label),
                    ("At most a day", number(campaign.daily_cap) if campaign.daily_cap else "no cap"),
                    ("Value of a delivery", money(campaign.value * 100)),
                    ("Share of what one viewer is served", f"at most {percent(campaign.max_share, 0)}"),
                    ("Plan in force since", moment(campaign.anchor)),
                )
            )
        )
