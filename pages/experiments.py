"""All experiments: what runs, what it says, what needs a person; and the form that drafts one."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Role
from core.domain.errors import CallerError
from core.domain.experiment import ExperimentState
from dashboard import access
from dashboard.components.aa_panel import aa_panel
from dashboard.components.experiment_form import experiment_form
from dashboard.components.experiment_layers import who_sees_what
from dashboard.components.experiment_list import experiment_list
from dashboard.components.experiment_metrics import METRICS
from dashboard.components.holdout_panel import holdout_panel
from dashboard.components.notices import notices
from dashboard.context import services
from dashboard.links import open_page, page_link

me = access.require(Role.PRODUCT_MANAGER)
if editing := st.query_params.get("edit", ""):
    try:
        experiment = None if editing == "new" else services().experiments.get(me, editing)
    except CallerError:
        st.title("No such experiment")
        page_link("experiments", "All experiments", icon=":material/arrow_back:")
        st.stop()
    experiment_form(me, experiment)
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Experiments", width="stretch")
    if st.button("New experiment", key="experiment_new", type="primary", icon=":material/add:", shortcut="N"):
        open_page("experiments", edit="new")
notices(me)
chosen = st.segmented_control(
    "State", ["All", *(state.label for state in ExperimentState)], default="All", key="state", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
state = next((s for s in ExperimentState if s.label == chosen), None)
experiment_list(me, state)
if state is None:
    who_sees_what(me)
    holdout_panel(me)
    with st.expander("A/A check: would this metric find an effect where there is none?"):
        aa_panel(me, tuple(METRICS.values()))
