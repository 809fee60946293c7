"""One post: where it stands and why, how it does, its words, comments and history."""

from __future__ import annotations

import streamlit as st

from core.domain.account import PUBLISHING_ROLES, Role
from core.domain.attribution import Sums
from core.domain.errors import NotFound
from dashboard import access
from dashboard.components.post_actions import post_actions
from dashboard.components.post_comments import post_comments
from dashboard.components.post_details import post_audit, post_details
from dashboard.components.post_editor import post_editor
from dashboard.components.post_grid import title_of
from dashboard.components.post_media import post_media
from dashboard.components.post_results import post_results
from dashboard.components.post_sales import post_sales
from dashboard.components.review_outcome import review_outcome
from dashboard.components.status_timeline import status_badge, status_timeline
from dashboard.context import clock, services
from dashboard.links import page_link
from dashboard.literal import literal

me = access.require(*Role)
try:
    post = services().catalog.get(me, st.query_params.get("id", ""))
except NotFound:
    st.title("No such post")
    st.write("It does not exist, was deleted, or belongs to another publisher.")
    page_link("library", "Back to the library", icon=":material/arrow_back:")
    st.stop()

mine = me.role in PUBLISHING_ROLES or me.role is Role.ADMINISTRATOR
page_link("library", "Library", icon=":material/arrow_back:")
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    st.title(literal(title_of(post)), width="content", anchor=False)
    status_badge(post.status)
    st.space("stretch")
    if mine:
        post_actions(me, post)

left, right = st.columns([1, 2.2], gap="large")
with left:
    post_media(me, post, changeable=mine)
with right:
    review_outcome(me, post)
    sold = services().attribution_results.totals_of(me, [post.id]).get(post.id, Sums())
    post_results(services().catalog.totals(me, post.id), sold)
    names = [
        "Edit" if mine else "Details",
        "Sales",
        "Comments",
        "History",
        *(["Audit trail"] if me.role in (Role.MODERATOR, Role.ADMINISTRATOR) else []),
    ]
    tabs = st.tabs(names, key="post_tab", on_change="rerun", bind="query-params")
    for name, tab in zip(names, tabs, strict=True):
        if not tab.open:
            continue
        with tab:
            if name == "Edit":
                post_editor(me, post)
            elif name == "Details":
                post_details(me, post)
            elif name == "Comments":
                post_comments(me, post)
            elif name == "Sales":
                post_sales(me, post)
            elif name == "History":
                status_timeline(services().catalog.timeline(me, post.id), now=clock())
            else:
                post_audit(me, post)
