"""Delivered over time against the plan."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import plotly.graph_objects as go

from core.services.campaign_progress import Curve
from dashboard.charts import plain
from dashboard.formatting import local

DELIVERED: Final = "#4f46e5"
PLAN: Final = "#d97706"
_FILL: Final = "rgba(79,70,229,.12)"


@lru_cache(maxsize=32)
def delivery_chart(curve: Curve, goal: int, now: int) -> go.Figure:
    """Both curves, the goal as a line, and now."""
    figure = go.Figure()
    figure.add_scatter(
        x=[local(at) for at, _ in curve.planned], y=[value for _, value in curve.planned], name="Planned",
        mode="lines", line={"color": PLAN, "width": 2, "dash": "dash"},
        hovertemplate="%{x|%d %b %H:%M}: %{y:,.0f}<extra>planned</extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[local(at) for at, _ in curve.delivered], y=[count for _, count in curve.delivered], name="Delivered",
        mode="lines", line={"color": DELIVERED, "width": 2.5}, fill="tozeroy", fillcolor=_FILL,
        hovertemplate="%{x|%d %b %H:%M}: %{y:,.0f}<extra>delivered</extra>",
    )  # fmt: skip
    figure.add_hline(y=goal, line={"color": "rgba(128,132,145,.6)", "width": 1})
    figure.add_vline(x=local(now), line={"color": "rgba(128,132,145,.6)", "width": 1, "dash": "dot"})
    figure.update_yaxes(title="Deliveries", rangemode="tozero", tickformat=",", zeroline=False)
    figure.update_xaxes(showgrid=False, tickformat="%-d %b")
    figure.update_layout(legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0})
    return plain(figure, 300).update_layout(margin_t=36)
