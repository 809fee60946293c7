"""How posts are scored: are the predicted chances right, which model predicts, and whose posts are shown less."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Role
from dashboard import access
from dashboard.components.calibration_panel import calibration_panel
from dashboard.components.models_panel import models_panel
from dashboard.components.reputation_panel import reputation_panel

me = access.require(Role.PRODUCT_MANAGER)

st.title("Ranking")
names = ["Calibration", "Models", "Reputation"]
calibration, models, reputation = st.tabs(names, key="tab", on_change="rerun", bind="query-params")
if calibration.open:
    with calibration:
        calibration_panel(me)
if models.open:
    with models:
        models_panel(me)
if reputation.open:
    with reputation:
        reputation_panel(me)
