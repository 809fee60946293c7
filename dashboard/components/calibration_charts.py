"""The reliability diagram: what was predicted against what happened."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import plotly.graph_objects as go

from core.domain.calibration import ReliabilityRow
from dashboard import charts

BEFORE: Final = "#94a3b8"
AFTER: Final = "#4f46e5"


@lru_cache(maxsize=64)
def reliability_diagram(rows: tuple[ReliabilityRow, ...], *, fitted: bool) -> go.Figure:
    """Observed rate with its interval over the predicted chance, before and (if `fitted`) after calibration; on the dashed
    diagonal the two agree."""
    figure = go.Figure()
    most = max((max(row.before, row.after, row.high) for row in rows), default=1.0)
    figure.add_scatter(
        x=[0, most], y=[0, most], mode="lines", name="Predicted = observed", hoverinfo="skip",
        line={"dash": "dash", "width": 1.5, "color": "#64748b"},
    )  # fmt: skip
    _points(figure, "As predicted", BEFORE, "circle-open", rows, [row.before for row in rows])
    if fitted:
        _points(figure, "Calibrated", AFTER, "circle", rows, [row.after for row in rows])
    digits = ".0%" if most > 0.2 else ".1%" if most > 0.02 else ".2%"
    figure.update_xaxes(title="Predicted chance", tickformat=digits, range=[0, most * 1.04], zeroline=False, nticks=6)
    figure.update_yaxes(title="Observed rate", tickformat=digits, range=[0, most * 1.04], zeroline=False, nticks=6)
    figure.update_layout(legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0})
    return charts.plain(figure, 340).update_layout(margin={"l": 8, "r": 8, "t": 36, "b": 8})


def _points(
    figure: go.Figure, name: str, colour: str, symbol: str, rows: tuple[ReliabilityRow, ...], predicted: list[float]
) -> None:
    figure.add_scatter(
        x=predicted, y=[row.observed for row in rows], mode="markers", name=name,
        marker={"color": colour, "size": 9, "symbol": symbol, "line": {"width": 2, "color": colour}},
        error_y={
            "type": "data", "symmetric": False, "array": [row.high - row.observed for row in rows],
            "arrayminus": [row.observed - row.low for row in rows], "color": colour, "thickness": 1.5, "width": 3,
        },
        customdata=[(row.impressions, row.low, row.high) for row in rows],
        hovertemplate="predicted %{x:.2%}, observed %{y:.2%}<br>interval %{customdata[1]:.2%} to %{customdata[2]:.2%}"
        "<br>%{customdata[0]:,} seen slots<extra>" + name + "</extra>",
    )  # fmt: skip
