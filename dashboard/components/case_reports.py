"""Who reported a post and why, for its reviewer."""

from __future__ import annotations

from collections import Counter
from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.post import Post
from core.domain.report import ReportOutcome
from dashboard.context import clock, services
from dashboard.formatting import ago, plural
from dashboard.literal import literal

_SHOWN: Final = 50
_OUTCOMES: Final = {
    ReportOutcome.OPEN: "",
    ReportOutcome.UPHELD: "agreed",
    ReportOutcome.DISMISSED: "not agreed",
    ReportOutcome.OUTDATED: "before the post was changed",
    ReportOutcome.EXPIRED: "too long ago",
}


def case_reports(me: Account, post: Post) -> None:
    """Draw viewers' reports; nothing if there is none. Viewers are named by a sign that does not say who they are."""
    now = clock()
    reports = services().reports.of(me, post.id, now=now, limit=_SHOWN)
    if not reports:
        return
    st.subheader("Reports of viewers", anchor=False)
    counts = Counter(report.reason for report in reports)
    with st.container(horizontal=True, gap="xsmall"):
        for reason, count in counts.most_common():
            st.badge(f"{reason.label} {count}", color="orange")
    for report in [report for report in reports if report.note][:3]:
        st.caption(f"{report.reason.label}: {literal(report.note)}")
    with st.expander(plural(len(reports), "report"), key=f"reports-{post.id}"):
        st.dataframe(
            [
                {
                    "Viewer": report.who,
                    "Reason": report.reason.label,
                    "Note": report.note,
                    "Counts": report.weight,
                    "Outcome": _OUTCOMES[report.outcome],
                    "When": ago(report.at, now),
                }
                for report in reports
            ],
            hide_index=True,
            alt="Reports of this post, newest first",
            column_config={
                "Counts": st.column_config.NumberColumn(
                    format="%.2f",
                    help="What this report counts: more for viewers who were right before, less for others.",
                )
            },
        )
