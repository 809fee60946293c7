"""Other experiments that ran at the same time: do they disturb this one?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.domain.experiment import Experiment
from core.statistics.interactions import Interaction, Says
from dashboard.context import clock, services
from dashboard.formatting import number, plural

_LOUD = {Says.INTERACT: st.warning, Says.DEPENDENT: st.error}


def interactions_panel(me: Account, experiment: Experiment) -> None:
    """Draw the section: a sentence, then a table, a row per pair of treatments and goal metric."""
    st.subheader("Other experiments at the same time")
    with st.spinner("Comparing with other experiments"):
        found = services().viewer_readouts.interactions(me, experiment.id, now=clock())
    apart = sorted({_other(one, experiment).name for one in found if one.says is Says.APART})
    met = [one for one in found if one.says is not Says.APART]
    if apart:
        st.caption(f"Shares no viewers with {', '.join(apart)}: they have other ranges of the same layer.")
    if not met:
        st.write(
            "No other experiment shares viewers with this one."
            if apart
            else "No other experiment ran at the same time."
        )
        return
    for one in met:
        if one.says in _LOUD:
            _LOUD[one.says](f"**{_other(one, experiment).name}.** {one.sentence}")
    quiet = sum(one.says is Says.NONE for one in met)
    if quiet == len(met):
        st.write(f"No sign of interaction in {plural(quiet, 'comparison')}: this readout can be read by itself.")
    figure = st.column_config.NumberColumn(format="%.3g")
    columns = dict.fromkeys(
        ("Effect alone", "Effect together", "Difference", "From", "To", "p, corrected", "p, assignment"), figure
    )
    st.dataframe(pd.DataFrame([_row(one, experiment) for one in met]), hide_index=True, column_config=columns)
    with st.expander("How to read this"):
        st.write(
            "Only viewers who met both experiments count, from the later of their two exposures. *Alone* is the effect of the "
            "first experiment where the second shows its control, *together* where it shows its treatment; if effects add up, "
            "the two are the same. Errors are HC2, intervals and p-values are widened for the number of comparisons. They are "
            "for one look, and exploratory: nothing is stopped by them."
        )
        for one in met:
            st.caption(f"{one.first.name} × {one.second.name}, {one.metric.name}: {one.sentence}")


def _other(one: Interaction, experiment: Experiment) -> Experiment:
    return one.second if one.first.id == experiment.id else one.first


def _row(one: Interaction, experiment: Experiment) -> dict[str, object]:
    """One line; numbers only where something can be said."""
    told = one.says in (Says.NONE, Says.INTERACT)
    return {
        "With": _other(one, experiment).name,
        "Arms": f"{one.first_arm} × {one.second_arm}",
        "Metric": one.metric.name,
        "Viewers in both": number(one.viewers),
        "Effect alone": one.alone if told else None,
        "Effect together": one.together if told else None,
        "Difference": one.effect.difference if told else None,
        "From": one.effect.interval.lower if told else None,
        "To": one.effect.interval.upper if told else None,
        "p, corrected": one.effect.p_value if told else None,
        "p, assignment": one.independence_p if one.independence_p == one.independence_p else None,
        "Says": one.says.value,
    }
