"""What waits for this account, and how its part of the house is doing."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Role
from dashboard import access
from dashboard.components.feed_health import feed_health
from dashboard.components.notices import notices
from dashboard.components.publisher_overview import publisher_overview
from dashboard.components.sales_overview import sales_overview
from dashboard.components.staff_overview import demo_progress, posts_overview, queue_overview
from dashboard.links import open_page

me = access.require(*Role)
with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Overview", width="stretch")
    if me.role in (Role.BRAND, Role.CREATOR) and st.button(
        "Upload", key="to_studio", type="primary", icon=":material/upload:", shortcut="U"
    ):
        open_page("studio")
    if me.role in (Role.PRODUCT_MANAGER, Role.ADMINISTRATOR) and st.button(
        "Feed preview", key="to_preview", type="primary", icon=":material/smartphone:", shortcut="P"
    ):
        open_page("feed_preview")

match me.role:
    case Role.BRAND | Role.CREATOR:
        publisher_overview(me)
    case Role.MODERATOR:
        queue_overview(me)
        posts_overview(me)
    case Role.PRODUCT_MANAGER:
        notices(me)
        demo_progress(me)
        feed_health(me)
        sales_overview(me)
        posts_overview(me)
    case Role.ADMINISTRATOR:
        notices(me)
        demo_progress(me)
        queue_overview(me)
        feed_health(me)
        sales_overview(me)
        posts_overview(me)
