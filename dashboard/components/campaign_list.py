"""Campaigns in a list: state, how far each has come, and whether it keeps its plan, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import streamlit as st

from core.domain.account import Account
from core.domain.campaign import Campaign, CampaignState
from core.services.campaign_progress import Forecast, Pace, Progress
from dashboard.context import clock, services
from dashboard.formatting import ago, moment, number, plural
from dashboard.links import page_link
from dashboard.literal import literal

Colour = Literal["green", "orange", "blue", "red", "gray"]
_COLOURS: Final[Mapping[Pace, Colour]] = {
    Pace.ON_PACE: "green",
    Pace.REACHED: "green",
    Pace.BEHIND: "orange",
    Pace.AHEAD: "blue",
    Pace.MISSED: "red",
}


def pace_badge(progress: Progress) -> None:
    """Where it stands, as a coloured word; the colour never says more than the word."""
    st.badge(progress.pace.value.capitalize(), color=_COLOURS.get(progress.pace, "gray"))


def state_badges(progress: Progress) -> None:
    """The state, and where it stands against its plan if that says more."""
    st.badge(progress.campaign.state.label, color="gray")
    if progress.pace not in (Pace.DRAFT, Pace.PAUSED):
        pace_badge(progress)


def delivery_bar(progress: Progress) -> None:
    """Delivered of the goal as a bar, with what the plan wants by now."""
    goal = progress.campaign.goal
    text = f"{number(progress.delivered)} of {number(goal)} delivered"
    if progress.pace in (Pace.ON_PACE, Pace.BEHIND, Pace.AHEAD, Pace.PAUSED):
        text += f", {number(progress.planned)} planned by now"
    st.progress(min(progress.delivered / goal, 1.0), text=text)


def times(campaign: Campaign, now: int) -> str:
    """When it runs, in words."""
    if campaign.state is CampaignState.ENDED:
        return campaign.note or f"Ended, {moment(campaign.ends_at)}"
    if campaign.starts_at > now:
        return f"Starts {ago(campaign.starts_at, now)}, ends {moment(campaign.ends_at)}"
    return f"Since {moment(campaign.starts_at)}, ends {ago(campaign.ends_at, now)}"


def outlook(forecast: Forecast | None) -> str:
    """Where it will end, with the interval; "" while too little is known."""
    if forecast is None:
        return ""
    return f"{number(forecast.expected)} expected at the end (90% of the time {number(forecast.low)} to {number(forecast.high)})"


def campaign_list(me: Account, campaigns: Sequence[Campaign], publishers: Mapping[str, str]) -> None:
    """Draw one card per campaign."""
    now = clock()
    for progress in services().campaigns.progress(me, campaigns, now=now):
        campaign = progress.campaign
        with st.container(border=True, key=f"campaign_{campaign.id}"):
            with st.container(horizontal=True, vertical_alignment="center"):
                page_link("campaigns", literal(campaign.name), id=campaign.id)
                state_badges(progress)
                st.space("stretch")
                st.caption(
                    literal(publishers.get(campaign.publisher, campaign.publisher))
                    + (" · generated" if campaign.generated else ""),
                    width="content",
                )
            delivery_bar(progress)
            parts = [plural(len(campaign.posts), "post"), times(campaign, now), outlook(progress.forecast)]
            st.caption(literal(" · ".join(part for part in parts if part)))
