"""Pictures of effects: the forest plot of all metrics, and the goal's lift by day with its band."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import plotly.graph_objects as go

from core.domain.experiment import MetricRole, Phase
from core.statistics.guardrails import GuardrailState
from core.statistics.readout import Reading
from core.statistics.sequential import Look

GOOD, BAD, QUIET, BAND = "#079455", "#d92d20", "#64748b", "rgba(79,70,229,.14)"
ACCENT = "#4f46e5"
MARGIN = "rgba(217,45,32,.10)"
_ORDER = {MetricRole.GOAL: 0, MetricRole.GUARDRAIL: 1, MetricRole.SECONDARY: 2}


def word(reading: Reading) -> str:
    """What may be said of a metric now, in one or two words; the colour never says more."""
    if reading.guardrail is not None:
        return {
            GuardrailState.CLEARED: "cleared",
            GuardrailState.HOLD: "worse, within margin",
            GuardrailState.ROLL_BACK: "beyond the margin",
            GuardrailState.UNKNOWN: "not known yet",
        }[reading.guardrail]
    interval = reading.anytime.interval
    if math.isnan(interval.lower):
        return "cannot say yet"
    if not interval.excludes(0.0):
        return "no clear change"
    better = (interval.lower > 0) == reading.metric.higher_is_better
    return "better" if better else "worse"


def _colour(reading: Reading) -> str:
    said = word(reading)
    if said in ("better", "cleared"):
        return GOOD
    return BAD if said in ("worse", "beyond the margin", "worse, within margin") else QUIET


def forest(readings: Sequence[Reading]) -> go.Figure:
    """Relative effects with their intervals: solid the fixed one, dashed the one that holds at every look."""
    rows = sorted(
        (r for r in readings if not math.isnan(r.used.relative)), key=lambda r: _ORDER[r.metric.role], reverse=True
    )
    figure = go.Figure()
    for index, reading in enumerate(rows):
        colour, look, fixed = _colour(reading), reading.anytime.interval, reading.used.relative_interval
        for interval, dash, width in ((look, "dot", 1.5), (fixed, "solid", 4)):
            figure.add_scatter(
                x=[interval.lower * 100, interval.upper * 100], y=[index, index], mode="lines",
                line={"color": colour, "dash": dash, "width": width}, hoverinfo="skip", showlegend=False,
            )  # fmt: skip
        figure.add_scatter(
            x=[reading.used.relative * 100], y=[index], mode="markers", marker={"color": colour, "size": 11},
            hovertemplate=f"{reading.metric.name}: %{{x:+.1f}}%<extra>{word(reading)}</extra>", showlegend=False,
        )  # fmt: skip
        if reading.metric.margin:
            edge = -reading.metric.margin * 100 * (1 if reading.metric.higher_is_better else -1)
            figure.add_shape(
                type="line", x0=edge, x1=edge, y0=index - 0.35, y1=index + 0.35, line={"color": BAD, "width": 1.5}
            )
            figure.add_shape(
                type="rect", x0=edge, x1=0, y0=index - 0.35, y1=index + 0.35, fillcolor=MARGIN, line={"width": 0},
                layer="below",
            )  # fmt: skip
    labels = [f"{r.metric.name}<br><span style='font-size:11px'>{r.metric.role.value}: {word(r)}</span>" for r in rows]
    figure.add_vline(x=0, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=labels, showgrid=False, zeroline=False)
    figure.update_xaxes(ticksuffix="%", title="Change against the control", zeroline=False)
    figure.update_yaxes(range=[-0.6, len(rows) - 0.4])
    figure.update_layout(height=80 + 62 * max(1, len(rows)), margin={"l": 8, "r": 16, "t": 8, "b": 40})
    return figure


def lift_by_day(
    looks: Sequence[Look], days: Sequence[int], *, upto: int, crossed: int | None, phases: Sequence[Phase] = ()
) -> go.Figure:
    """The goal's lift up to each day with the anytime band; the first crossing stays pinned, steps of the ramp are marked."""
    shown = [
        (datetime.fromtimestamp(day * 86_400, UTC).date(), look)
        for day, look in zip(days[: upto + 1], looks[: upto + 1], strict=True)
        if not math.isnan(look.interval.lower)
    ]
    dates = [date for date, _ in shown]
    figure = go.Figure()
    figure.add_scatter(
        x=dates, y=[100 * k.interval.upper for _, k in shown], mode="lines", line={"width": 0}, hoverinfo="skip"
    )
    figure.add_scatter(
        x=dates, y=[100 * k.interval.lower for _, k in shown], mode="lines", line={"width": 0}, fill="tonexty",
        fillcolor=BAND, hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=dates, y=[100 * k.estimate for _, k in shown], mode="lines+markers", line={"color": ACCENT, "width": 2},
        hovertemplate="%{x|%d %b}: %{y:+.1f}%<extra></extra>",
    )  # fmt: skip
    if crossed is not None and crossed <= upto:
        date = datetime.fromtimestamp(days[crossed] * 86_400, UTC).date()
        figure.add_scatter(
            x=[date], y=[100 * looks[crossed].estimate], mode="markers+text", text=["first clear"],
            textposition="top center", marker={"color": GOOD, "size": 13, "symbol": "diamond"}, hoverinfo="skip",
        )  # fmt: skip
    figure.add_hline(y=0, line={"color": QUIET, "dash": "dash", "width": 1})
    for phase in phases[1:]:
        began = datetime.fromtimestamp(phase.started_at / 1_000, UTC).date()
        if dates and dates[0] <= began <= dates[-1]:
            figure.add_shape(
                type="line",
                x0=began,
                x1=began,
                y0=0,
                y1=1,
                yref="paper",
                line={"color": QUIET, "dash": "dot", "width": 1},
            )
            figure.add_annotation(
                x=began, y=1, yref="paper", text=f"{phase.exposure:.0%}", showarrow=False, xanchor="left"
            )
    figure.update_xaxes(tickformat="%-d %b")
    figure.update_yaxes(ticksuffix="%", title="Change so far")
    figure.update_layout(height=300, margin={"l": 8, "r": 16, "t": 16, "b": 8}, showlegend=False)
    return figure
