"""Held-out quality of models side by side, each beside popularity on the same acts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import plotly.graph_objects as go

from core.domain.model import ModelVersion, Rate
from dashboard.charts import plain

Marks = tuple[tuple[str, Rate | None, Rate | None], ...]


def quality_chart(versions: Sequence[ModelVersion]) -> go.Figure:
    """Share of next posts named, with 95% intervals: one line per model, and popularity below it."""
    return _chart(tuple((one.id, one.quality.model, one.quality.popularity) for one in versions))


@lru_cache(maxsize=32)
def _chart(marks: Marks) -> go.Figure:
    figure = go.Figure()
    for name, place, colour, symbol in (("Model", 1, "#4f46e5", "circle"), ("Popularity", 2, "#94a3b8", "diamond")):
        shown = [
            (line + (0.15 if place == 2 else -0.15), mark[0], rate)
            for line, mark in enumerate(marks)
            if isinstance(rate := mark[place], Rate)
        ]
        figure.add_scatter(
            x=[rate.value for _, _, rate in shown], y=[line for line, _, _ in shown], mode="markers", name=name,
            customdata=[id for _, id, _ in shown],
            marker={"color": colour, "size": 9, "symbol": symbol},
            error_x={
                "array": [rate.high - rate.value for _, _, rate in shown],
                "arrayminus": [rate.value - rate.low for _, _, rate in shown],
                "color": colour, "thickness": 1.5, "width": 4,
            },
            hovertemplate="%{x:.1%}<extra>%{customdata}, " + name.lower() + "</extra>",
        )  # fmt: skip
    figure.update_layout(legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"})
    figure.update_xaxes(tickformat=".0%", showgrid=True, zeroline=False, title="Next post named among the first ten")
    figure.update_yaxes(
        range=[len(marks) - 0.5, -0.5], showgrid=False, zeroline=False,
        tickvals=list(range(len(marks))), ticktext=[mark[0] for mark in marks],
    )  # fmt: skip
    return plain(figure, 110 + 44 * len(marks)).update_layout(margin_t=34)
