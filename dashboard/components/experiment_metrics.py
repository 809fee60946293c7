"""The metrics that an experiment can measure, with direction and margin, as a table to choose in."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.domain.experiment import Metric, MetricKind, MetricRole

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(name="Product clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks", unit="per viewer"),
        Metric(name="Watch time", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="watch_seconds", unit="s per viewer"),
        Metric(name="Likes", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="likes", unit="per viewer"),
        Metric(name="Active days", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="active_days", unit="days per viewer"),
        Metric(name="Buyers", kind=MetricKind.SHARE, role=MetricRole.GOAL, numerator="orders", unit="share of viewers"),
        Metric(name="Revenue", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="revenue", unit="₹ per viewer"),
        Metric(
            name="Clicks per impression", kind=MetricKind.RATIO, role=MetricRole.GOAL, numerator="product_clicks",
            denominator="impressions", unit="per impression",
        ),
        Metric(
            name="Not interested", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="not_interested",
            higher_is_better=False, unit="per viewer",
        ),
    )
}  # fmt: skip
USUAL = {"Product clicks": MetricRole.GOAL, "Watch time": MetricRole.GUARDRAIL, "Not interested": MetricRole.GUARDRAIL}
MARGIN = 5.0
_ROLES = {"goal": MetricRole.GOAL, "guardrail": MetricRole.GUARDRAIL, "secondary": MetricRole.SECONDARY}
_NONE = "not measured"


def metrics_table(given: tuple[Metric, ...], *, key: str) -> tuple[Metric, ...]:
    """Draw the table; returns what is chosen, goals first. `given` are those of the experiment being edited."""
    if f"{key}:start" not in st.session_state:
        st.session_state[f"{key}:start"] = _start(given)
    typed = st.data_editor(
        st.session_state[f"{key}:start"], key=key, hide_index=True, disabled=["Metric", "Counted"],
        column_config={
            "Role": st.column_config.SelectboxColumn(options=[*_ROLES, _NONE], required=True),
            "Better when": st.column_config.SelectboxColumn(options=["higher", "lower"], required=True),
            "Margin": st.column_config.NumberColumn(
                min_value=0.1, max_value=90.0, step=0.5, format="%.1f %%", required=True,
                help="The largest relative loss that a guardrail may show; other roles have none",
            ),
        },
    )  # fmt: skip
    known = METRICS | {metric.name: metric for metric in given}
    chosen = [
        replace(
            known[line["Metric"]],
            role=_ROLES[line["Role"]],
            higher_is_better=line["Better when"] == "higher",
            margin=line["Margin"] / 100 if line["Role"] == "guardrail" else 0.0,
        )
        for line in typed.to_dict("records")
        if line["Role"] in _ROLES
    ]
    return tuple(sorted(chosen, key=lambda metric: list(_ROLES.values()).index(metric.role)))


def _start(given: tuple[Metric, ...]) -> pd.DataFrame:
    held = {metric.name: metric for metric in given}
    lines = []
    for name, metric in (METRICS | held).items():
        own = held.get(name)
        role = own.role.value if own else (_NONE if given else USUAL.get(name, MetricRole.SECONDARY).value)
        direction = (own or metric).higher_is_better
        lines.append({
            "Metric": name, "Role": role, "Better when": "higher" if direction else "lower",
            "Margin": own.margin * 100 if own and own.margin else MARGIN, "Counted": metric.unit,
        })  # fmt: skip
    return pd.DataFrame(lines)
