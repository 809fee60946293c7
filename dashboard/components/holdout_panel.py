"""The global holdout against everybody else: what all that was tried and shipped adds up to."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.statistics.effects import Interval
from core.statistics.words import p_in_words
from dashboard.context import clock, services
from dashboard.formatting import moment, number, percent
from dashboard.messages import refusals

_SPANS = {"7 days": 7, "14 days": 14, "28 days": 28}


def _period(me: Account) -> None:
    """Which mix the holdout keeps, since when; and the two levers."""
    period = services().holdouts.current(me)
    with st.container(horizontal=True, vertical_alignment="center"):
        if period is None:
            st.markdown(
                "The holdout has the mix in force: what is published reaches it, too, so only what is under test shows below."
            )
        else:
            st.markdown(
                f"Since {moment(period.since)} the holdout keeps the mix `{period.policy}` ({period.by_name}). What was published "
                "since then has not reached it."
            )
        st.space("stretch")
        with st.popover("Change", icon=":material/event_repeat:"):
            st.write("A new period lets the holdout keep the mix that is in force now. A quarter is a usual length.")
            if st.button("Begin a new period", type="primary"):
                with refusals():
                    services().holdouts.begin(me, now=clock())
                    st.rerun()
            if period is not None and st.button("Give it the mix in force"):
                with refusals():
                    services().holdouts.end(me, now=clock())
                    st.rerun()


def holdout_panel(me: Account) -> None:
    """Draw the whole report, with a choice of its time."""
    st.subheader("Holdout")
    _period(me)
    span = st.segmented_control("Time", list(_SPANS), default="28 days", key="holdout-days") or "28 days"
    with st.spinner("Reading the holdout"):
        found = services().viewer_readouts.holdout(me, days=_SPANS[span], now=clock())
    held, others = found.viewers
    st.caption(
        f"{number(held)} viewers held out ({percent(held / (held + others)) if held + others else percent(None)}, "
        f"planned {percent(found.share, 0)}) against {number(others)} others who came in these {found.days} days."
    )
    if found.share_p < 0.001:
        st.warning(
            f"The holdout is not {percent(found.share, 0)} of those who came ({p_in_words(found.share_p)}). Either viewers "
            "come back more or less often because of what was shipped, or the split is broken; means then compare different people."
        )
    if found.problem:
        st.info(found.problem)
    else:
        figure = st.column_config.NumberColumn(format="%.3g")
        change = st.column_config.NumberColumn(format="%+.1f %%")
        rows = [
            {
                "Metric": one.metric.name,
                "Held out": one.held_out,
                "Others": one.others,
                "Unit": one.metric.unit,
                "Change": one.relative * 100,
                "95% interval": interval_in_words(one.interval),
                "Says": one.sentence,
            }
            for one in found.readings
        ]
        columns = dict.fromkeys(("Held out", "Others"), figure) | {"Change": change}
        columns |= {"Says": st.column_config.TextColumn(width="large")}
        st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns)
    st.caption(
        "One viewer in twenty is kept out of every experiment, always the same ones, by a hash. The comparison is fair as a whole, "
        "but nothing in it was randomised by itself: it cannot say which change did what. Only viewers who came are counted. "
        "Intervals are widened for the number of metrics; the report is renewed every hour."
    )


def interval_in_words(interval: Interval) -> str:
    """In percent, or that it is not known: an empty cell would look like a mistake."""
    if math.isnan(interval.lower) or math.isnan(interval.upper):
        return "not known"
    return f"{interval.lower:+.1%} to {interval.upper:+.1%}"
