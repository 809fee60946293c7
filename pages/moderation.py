"""The review queue: take the next case, look, decide."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Role
from core.domain.moderation import Severity
from dashboard import access
from dashboard.components.case_clock import LOST
from dashboard.components.review_panel import review_panel
from dashboard.components.review_tables import SEVERITIES, decisions_table, queue_counts, queue_table
from dashboard.components.undo_bar import undo_bar
from dashboard.context import clock, services
from dashboard.formatting import plural

me = access.require(Role.MODERATOR)
moderation = services().moderation
counts = moderation.counts(me, now=clock())

with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    st.title("Review queue", width="content")
    st.badge(f"{counts['waiting']} waiting", color="gray")
    if counts["overdue"]:
        st.badge(f"{counts['overdue']} overdue", icon=":material/timer_off:", color="red")
if lost := st.session_state.pop(LOST, None):
    st.warning(lost, icon=":material/info:")
undo_bar(me)

review, queue, mine = st.tabs(["Review", "Queue", "My decisions"], key="tab", on_change="rerun", bind="query-params")
if review.open:
    with review:
        case = moderation.current(me, now=clock())
        if case is None and st.session_state.get("reviewing"):
            case = moderation.claim_next(me, now=clock())
        if case is not None:
            review_panel(me, case)
        elif counts["waiting"] and not st.session_state.get("reviewing"):
            st.write(
                f"{plural(counts['waiting'], 'post')} waiting. The most urgent comes first; you keep it for ten minutes."
            )
            if st.button(
                "Start reviewing", key="start", type="primary", icon=":material/play_arrow:", shortcut="Enter"
            ):
                st.session_state["reviewing"] = True
                st.rerun()
        else:
            st.session_state.pop("reviewing", None)
            st.success("Nothing waits for you. New cases appear here by themselves.", icon=":material/task_alt:")
            if counts["leased"] or counts["waiting"]:
                st.caption("What is left is with colleagues, was skipped by you, or is your own.")
if queue.open:
    with queue:
        queue_counts(counts)
        chosen = st.segmented_control(
            "Urgency", ["All", *SEVERITIES.values()], default="All", key="urgency", bind="query-params"
        )
        severity = next((s for s in Severity if SEVERITIES[s] == chosen), None)
        entries = moderation.queue(me, now=clock(), severity=severity)
        if entries:
            st.caption("Select a row to take that case.")
            queue_table(me, entries)
        else:
            st.info(
                "No cases here. Posts that the automatic check is unsure about appear here.", icon=":material/inbox:"
            )
if mine.open:
    with mine:
        decisions = moderation.decisions(me, now=clock())
        if decisions:
            st.caption(f"{plural(len(decisions), 'verdict')} today.")
            decisions_table(decisions)
        else:
            st.info("No verdicts today yet. Start with the Review tab.", icon=":material/gavel:")
