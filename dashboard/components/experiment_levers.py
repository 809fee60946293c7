"""What a product manager can do to an experiment in its present state; what reaches viewers is asked for twice."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.experiment import Experiment, ExperimentState
from dashboard.components.experiment_layers import in_words
from dashboard.components.told import tell_later
from dashboard.context import clock, services
from dashboard.formatting import number, percent
from dashboard.links import open_page
from dashboard.messages import sentence

TOLD = "experiment"
_S = ExperimentState


def _do(act: Callable[[], object], done: str) -> None:
    try:
        act()
    except CallerError as error:
        st.error(sentence(error), icon=":material/error:")
    else:
        tell_later(TOLD, done)
        st.rerun()


@st.dialog("Launch the experiment", icon=":material/rocket_launch:")
def _launch(me: Account, experiment: Experiment) -> None:
    first = experiment.steps[0]
    st.write(
        f"{percent(first.exposure, 0)} of the viewers who fit are exposed at once: the first of {len(experiment.steps)} steps."
    )
    if experiment.plan is None:
        st.warning("There is no plan: nobody knows how long this takes or what it can find.", icon=":material/help:")
    else:
        st.write(
            f"Planned: {number(experiment.plan.per_arm)} viewers per arm, about {number(experiment.plan.days)} days."
        )
    st.caption(
        "From now on arms, metrics and range stay as they are. A breached guardrail or a wrong split stops it by itself."
    )
    if st.button("Launch now", key="launch_now", type="primary"):
        _do(lambda: services().experiments.launch(me, experiment.id, now=clock()), "Launched")


@st.dialog("Roll back", icon=":material/undo:")
def _roll_back(me: Account, experiment: Experiment) -> None:
    st.write("All viewers get the default feed at once, and the experiment is over. Its readout stays.")
    st.caption(f"Now: {in_words(experiment)}")
    why = st.text_input("Why?", key="roll_back_why", max_chars=200)
    if st.button("Roll back now", key="roll_back_now", type="primary"):
        _do(
            lambda: services().experiments.roll_back(me, experiment.id, why, now=clock()),
            "Rolled back: everybody gets the default feed",
        )


@st.dialog("Decide", icon=":material/gavel:")
def _decide(me: Account, experiment: Experiment) -> None:
    treatments = [arm.name for arm in experiment.arms[1:]]
    choice = st.radio(
        "What was decided?", [*(f"Ship {name}" for name in treatments), f"Keep {experiment.arms[0].name}"]
    )
    why = st.text_input("In a few words, why?", key="decide_why", max_chars=200)
    st.caption(
        "Viewers get the default feed again at once. To give everybody a treatment, publish its version of the mix."
    )
    if st.button("End it", key="decide_now", type="primary"):
        said = f"{choice}: {why.strip()}" if why.strip() else str(choice)
        _do(lambda: services().experiments.decide(me, experiment.id, said, now=clock()), "The experiment has ended")


def levers(me: Account, experiment: Experiment) -> None:
    """The buttons that fit the present state."""
    verbs, state, id = services().experiments, experiment.state, experiment.id
    if experiment.rehearses:
        return
    with st.container(horizontal=True, horizontal_alignment="right"):
        if state in (_S.DRAFT, _S.PLANNED):
            _before_launch(me, experiment)
        if state is _S.RAMPING:
            if st.button("Ramp now", icon=":material/trending_up:", help="Go to the next step without waiting"):
                _do(lambda: verbs.advance(me, id, now=clock()), "The next step has begun")
            label, icon = ("Follow the schedule", "schedule") if experiment.holding else ("Hold here", "front_hand")
            if st.button(label, icon=f":material/{icon}:"):
                _do(lambda: verbs.hold(me, id, hold=not experiment.holding, now=clock()), "Done")
        if state in (_S.RAMPING, _S.RUNNING) and st.button("Pause", icon=":material/pause:"):
            _do(lambda: verbs.pause(me, id, now=clock()), "Paused: nobody is assigned now")
        if state is _S.PAUSED and not experiment.halted and st.button("Resume", icon=":material/play_arrow:"):
            _do(lambda: verbs.resume(me, id, now=clock()), "Resumed")
        if state in (_S.RAMPING, _S.RUNNING, _S.PAUSED):
            if st.button("Roll back", icon=":material/undo:"):
                _roll_back(me, experiment)
            if st.button("Decide", type="primary"):
                _decide(me, experiment)
        _after_end(me, experiment)


def _before_launch(me: Account, experiment: Experiment) -> None:
    verbs, id = services().experiments, experiment.id
    if st.button("Edit", icon=":material/edit:"):
        open_page("experiments", edit=id)
    if experiment.state is _S.PLANNED and st.button("Back to draft"):
        _do(lambda: verbs.reopen(me, id, now=clock()), "A draft again")
    if st.button("Archive", key="archive_draft"):
        _do(lambda: verbs.archive(me, id, now=clock()), "Archived")
    if st.button("Launch", key="launch", type="primary", icon=":material/rocket_launch:"):
        _launch(me, experiment)


def _after_end(me: Account, experiment: Experiment) -> None:
    verbs, state, id = services().experiments, experiment.state, experiment.id
    if verbs.can_undo(experiment, now=clock()) and st.button(
        "Take it back", icon=":material/undo:", help="For ten minutes"
    ):
        _do(lambda: verbs.undo_end(me, id, now=clock()), "Not ended: it stands still until you resume it")
    if state is _S.DECIDED and st.button("Archive", icon=":material/archive:"):
        _do(lambda: verbs.archive(me, id, now=clock()), "Archived")
    if state is _S.ARCHIVED and st.button("Restore", icon=":material/unarchive:"):
        _do(lambda: verbs.restore(me, id, now=clock()), "Back from the archive")
    if (state in (_S.DECIDED, _S.ARCHIVED) or experiment.halted) and st.button(
        "Start again", icon=":material/content_copy:", help="A copy as a draft: viewers are drawn anew"
    ):
        try:
            copied = verbs.copy(me, id, now=clock())
        except CallerError as error:
            st.error(sentence(error), icon=":material/error:")
        else:
            open_page("experiments", edit=copied.id)
