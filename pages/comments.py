"""Comments that wait for a moderator: held ones, reported ones, and what was decided."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Role
from core.domain.comment import CommentQueue
from dashboard import access
from dashboard.components.comment_queue import LOST, comment_queue, decisions, undo
from dashboard.context import services

me = access.require(Role.MODERATOR)

head = st.container(horizontal=True, vertical_alignment="center", gap="small")
if lost := st.session_state.pop(LOST, None):
    st.warning(lost, icon=":material/info:")
undo.draw(me)
counts = services().comment_review.counts(me)
with head:
    st.title("Comments", width="content")
    st.badge(f"{counts['held']} held", color="gray")
    if counts["urgent"]:
        st.badge(f"{counts['urgent']} urgent", icon=":material/priority_high:", color="red")
    if counts["reported"]:
        st.badge(f"{counts['reported']} reported", icon=":material/flag:", color="orange")

held, reported, mine = st.tabs(
    ["Held", "Reported", "My decisions"], key="comments_tab", on_change="rerun", bind="query-params"
)
if held.open:
    with held:
        comment_queue(me, CommentQueue.HELD)
if reported.open:
    with reported:
        comment_queue(me, CommentQueue.REPORTED)
if mine.open:
    with mine:
        decisions(me)
