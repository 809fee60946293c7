"""API keys as administrators see them: made once, shown once, revoked for good."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.account import Account, ApiKey, Scope
from dashboard.context import clock, services
from dashboard.formatting import local, number
from dashboard.literal import literal
from dashboard.messages import refusals

SCOPES = {
    Scope.FEED_READ: "Read feed pages",
    Scope.EVENTS_WRITE: "Send viewer events",
    Scope.FEED_EXPLAIN: "Explain feed pages, with what posts earn",
    Scope.POSTS_READ: "Read posts",
    Scope.POSTS_WRITE: "Upload and change posts",
    Scope.COMMENTS_WRITE: "Write comments",
    Scope.METRICS_READ: "Read metrics",
    Scope.POLICIES_WRITE: "Save versions of the mix",
}
EVERY_SCOPE = tuple(SCOPES)


def keys_panel(me: Account) -> None:
    """Draw the keys and what can be done with them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(
            "Programs send a key as `Authorization: Bearer fr_live_…`; [the API](/api/docs) says what they may ask."
        )
        st.space("stretch")
        if st.button("New key", icon=":material/vpn_key:", type="primary", shortcut="K"):
            _create(me)
    keys = services().api_keys.find(me)
    if not keys:
        st.info("There is no key yet. The shopping app needs one to read feed pages.", icon=":material/vpn_key:")
        return
    chosen = st.dataframe(
        _table(keys), hide_index=True, on_select="rerun", selection_mode="single-row", key="keys-table", row_height=40,
        alt="API keys with start, scopes, limit and state",
        column_config={
            "May": st.column_config.ListColumn(width="large"),
            "State": st.column_config.MultiselectColumn(options=["Active", "Revoked"], color=["green", "gray"]),
            "Since": st.column_config.DateColumn(format="D MMM YYYY"),
        },
    )  # fmt: skip
    rows = [row for row in chosen.selection.rows if row < len(keys)]
    if rows and keys[rows[0]].revoked_at is None:
        if st.button(f"Revoke {literal(keys[rows[0]].name)}", icon=":material/block:"):
            _revoke(me, keys[rows[0]])
    else:
        st.caption("Select an active key to revoke it.")


@st.dialog("New API key")
def _create(me: Account) -> None:
    name = st.text_input("Which program uses it", max_chars=80, placeholder="Shopping app, production")
    scopes = st.pills("It may", EVERY_SCOPE, selection_mode="multi", default=EVERY_SCOPE[:2], format_func=SCOPES.get)
    limit = st.number_input("Requests a minute", 1, 10_000_000, 60_000, step=1_000)
    if st.button("Create", type="primary"):
        with refusals():
            made = services().api_keys.create(me, name, scopes, per_minute=int(limit), now=clock())
            st.success("Copy the key now. It is shown only this once.", icon=":material/check:")
            st.code(made.secret, language=None, wrap_lines=True)


@st.dialog("Revoke API key")
def _revoke(me: Account, key: ApiKey) -> None:
    st.write(
        f"Every program that uses {literal(key.name)} (`{key.prefix}…`) is refused within two seconds. This cannot be undone."
    )
    if st.button("Revoke", type="primary"):
        with refusals():
            services().api_keys.revoke(me, key.id, now=clock())
            st.rerun()


def _table(keys: list[ApiKey]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Program": [key.name for key in keys],
            "Starts with": [f"{key.prefix}…" for key in keys],
            "May": [[SCOPES[scope] for scope in key.scopes] for key in keys],
            "Requests a minute": [number(key.per_minute) for key in keys],
            "State": [["Active" if key.revoked_at is None else "Revoked"] for key in keys],
            "Since": [local(key.created_at).date() for key in keys],
        }
    )
