"""The review queue: take the next case, look, decide."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Role
from core.domain.moderation import Severity
from dashboard import access
from dashboard.components.case_clock import LOST
from dashboard.components.review_panel import review_panel, undo
from dashboard.components.review_start import case_in_hand, review_start
from dashboard.components.review_tables import SEVERITIES, decisions_table, queue_counts, queue_table
from dashboard.context import clock, services
from dashboard.formatting import plural

me = access.require(Role.MODERATOR)
moderation = services().moderation

head = st.container(horizontal=True, vertical_alignment="center", gap="small")
if lost := st.session_state.pop(LOST, None):
    st.warning(lost, icon=":material/info:")
undo.draw(me)
review, queue, mine = st.tabs(["Review", "Queue", "My decisions"], key="tab", on_change="rerun", bind="query-params")
case = case_in_hand(me) if review.open else None
counts = moderation.counts(me, now=clock())
with head:
    st.title("Review queue", width="content")
    st.badge(f"{counts['waiting']} waiting", color="gray")
    if counts["overdue"]:
        st.badge(f"{counts['overdue']} overdue", icon=":material/timer_off:", color="red")

if review.open:
    with review:
        if case is None:
            review_start(me, counts)
        else:
            review_panel(me, case)
if queue.open:
    with queue:
        queue_counts(counts)
        chosen = st.segmented_control(
            "Urgency", ["All", *SEVERITIES.values()], default="All", key="urgency", bind="query-params"
        )
        severity = next((s for s in Severity if SEVERITIES[s] == chosen), None)
        if entries := moderation.queue(me, now=clock(), severity=severity):
            st.caption("Select a row to take that case.")
            queue_table(me, entries)
        else:
            st.info(
                "No cases here. Posts that the automatic check is unsure about appear here.", icon=":material/inbox:"
            )
if mine.open:
    with mine:
        if decisions := moderation.decisions(me, now=clock()):
            st.caption(f"{plural(len(decisions), 'verdict')} today.")
            decisions_table(decisions)
        else:
            st.info("No verdicts today yet. Start with the Review tab.", icon=":material/gavel:")
