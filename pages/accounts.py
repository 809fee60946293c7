"""Accounts and API keys."""

from __future__ import annotations

import streamlit as st

from dashboard import access
from dashboard.components.accounts_panel import account_list, account_settings
from dashboard.components.keys_panel import keys_panel

me = access.require()

st.title("Accounts")
people, programs = st.tabs(["People", "Programs"], key="tab", on_change="rerun", bind="query-params")
if people.open:
    with people:
        if (chosen := account_list(me)) is not None:
            account_settings(me, chosen)
if programs.open:
    with programs:
        keys_panel(me)
