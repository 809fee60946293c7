"""Who sees what: each layer as one bar of all viewers, with holdout, ranges, arms by exposure, and what is free."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from core.domain.account import Account
from core.domain.experiment import Experiment
from core.domain.layers import Taken
from dashboard.components.effect_charts import ACCENT, BAD
from dashboard.context import services
from dashboard.formatting import percent
from dashboard.literal import literal

ARMS = ("#64748b", "#4f46e5", "#0891b2", "#b45309", "#be185d")
FREE, WAITING, HELD_OUT = "rgba(100,116,139,.10)", "rgba(100,116,139,.30)", "#475467"
HOLDOUT = 0.05
_EDGE = {"width": 1, "color": "rgba(255,255,255,.7)"}


def who_sees_what(me: Account) -> None:
    """A stacked bar per layer in which something is launched; nothing is drawn where nothing is."""
    launched = services().experiments.launched(me)
    if not launched:
        return
    st.subheader("Who sees what now")
    layers = list(dict.fromkeys(one.layer for one in launched))
    figure = go.Figure()
    for layer in layers:
        own = [one for one in launched if one.layer == layer]
        for width, colour, label, text in _pieces(own):
            figure.add_bar(
                x=[100 * width], y=[layer], orientation="h", marker={"color": colour, "line": _EDGE},
                insidetextfont={"color": _ink(colour)},
                text=[text], textposition="inside", insidetextanchor="middle", textangle=0, constraintext="inside",
                hovertemplate=f"{label}: %{{x:.1f}}% of all viewers<extra></extra>", showlegend=False,
            )  # fmt: skip
    figure.update_layout(
        barmode="stack", height=70 + 52 * len(layers), margin={"l": 8, "r": 8, "t": 8, "b": 32}, bargap=0.35
    )
    figure.update_xaxes(range=[0, 100.5], ticksuffix="%", title=None, zeroline=False, tickvals=[0, 25, 50, 75, 100])
    figure.update_yaxes(type="category", showgrid=False)
    st.plotly_chart(figure, key="who_sees_what", config={"displayModeBar": False})
    st.caption(f"The dark piece on the left is the holdout: {HOLDOUT:.0%} of all viewers are in no experiment.")
    for one in launched:
        st.caption(f"**{literal(one.name)}** ({one.layer}, {one.lower:.0%} to {one.upper:.0%}): {in_words(one)}")


def in_words(one: Experiment) -> str:
    """Which share of all viewers gets which arm of an experiment, as a sentence."""
    if not one.live:
        return "stands still; its viewers get the default feed."
    weights = [arm.weight for arm in one.arms]
    each = one.exposure * (one.upper - one.lower) * (1 - HOLDOUT if one.holdout else 1) / sum(weights)
    said = ", ".join(f"{literal(arm.name)} {percent(each * arm.weight)}" for arm in one.arms if arm.weight > 0)
    return f"{said} of all viewers."


def layer_range(ranges: Sequence[Taken], lower: float, upper: float, *, key: str) -> None:
    """The layer with what is taken by whom, and the range that is being chosen."""
    figure = go.Figure()
    at = 0.0
    for one in ranges:
        if one.lower > at:
            _part(figure, one.lower - at, FREE, "Free", "")
        _part(figure, one.upper - max(at, one.lower), WAITING, one.experiment.name, one.experiment.name)
        at = max(at, one.upper)
    if at < 1:
        _part(figure, 1 - at, FREE, "Free", "free")
    clash = any(lower < one.upper and one.lower < upper for one in ranges)
    figure.add_shape(
        type="rect", x0=100 * lower, x1=100 * upper, y0=-0.48, y1=0.48, line={"color": BAD if clash else ACCENT, "width": 3},
        fillcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    figure.update_layout(barmode="stack", height=92, margin={"l": 8, "r": 8, "t": 4, "b": 28}, bargap=0.2)
    figure.update_xaxes(range=[0, 100], ticksuffix="%", zeroline=False)
    figure.update_yaxes(showticklabels=False, showgrid=False)
    st.plotly_chart(figure, key=key, config={"displayModeBar": False})


def _part(figure: go.Figure, width: float, colour: str, label: str, text: str) -> None:
    figure.add_bar(
        x=[100 * width], y=[""], orientation="h", marker={"color": colour, "line": _EDGE}, text=[text], textposition="inside",
        textangle=0, insidetextanchor="middle", insidetextfont={"color": _ink(colour)},
        hovertemplate=f"{label}<extra></extra>", showlegend=False,
    )  # fmt: skip


def _ink(colour: str) -> str:
    """A colour of text that can be read on a piece, in light and dark."""
    return "#94a3b8" if colour in (FREE, WAITING) else "#ffffff"


def _pieces(own: Sequence[Experiment]) -> list[tuple[float, str, str, str]]:
    """(share of all viewers, colour, label, text) from the left: the holdout, the ranges with their arms, what is free."""
    rest = 1 - HOLDOUT
    pieces = [(HOLDOUT, HELD_OUT, "Holdout, in no experiment", "")]
    at = 0.0
    for one in own:
        if one.lower > at:
            pieces.append((rest * (one.lower - at), FREE, "Free", ""))
        width, weights = rest * (one.upper - one.lower), sum(arm.weight for arm in one.arms)
        shown = one.exposure if one.live else 0.0
        for place, arm in enumerate(one.arms):
            if shown and arm.weight:
                share = width * shown * arm.weight / weights
                pieces.append((share, ARMS[place % len(ARMS)], f"{one.name}, {arm.name}", arm.name))
        if shown < 1:
            why = "not exposed yet" if one.live else "stands still"
            pieces.append((width * (1 - shown), WAITING, f"{one.name}, {why}", why))
        at = max(at, one.upper)
    if at < 1:
        pieces.append((rest * (1 - at), FREE, "Free", "free"))
    return pieces
