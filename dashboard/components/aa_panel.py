"""The A/A check: does a metric cry wolf when nothing differs?"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.domain.account import Account
from core.domain.experiment import Metric
from dashboard.components.effect_charts import ACCENT, QUIET
from dashboard.context import clock, services

RUNS = 200


def aa_panel(me: Account, metrics: tuple[Metric, ...]) -> None:
    """Draw the choice of a metric, the button, and what came of it."""
    by_name = {metric.name: metric for metric in metrics}
    name = st.selectbox("Metric to check", list(by_name), key="aa-metric")
    if st.button("Run the A/A check", icon=":material/science:"):
        st.session_state["aa-asked"] = name
    if st.session_state.get("aa-asked") != name or name is None:
        st.caption(
            f"Draws the viewers of the last four weeks into two equal arms {RUNS} times and reads {name} each time."
        )
        return
    with st.spinner(f"Drawing viewers {RUNS} times"):
        found = services().viewer_readouts.aa_check(me, by_name[name], runs=RUNS, now=clock())
    (st.success if found.sound else st.warning)(found.sentence)
    if not found.p_values:
        return
    counts, edges = np.histogram(found.p_values, bins=20, range=(0, 1))
    figure = go.Figure(go.Bar(x=(edges[:-1] + edges[1:]) / 2, y=counts, marker={"color": ACCENT}, hoverinfo="y"))
    figure.add_hline(y=len(found.p_values) / 20, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.update_layout(height=220, margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.08, showlegend=False)
    figure.update_xaxes(title="p-value")
    figure.update_yaxes(title="Drawings")
    st.plotly_chart(figure, key="aa-chart")
    st.caption("Without any effect p-values are spread evenly; the dashed line is what each bar should be near.")
