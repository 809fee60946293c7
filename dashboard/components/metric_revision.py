"""Edit a metric of an experiment that runs: the old revision stays, the new one is measured beside it."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.experiment import Experiment, ExperimentState, Metric, MetricKind
from core.statistics.totals import TOTALS
from dashboard.context import clock, services
from dashboard.messages import refusals

_RUNNING = (ExperimentState.RAMPING, ExperimentState.RUNNING, ExperimentState.PAUSED)
_KINDS = {
    "mean per viewer": MetricKind.MEAN,
    "share of viewers": MetricKind.SHARE,
    "ratio of two counts": MetricKind.RATIO,
}


def metric_revision(me: Account, experiment: Experiment) -> None:
    """Draw the button, for experiments that run."""
    if experiment.state in _RUNNING and st.button("Revise a metric", icon=":material/edit_note:"):
        _dialog(me, experiment)


@st.dialog("Revise a metric")
def _dialog(me: Account, experiment: Experiment) -> None:
    """What to count instead; refusals show in the dialog."""
    st.write(
        "What was agreed at launch stays and decides. The revision becomes a column of its own, counted on viewers who join from "
        "now on; a revised goal is secondary in this experiment."
    )
    by_name = {metric.name: metric for metric in experiment.metrics}
    old = by_name[st.selectbox("Metric", list(by_name), key="revise-metric") or next(iter(by_name))]
    kind = _KINDS[
        st.selectbox("Counted as", list(_KINDS), index=list(_KINDS.values()).index(old.kind), key=f"kind-{old.name}")
    ]
    numerator = _count("Count", old.numerator, f"top-{old.name}")
    denominator = (
        _count("Per", old.denominator or "impressions", f"base-{old.name}") if kind is MetricKind.RATIO else ""
    )
    margin = _margin(old)
    if st.button("Measure it from now on", type="primary"):
        with refusals():
            services().metric_revisions.revise(
                me, experiment.id, old.name, kind=kind, numerator=numerator, denominator=denominator, margin=margin,
                expected_version=experiment.version, now=clock(),
            )  # fmt: skip
            st.rerun()


def _count(label: str, chosen: str, key: str) -> str:
    return st.selectbox(
        label, list(TOTALS), index=list(TOTALS).index(chosen), format_func=lambda name: TOTALS[name], key=key
    )


def _margin(old: Metric) -> float | None:
    """The loss that a guardrail may show; nothing for other metrics."""
    if not old.margin:
        return None
    return st.number_input("Margin, %", 0.5, 99.0, old.margin * 100, 0.5, key=f"margin-{old.name}") / 100
