"""The ramp as a list of steps with times: what was, what is, what comes when."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.experiment import Experiment, ExperimentState
from core.domain.ids import HOUR
from dashboard.context import clock
from dashboard.formatting import ago, duration, local, plural

_HELD = "held here by hand"


def ramp_line(experiment: Experiment) -> str:
    """Where the ramp stands and when it goes on, as a sentence."""
    if experiment.state is ExperimentState.PAUSED:
        how = "Stopped by the machine" if experiment.halted else "Paused by hand"
        return f"{how} {ago(experiment.paused_at or experiment.updated_at, clock())}: nobody is assigned now."
    if not experiment.live:
        return "Nobody is assigned."
    said = f"Step {len(experiment.phases)} of {len(experiment.steps)}: {experiment.exposure:.0%} of viewers exposed"
    due = experiment.next_step_at(clock())
    if due is None:
        return f"{said}; no further step."
    if experiment.holding:
        return f"{said}; {_HELD}."
    nxt = experiment.steps[len(experiment.phases)].exposure
    when = f"comes {ago(due, clock())}" if due > clock() else "is due, and comes once nothing speaks against it"
    return f"{said}; {nxt:.0%} {when}."


def ramp_steps(experiment: Experiment) -> None:
    """The list, a row per step."""
    rows, now = [], clock()
    due = experiment.next_step_at(now)
    for place, step in enumerate(experiment.steps):
        phase = experiment.phases[place] if place < len(experiment.phases) else None
        begun = local(phase.started_at) if phase else None
        if phase is None:
            at_next = place == len(experiment.phases) and due is not None and experiment.live
            status = _HELD if at_next and experiment.holding else (f"expected {ago(due, now)}" if at_next else "later")
        elif phase.ended_at is not None:
            status = f"lasted {duration(phase.ended_at - phase.started_at - phase.waited)}"
        else:
            status = "now" if experiment.live else "stands still"
        rows.append({
            "Step": place + 1, "Viewers exposed": f"{step.exposure:.0%}", "Begun": begun, "Is": status,
            "Least time": duration(round(step.hours * HOUR)),
            "Stood still": duration(phase.waited) if phase and phase.waited else "",
        })  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows), hide_index=True,
        column_config={"Begun": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")},
    )  # fmt: skip
    st.caption(
        f"{plural(len(experiment.steps), 'step')}; arms keep their shares at each. The next comes by itself when its time is up, "
        "the split is right and no guardrail speaks against it."
    )
