"""The queue and one's own verdicts as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.moderation import Case, Severity, Verdict
from core.domain.post import Post
from core.domain.review import QueueEntry
from dashboard.components.case_clock import LOST
from dashboard.components.case_evidence import why
from dashboard.components.review_start import start_reviewing
from dashboard.context import clock, services
from dashboard.formatting import ago, local, number
from dashboard.links import media_links
from dashboard.messages import sentence

SEVERITIES: Final = {Severity.P0: "On hold", Severity.P1: "Risky", Severity.P2: "Other"}
"""What the severities are called on screen."""
_COLOURS: Final = ["red", "orange", "gray"]


def queue_counts(counts: dict[str, int]) -> None:
    """Draw how much waits and how urgent it is."""
    with st.grid(5, min_column_width=130):
        for severity, name in SEVERITIES.items():
            st.metric(name, number(counts[severity.value]), border=True)
        st.metric("Due within 30 min", number(counts["due_soon"]), border=True)
        st.metric("Overdue", number(counts["overdue"]), border=True)


def queue_table(me: Account, entries: Sequence[QueueEntry]) -> None:
    """Draw the queue, most urgent first; selecting a row takes that case."""
    now = clock()
    rows = [
        {
            "Poster": media_links(entry.post).poster or None,
            "Post": entry.post.title or "Untitled",
            "Publisher": entry.publisher_name,
            "Why": why(entry.case),
            "Urgency": [SEVERITIES[entry.case.severity]],
            "Risk": entry.case.screening.risk,
            "Submitted": ago(entry.case.created_at, now),
            "Due": local(entry.case.due_at),
            "With": entry.holder_name or ("" if entry.claimable else "Your own post"),
        }
        for entry in entries
    ]
    st.dataframe(
        pd.DataFrame(rows),
        key="queue_table",
        hide_index=True,
        row_height=56,
        height="content",
        on_select=lambda: _take(me, entries),
        selection_mode="single-row",
        alt="Cases that wait, most urgent first",
        column_config={
            "Poster": st.column_config.ImageColumn(width=56),
            "Post": st.column_config.TextColumn(width=150),
            "Publisher": st.column_config.TextColumn(width=110),
            "Why": st.column_config.ListColumn(width="medium"),
            "Urgency": st.column_config.MultiselectColumn(
                options=list(SEVERITIES.values()), color=_COLOURS, width="small"
            ),
            "Risk": st.column_config.ProgressColumn(min_value=0, max_value=1, format="%.2f", width="small"),
            "Due": st.column_config.DatetimeColumn(format="D MMM, HH:mm", width=105),
            "With": st.column_config.TextColumn(width=110),
        },
    )


def decisions_table(decisions: Sequence[tuple[Case, Post | None]]) -> None:
    """Draw one's own verdicts of today, newest first."""
    rows = [
        {
            "Poster": (media_links(post).poster if post else None) or None,
            "Post": (post.title if post else "") or "Untitled",
            "Verdict": ["Approved" if case.verdict is Verdict.APPROVE else "Rejected"],
            "Reason": case.reason.label if case.reason else "",
            "Note": case.note,
            "Now": post.status.label if post else "Gone",
            "At": local(case.decided_at or case.updated_at),
        }
        for case, post in decisions
    ]
    st.dataframe(
        pd.DataFrame(rows),
        key="decisions_table",
        hide_index=True,
        row_height=56,
        height="content",
        alt="Your verdicts of today",
        column_config={
            "Poster": st.column_config.ImageColumn(width=56),
            "Post": st.column_config.TextColumn(width="medium"),
            "Verdict": st.column_config.MultiselectColumn(
                options=["Approved", "Rejected"], color=["green", "red"], width="small"
            ),
            "At": st.column_config.DatetimeColumn(format="HH:mm:ss", width="small"),
        },
    )


def _take(me: Account, entries: Sequence[QueueEntry]) -> None:
    chosen = st.session_state["queue_table"]["selection"]["rows"]
    if not chosen or chosen[0] >= len(entries):
        return
    try:
        services().moderation.claim(me, entries[chosen[0]].case.id, now=clock())
    except CallerError as error:
        st.session_state[LOST] = sentence(error)
        return
    st.session_state["tab"] = "Review"
    start_reviewing()
