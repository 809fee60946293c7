"""Health of the stores, the work queue, versions."""

from __future__ import annotations

import streamlit as st

from dashboard import access

me = access.require()

st.title("Operations")
