"""All experiments: what runs, what it says, what needs a person."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Role
from core.domain.experiment import Experiment, ExperimentState
from dashboard import access, formatting
from dashboard.components import experiment_form, readout_panel
from dashboard.context import clock, services
from dashboard.links import page_link

me = access.require(Role.PRODUCT_MANAGER)
title, action = st.columns([4, 1], vertical_alignment="center")
title.title("Experiments")
if action.button("New experiment", type="primary", icon=":material/add:", shortcut="N", width="stretch"):
    experiment_form.draft(me)

chosen = st.segmented_control(
    "State", ["All", *(state.label for state in ExperimentState)], default="All", key="state", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
state = next((s for s in ExperimentState if s.label == chosen), None)
page = services().experiments.find(me, state=state)


def row(experiment: Experiment) -> None:
    """One experiment: name, state, exposure, and what can be said."""
    with st.container(border=True):
        name, status, people, says = st.columns([3, 1, 1.4, 4], vertical_alignment="center")
        with name:
            page_link("readout", experiment.name, id=experiment.id)
            st.caption(
                f"Changed {formatting.ago(experiment.updated_at, clock())}"
                + (" · generated" if experiment.generated else "")
            )
        with status:
            readout_panel.state_badge(experiment.state)
        if experiment.launched_at is None:
            says.caption("Not launched. Open it to plan and launch.")
            return
        found = services().readouts.report(me, experiment.id, now=clock())
        people.caption(
            f"{formatting.plural(int(sum(found.trust.observed)), 'viewer')}, {experiment.exposure:.0%} exposed"
        )
        says.write(experiment.decision or found.arms[0].verdict.sentence)


if not page.items:
    st.info("No experiments here yet. Start one with **New experiment**: a question, two policies, a goal.")
for item in page.items:
    row(item)
