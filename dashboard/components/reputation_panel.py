"""Reputation of publishers: what reviewers decided, what is believed because of it, and how far posts are shown."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.domain.ids import DAY
from core.domain.moderation import Verdict
from core.services.reputations import FINE_HALF_LIFE, VIOLATION_HALF_LIFE, PublisherStanding
from dashboard.context import clock, services
from dashboard.formatting import ago, local, number, percent, plural
from dashboard.literal import literal


def reputation_panel(me: Account) -> None:
    """Draw the table and, for the selected publisher, the decisions and what would change them."""
    st.caption(
        "Engagement of a publisher's posts is multiplied by 0.5 to 1, by how sure it is that their posts are fine, as "
        "reviewers' decisions tell. Nobody is punished for being new. Moderation decides whether a post is shown, this "
        "decides how far."
    )
    lines = services().reputations.table(me)
    if not lines:
        st.info(
            "No publisher has been looked at yet. The worker computes reputations once a minute; is it running?",
            icon=":material/hourglass:",
        )
        return
    limited = [line for line in lines if line.reputation.multiplier < 1]
    st.markdown(
        f"**{plural(len(limited), 'publisher')}** of {number(len(lines))} "
        f"{'is' if len(limited) == 1 else 'are'} shown less than in full."
    )
    chosen = st.dataframe(
        _table(lines), hide_index=True, on_select="rerun", selection_mode="single-row", key="reputations", height="auto",
        alt="Publishers with decisions, the share of fine posts that is believed, and the multiplier of exposure",
        column_config={
            "Multiplier": st.column_config.ProgressColumn(format="%.2f", min_value=0.0, max_value=1.0),
            "Fine posts": st.column_config.NumberColumn(format="%.1f %%", help="Mean of the posterior"),
            "From": st.column_config.NumberColumn(format="%.1f %%", help="10% point: it sets the multiplier"),
            "To": st.column_config.NumberColumn(format="%.1f %%", help="90% point"),
            "Passed": st.column_config.NumberColumn(
                help="Live posts that no person has judged; each counts a quarter, at most four a day"
            ),
        },
    )  # fmt: skip
    rows = [row for row in chosen.selection.rows if row < len(lines)]
    if not rows:
        st.caption("Select a publisher to see the decisions behind it and what would change it.")
        return
    _detail(me, lines[rows[0]])


def _table(lines: list[PublisherStanding]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Publisher": line.publisher.name,
                "Multiplier": line.reputation.multiplier,
                "Approved": line.reputation.approved,
                "Rejected": line.reputation.rejected,
                "Passed": line.reputation.passed,
                "Fine posts": line.reputation.mean * 100,
                "From": line.reputation.low * 100,
                "To": line.reputation.high * 100,
            }
            for line in lines
        ]
    )


def _detail(me: Account, line: PublisherStanding) -> None:
    reputation = line.reputation
    with st.container(border=True):
        st.subheader(literal(line.publisher.name))
        st.markdown(
            f"Shown at **{percent(reputation.multiplier, 0)}**: "
            f"{percent(reputation.mean, 0)} of posts are believed to be fine ({percent(reputation.low, 0)} to "
            f"{percent(reputation.high, 0)})."
        )
        st.markdown(_what_would_change(line))
        decisions = services().reputations.decisions(me, line.publisher.id, now=clock())
        if not decisions:
            st.caption("No person has decided on a post of theirs yet.")
        else:
            st.dataframe(
                pd.DataFrame(
                    [
                        {
                            "When": local(one.at).replace(tzinfo=None),
                            "Post": one.title,
                            "Decision": "Approved" if one.verdict is Verdict.APPROVE else "Rejected",
                            "Reason": one.reason.label if one.reason else "",
                            "Counts": one.weight,
                        }
                        for one in decisions
                    ]
                ),
                hide_index=True, height="content", key="reputation-decisions",
                alt="Decisions on this publisher's posts, newest first, and what each counts today",
                column_config={
                    "When": st.column_config.DatetimeColumn(format="D MMM YYYY"),
                    "Counts": st.column_config.NumberColumn(format="%+.2f", help="Faded by age; above 0 for fine posts"),
                },
            )  # fmt: skip
        st.caption(
            f"Approvals count half after {FINE_HALF_LIFE // DAY} days, violations after {VIOLATION_HALF_LIFE // DAY}; a rejection "
            f"counts 1, 2 or 5 by its reason. Computed {ago(reputation.computed_at, clock())}."
        )


def _what_would_change(line: PublisherStanding) -> str:
    if line.reputation.multiplier >= 1:
        return "Posts are shown in full. A rejected post would change that only if there were few good ones to weigh it against."
    return (
        f"About **{plural(line.clean_needed, 'more post')}** found fine would bring them back to full exposure; so does "
        "time, and a reversed decision at once."
    )
