"""The effect on viewers who met the change, and on everybody who could have."""

from __future__ import annotations

import math

import streamlit as st

from core.domain.account import Account
from core.domain.experiment import Experiment
from core.services.viewer_readouts import SCAN
from core.statistics.effects import Interval
from core.statistics.triggering import Triggered
from core.statistics.words import p_in_words
from dashboard.context import clock, services
from dashboard.formatting import number, percent


def trigger_panel(me: Account, experiment: Experiment) -> None:
    """Draw the section for the goal, or for the metric that is chosen."""
    st.subheader("Who met the change")
    names = [metric.name for metric in experiment.metrics]
    chosen = st.selectbox("Metric", names, key="trigger-metric") if len(names) > 1 else names[0]
    with st.spinner("Finding who could have met it"):
        found = services().viewer_readouts.triggering(me, experiment.id, metric=chosen or "", now=clock())
    for name, arm in found.arms.items():
        if len(found.arms) > 1:
            st.markdown(f"**{name}**")
        if not any(arm.met):
            st.info("Nobody has met the change yet. The effect shows here after the first exposures.")
            continue
        if arm.differ:
            st.error(
                f"Viewers of the arms met the change at different rates ({p_in_words(arm.rate_p)}): "
                f"{_rate(arm, 0)} of the control, {_rate(arm, 1)} of {name}. A right experiment cannot do that: what triggers an "
                "exposure depends on the arm. Do not read these effects before the cause is found."
            )
            continue
        met, everybody = st.columns(2)
        with met.container(border=True):
            st.markdown("**Viewers who met it**")
            st.markdown(_effect(arm.relative, arm.relative_interval))
            st.caption(f"{number(sum(arm.met))} viewers: {number(arm.met[0])} and {number(arm.met[1])} by arm")
        with everybody.container(border=True):
            st.markdown("**Everybody who could have**")
            if found.problem:
                st.markdown(f"Cannot say, because {found.problem}.")
                continue
            st.markdown(_effect(arm.overall_relative, arm.overall_relative_interval))
            st.caption(
                f"{percent(arm.rate)} of {number(sum(arm.eligible))} eligible viewers met it, alike in both arms"
            )
    st.caption(
        "A viewer meets the change with the first page made while an arm could alter it, or when the app reports it as shown. "
        "Eligible is whom the hashes put into an arm and who did anything while the ramp reached them. The effect on everybody is "
        "the first one times the share who met it, against all that the control did. Both with 95% intervals for one look, "
        "without adjustment by what viewers did before."
        + (f" Read from the first {number(SCAN)} viewers." if found.capped else "")
    )


def _rate(arm: Triggered, side: int) -> str:
    return percent(arm.met[side] / arm.eligible[side]) if arm.eligible[side] else percent(None)


def _effect(relative: float, interval: Interval) -> str:
    """The effect in large type; words when there is none to tell."""
    if math.isnan(relative) or math.isnan(interval.lower):
        return "Cannot say yet, because too few viewers met it or the control's value is not clearly above zero."
    return f"### {relative:+.1%}\n{interval.lower:+.1%} to {interval.upper:+.1%}"
