"""What a product manager can do to a campaign: start, pause, resume, end, and take the last of these back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.campaign import Campaign, CampaignState
from core.domain.errors import CallerError, ServiceError
from core.domain.ids import MINUTE
from dashboard.components.told import tell_later
from dashboard.context import clock, services
from dashboard.links import open_page

TOLD: Final = "campaigns"
_LAST: Final = "campaign_last"
_UNDO: Final = MINUTE


def levers(me: Account, campaign: Campaign) -> None:
    """Draw the buttons that fit its state."""
    verbs, state = services().campaigns, campaign.state
    ended_early = state is CampaignState.ENDED and clock() < campaign.ends_at
    with st.container(horizontal=True, horizontal_alignment="right", width="content"):
        if state is not CampaignState.ENDED and st.button(
            "Edit", key="campaign_edit", icon=":material/edit:", shortcut="E"
        ):
            open_page("campaigns", edit=campaign.id)
        if state is CampaignState.DRAFT:
            _button("Start", campaign, lambda: verbs.start(me, campaign.id, now=clock()), "It runs from its start on")
        if state is CampaignState.RUNNING:
            _button("Pause", campaign, lambda: verbs.pause(me, campaign.id, now=clock()), "", undo="Paused")
        if state is CampaignState.PAUSED or ended_early:
            _button("Resume", campaign, lambda: verbs.resume(me, campaign.id, now=clock()), "It runs again")
        if state in (CampaignState.RUNNING, CampaignState.PAUSED):
            _button("End", campaign, lambda: verbs.end(me, campaign.id, now=clock()), "", undo="Ended")


def undo_campaign(me: Account, campaign: Campaign) -> None:
    """For a minute after a pause or an end, offer to take it back."""
    last = st.session_state.get(_LAST)
    if last is None or last[0] != campaign.id or clock() - last[2] > _UNDO or clock() >= campaign.ends_at:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/info: {last[1]}. Its posts are served without it from the next page on.")
        st.space("stretch")
        st.button(
            "Undo", key="campaign_undo", icon=":material/undo:", shortcut="U", on_click=_act,
            args=(campaign, lambda: services().campaigns.resume(me, campaign.id, now=clock()), "It runs again", ""),
        )  # fmt: skip


def _button(label: str, campaign: Campaign, act: Callable[[], object], done: str, undo: str = "") -> None:
    st.button(
        label, key=f"campaign_{label.lower()}", type="primary" if label in ("Start", "Resume") else "secondary",
        on_click=_act, args=(campaign, act, done, undo),
    )  # fmt: skip


def _act(campaign: Campaign, act: Callable[[], object], done: str, undo: str) -> None:
    st.session_state.pop(_LAST, None)
    try:
        act()
    except (CallerError, ServiceError) as error:
        tell_later(TOLD, error)
        return
    if undo:
        st.session_state[_LAST] = (campaign.id, undo, clock())
    if done:
        tell_later(TOLD, done)
