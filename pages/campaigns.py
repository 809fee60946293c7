"""Campaigns: posts that have so many deliveries to get, spread over a time, and how each does."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Role
from core.domain.campaign import CampaignState
from core.domain.errors import CallerError
from dashboard import access
from dashboard.components.campaign_detail import campaign_detail
from dashboard.components.campaign_draft import forget
from dashboard.components.campaign_form import campaign_form
from dashboard.components.campaign_levers import TOLD
from dashboard.components.campaign_list import campaign_list
from dashboard.components.cursor_pager import CursorPager
from dashboard.components.told import tell
from dashboard.context import services
from dashboard.links import open_page, page_link

PAGE = 20

me = access.require(Role.PRODUCT_MANAGER, Role.BRAND)
manages = me.role is not Role.BRAND
tell(TOLD)

wanted, editing = st.query_params.get("id", ""), st.query_params.get("edit", "") if manages else ""
try:
    campaign = services().campaigns.get(me, wanted or editing) if (wanted or editing) not in ("", "new") else None
except CallerError:
    st.title("No such campaign")
    st.write("It may belong to another publisher, or the address is incomplete. Choose one from the list.")
    page_link("campaigns", "All campaigns", icon=":material/arrow_back:")
    st.stop()
if editing:
    campaign_form(me, campaign)
    st.stop()
forget()
if campaign is not None:
    campaign_detail(me, campaign)
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Campaigns", width="stretch")
    if manages and st.button(
        "New campaign", key="campaign_new", type="primary", icon=":material/add:", shortcut="N"
    ):  # fmt: skip
        open_page("campaigns", edit="new")
chosen = st.segmented_control(
    "State", ["All", *(state.label for state in CampaignState)], default="All", key="campaign_state",
    bind="query-params", label_visibility="collapsed",
)  # fmt: skip
state = next((one for one in CampaignState if one.label == chosen), None)
pager = CursorPager("campaign_pages", state, labels=("Previous", "Next"))
found = services().campaigns.find(me, state=state, cursor=pager.cursor, limit=PAGE)
if found.items:
    campaign_list(me, found.items, services().catalog.publisher_names(me))
    pager.buttons(found.cursor)
elif state is not None:
    st.info(f"No campaign is in the state “{state.label}”.")
elif manages:
    st.info("No campaigns yet. Start one with **New campaign**: whose posts, how many deliveries, by when.")
else:
    st.info(
        "There is no campaign of yours yet. The shop's product manager sets campaigns up; here you see how they do."
    )
