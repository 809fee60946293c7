"""One experiment: its verdict, why it may be trusted, its effects, and the levers."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Role
from core.domain.errors import CallerError
from core.domain.experiment import ExperimentState
from dashboard import access
from dashboard.components import readout_panel as panel
from dashboard.components.experiment_levers import levers, planning
from dashboard.context import clock, services
from dashboard.links import page_link

me = access.require(Role.PRODUCT_MANAGER)
page_link("experiments", "All experiments", icon=":material/arrow_back:")
try:
    experiment = services().experiments.get(me, st.query_params.get("id", ""))
except CallerError:
    st.title("No such experiment")
    st.write("It may have been removed, or the address is incomplete. Choose one from the list.")
    st.stop()

title, badge, actions = st.columns([4, 1, 3], vertical_alignment="center")
title.title(experiment.name)
with badge:
    panel.state_badge(experiment.state)
with actions:
    levers(me, experiment)
if experiment.generated:
    st.caption("Generated with the demo world.")
if experiment.hypothesis:
    st.write(experiment.hypothesis)
if experiment.state in (ExperimentState.DRAFT, ExperimentState.PLANNED):
    planning(me, experiment)
    st.stop()

use_cuped = st.toggle("Adjust by what viewers did before (CUPED)", value=True)
found = services().readouts.report(me, experiment.id, now=clock(), use_cuped=use_cuped)
if experiment.decision:
    st.info(f"Decided: {experiment.decision}")
if experiment.halted:
    st.error(f"Held by the machine: {experiment.halted}")
for arm in found.arms:
    panel.verdict(arm)
panel.trust_strip(found)
panel.progress(found)
if not found.trust.alarm:
    for arm in found.arms:
        if len(found.arms) > 1:
            st.header(arm.name)
        panel.effects(arm)
        panel.lift(found, arm)
        panel.segments(me, found, arm)
        panel.details(found, arm)
