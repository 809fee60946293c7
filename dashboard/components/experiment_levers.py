"""What a product manager can do to an experiment: plan, launch, go on, pause, decide."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.experiment import Experiment, ExperimentState
from dashboard import formatting
from dashboard.context import clock, services


def _do(act: Callable[[], object], done: str) -> None:
    try:
        act()
    except CallerError as error:
        st.error(error.detail)
    else:
        st.toast(done, icon=":material/check:")
        st.rerun()


@st.dialog("End the experiment")
def _decide(me: Account, experiment: Experiment) -> None:
    choice = st.radio("What was decided?", ["Ship the treatment", "Keep the control", "Roll back"])
    st.caption("Viewers get the default feed again at once. The readout stays.")
    if st.button("End it", type="primary"):
        _do(lambda: services().experiments.decide(me, experiment.id, choice, now=clock()), "The experiment has ended")


def levers(me: Account, experiment: Experiment) -> None:
    """The buttons that fit the present state."""
    verbs, state = services().experiments, experiment.state
    with st.container(horizontal=True, horizontal_alignment="right"):
        if state in (ExperimentState.DRAFT, ExperimentState.PLANNED) and st.button("Launch", type="primary"):
            _do(lambda: verbs.launch(me, experiment.id, now=clock()), "Launched")
        if state is ExperimentState.RAMPING and st.button("Next step"):
            _do(lambda: verbs.advance(me, experiment.id, now=clock()), "The next step has begun")
        if state in (ExperimentState.RAMPING, ExperimentState.RUNNING) and st.button("Pause"):
            _do(lambda: verbs.pause(me, experiment.id, now=clock()), "Paused: nobody is assigned now")
        if state is ExperimentState.PAUSED and st.button("Resume"):
            _do(lambda: verbs.resume(me, experiment.id, now=clock()), "Resumed")
        running = (ExperimentState.RAMPING, ExperimentState.RUNNING, ExperimentState.PAUSED)
        if state in running and st.button("Decide", type="primary"):
            _decide(me, experiment)
        if state is ExperimentState.DECIDED and st.button("Archive"):
            _do(lambda: verbs.archive(me, experiment.id, now=clock()), "Archived")


def planning(me: Account, experiment: Experiment) -> None:
    """How many viewers and days it takes to find a change of a given size, from what viewers really did."""
    st.subheader("Plan")
    effect = st.slider("Smallest change worth finding", 1, 50, 5, format="%d%%") / 100
    try:
        plan = services().readouts.plan(me, experiment.id, effect=effect, now=clock())
    except CallerError as error:
        st.warning(error.detail)
        return
    viewers, days, base = st.columns(3)
    viewers.metric("Viewers per arm", formatting.number(plan.per_arm), border=True)
    known = plan.days == plan.days
    days.metric("Days to get them", f"{plan.days:,.0f} days" if known else "not in sight", border=True)
    base.metric(f"{plan.metric} now", f"{plan.baseline:.3g} ± {plan.deviation:.3g}", border=True)
    st.caption(
        f"Two-sided 5%, power 80%. Looking every day costs {plan.factor:.2f} times the viewers of a single look; "
        "that is included. The days come from how many different viewers really came in the last two weeks."
    )
    if st.button("Keep this plan"):
        _do(lambda: services().experiments.keep_plan(me, experiment.id, plan, now=clock()), "Planned")
