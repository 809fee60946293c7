"""The content mix: its rules with their prices, what a change would do, versions, publish and roll back."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Role
from dashboard import access
from dashboard.components.mix_actions import roll_back_dialog
from dashboard.components.mix_desk import mix_desk
from dashboard.components.mix_history import mix_history, mix_versions
from dashboard.components.mix_in_force import mix_in_force
from dashboard.context import services

me = access.require(Role.PRODUCT_MANAGER)
with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Content mix", width="stretch")
    present, before = services().mix.current(me), services().mix.previous(me)
    if before is not None and st.button("Roll back", key="mix_roll_back", icon=":material/undo:"):
        roll_back_dialog(me, present, before)
mix_in_force(me, present)
mix_desk(me)
st.divider()
history, versions = st.tabs(["History", "Versions"], key="mix_past", on_change="rerun")
if history.open:
    with history:
        mix_history(me)
if versions.open:
    with versions:
        mix_versions(me, services().mix.versions(me), present.policy.id)
