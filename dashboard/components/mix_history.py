"""What was in force when, and every version there is."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.domain.mix import MixPolicy
from core.domain.mix_words import differences
from dashboard.components.cursor_pager import CursorPager
from dashboard.context import services
from dashboard.formatting import UNKNOWN, local

_LINES = 15


def mix_history(account: Account) -> None:
    """Draw who put what in force, when and why, the last first."""
    pager = CursorPager("mix_history_pages", None, labels=("Newer", "Older"))
    page = services().mix.history(account, limit=_LINES, cursor=pager.cursor)
    if not page.items:
        st.caption("Nothing was published yet: the mix that Feedroom started with is in force.")
        return
    rows = [
        {
            "When": local(line.at),
            "What": "Rolled back" if line.rolled_back else "Published",
            "From": line.came_from,
            "To": line.policy,
            "Who": line.by_name or line.by,
            "Why": line.why,
        }
        for line in page.items
    ]
    st.dataframe(
        pd.DataFrame(rows), key="mix_history", hide_index=True, height="content",
        alt="Publishes and roll backs of the mix, the last first",
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=150),
            "Why": st.column_config.TextColumn(width="large"),
        },
    )  # fmt: skip
    pager.buttons(page.cursor)


def mix_versions(account: Account, versions: list[MixPolicy], in_force: str) -> None:
    """Draw every version: who made it from what, and what differs."""
    by_id = {policy.id: policy for policy in versions}
    names = services().mix.names(account, (policy.created_by for policy in versions))
    rows = [
        {
            "Version": policy.id,
            "Name": policy.name,
            "In force": policy.id == in_force,
            "Made": local(policy.created_at) if policy.created_at else None,
            "By": names.get(policy.created_by, policy.created_by) or UNKNOWN,
            "From": policy.base or UNKNOWN,
            "What differs": " ".join(differences(by_id[policy.base], policy)) if policy.base in by_id else "",
            "Note": policy.note,
        }
        for policy in versions
    ]
    st.dataframe(
        pd.DataFrame(rows), key="mix_versions", hide_index=True, height="content", alt="Every version of the mix",
        column_config={
            "Made": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=150),
            "What differs": st.column_config.TextColumn(width="large"),
        },
    )  # fmt: skip
