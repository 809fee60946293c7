"""One experiment: its verdict, why it may be trusted, its effects, and the levers."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Role
from core.domain.errors import CallerError
from core.domain.experiment import ExperimentState
from dashboard import access
from dashboard.components import readout_panel as panel
from dashboard.components.experiment_arms import arms_in_words
from dashboard.components.experiment_levers import TOLD, levers
from dashboard.components.experiment_plan import experiment_plan
from dashboard.components.experiment_rehearsal import rehearsal
from dashboard.components.interactions_panel import interactions_panel
from dashboard.components.metric_revision import metric_revision
from dashboard.components.readout_details import details
from dashboard.components.told import tell
from dashboard.components.trigger_panel import trigger_panel
from dashboard.context import clock, services
from dashboard.links import page_link
from dashboard.literal import literal

me = access.require(Role.PRODUCT_MANAGER)
tell(TOLD)
page_link("experiments", "All experiments", icon=":material/arrow_back:")
try:
    experiment = services().experiments.get(me, st.query_params.get("id", ""))
except CallerError:
    st.title("No such experiment")
    st.write("It may have been removed, or the address is incomplete. Choose one from the list.")
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    st.title(literal(experiment.name), width="content")
    panel.state_badge(experiment.state)
levers(me, experiment)
if experiment.generated:
    st.caption("Generated: simulated viewers." if experiment.rehearses else "Generated with the demo world.")
if experiment.hypothesis:
    st.write(literal(experiment.hypothesis))
if experiment.launched_at is None:
    experiment_plan(me, experiment)
    rehearsal(me, experiment)
    with st.expander("Arms and who takes part"):
        arms_in_words(me, experiment)
        st.write(panel.who(experiment))
    st.stop()

if experiment.rehearses and experiment.rehearses != "nothing":
    page_link("readout", "The experiment that was rehearsed", icon=":material/science:", id=experiment.rehearses)
use_cuped = st.toggle("Adjust by what viewers did before (CUPED)", value=True)
found = services().readouts.report(me, experiment.id, now=clock(), use_cuped=use_cuped)
for arm in found.arms if not found.trust.alarm else found.arms[:1]:
    panel.verdict(arm)
if experiment.decision:
    st.info(
        f"{'Rehearsed' if experiment.rehearses else 'Decided'}: {literal(experiment.decision)}", icon=":material/gavel:"
    )
if experiment.halted and experiment.state is ExperimentState.PAUSED:
    st.error(
        f"Stopped by the machine: {literal(experiment.halted)} All viewers get the default feed.",
        icon=":material/front_hand:",
    )
panel.trust_strip(found)
panel.progress(found)
if not found.trust.alarm:
    for arm in found.arms:
        if len(found.arms) > 1:
            st.header(literal(arm.name))
        panel.effects(arm)
        panel.lift(found, arm)
        panel.segments(me, found, arm)
        details(found, arm)
    panel.cautions(me, experiment)
    if not experiment.rehearses:
        interactions_panel(me, experiment)
        trigger_panel(me, experiment)
        metric_revision(me, experiment)
panel.rest(me, found)
