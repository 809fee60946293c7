"""Audit lines as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.domain.audit import AuditLine
from core.services.audit import MACHINE
from dashboard.context import services
from dashboard.formatting import local


def audit_table(lines: list[AuditLine], *, key: str) -> AuditLine | None:
    """Draw lines; the one whose row is selected."""
    table = pd.DataFrame(
        {
            "When": [local(line.at).replace(tzinfo=None) for line in lines],
            "Who": [line.actor_name or line.actor for line in lines],
            "What": [_words(line.action) for line in lines],
            "To": [line.subject for line in lines],
            "Detail": ["; ".join(f"{name} {value}" for name, value in line.detail.items() if value) for line in lines],
        }
    )
    chosen = st.dataframe(
        table, hide_index=True, on_select="rerun", selection_mode="single-row", key=key, height="auto",
        alt="Acts with time, account, act and subject, newest first",
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss", help="Indian time"),
            "Detail": st.column_config.TextColumn(width="large"),
        },
    )  # fmt: skip
    rows = [row for row in chosen.selection.rows if row < len(lines)]
    return lines[rows[0]] if rows else None


def account_names(me: Account) -> dict[str, str]:
    """Whom lines may be by: the machine and the accounts, id to what to call them."""
    accounts = services().accounts.find(me, limit=500).items
    return {MACHINE: "Feedroom, the machine"} | {one.id: f"{one.name} ({one.email})" for one in accounts}


def _words(action: str) -> str:
    """`account.sign_in` as "Account: sign in"."""
    return action.replace(".", ": ", 1).replace("_", " ").capitalize()
