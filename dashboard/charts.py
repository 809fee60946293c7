"""Figures, built once for the same numbers and kept: building one anew at every run costs more than drawing the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import plotly.graph_objects as go

from core.domain.post import PostKind
from dashboard.formatting import percent

PALETTE: Final = {
    PostKind.UGC: "#64748b",
    PostKind.PROMOTIONAL: "#d97706",
    PostKind.EDUCATIONAL: "#0d9488",
    PostKind.PRODUCT: "#4f46e5",
}
"""One colour per kind of post, the same in every chart, in the phone and in both themes."""
MUTED: Final = "rgba(128,132,145,.28)"
_KEPT = 128


def plain(figure: go.Figure, height: int) -> go.Figure:
    """The house's layout: no background, no toolbar's margin, words in the page's font."""
    return figure.update_layout(
        height=height,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"font_size": 12},
    )


def mix_bars(served: Mapping[PostKind, int], allowed: Mapping[PostKind, tuple[float, float]]) -> go.Figure:
    """Each kind's share of some slots, over the band from the least to the greatest share its policy allows."""
    return _mix_bars(
        tuple((kind, served.get(kind, 0)) for kind in PostKind),
        tuple((kind, *allowed.get(kind, (0.0, 1.0))) for kind in PostKind),
    )


@lru_cache(maxsize=_KEPT)
def _mix_bars(
    served: tuple[tuple[PostKind, int], ...], allowed: tuple[tuple[PostKind, float, float], ...]
) -> go.Figure:
    total = max(1, sum(count for _, count in served))
    names = [kind.label for kind, _ in served]
    figure = go.Figure()
    figure.add_bar(
        y=names, x=[most - least for _, least, most in allowed], base=[least for _, least, _ in allowed],
        orientation="h", width=0.86, marker={"color": MUTED, "line_width": 0}, name="Allowed by the policy",
        customdata=[(percent(least, 0), percent(most, 0)) for _, least, most in allowed],
        hovertemplate="Allowed: %{customdata[0]} to %{customdata[1]}<extra>%{y}</extra>",
    )  # fmt: skip
    figure.add_bar(
        y=names, x=[count / total for _, count in served], orientation="h", width=0.42,
        marker={"color": [PALETTE[kind] for kind, _ in served], "line_width": 0}, name="On this page",
        text=[percent(count / total, 0) if count else "" for _, count in served], textposition="outside",
        cliponaxis=False, customdata=[count for _, count in served],
        hovertemplate="%{customdata} slots<extra>%{y}</extra>",
    )  # fmt: skip
    figure.update_layout(barmode="overlay", showlegend=False, bargap=0.2)
    figure.update_xaxes(
        range=[0, 1.08], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1], showgrid=True, zeroline=False
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticklabelstandoff=6)
    return plain(figure, 190)


def kinds_over_time(times: Sequence[str], counts: Mapping[PostKind, Sequence[int]]) -> go.Figure:
    """Shares of the kinds among what was served, one column per stretch of time."""
    return _kinds_over_time(tuple(times), tuple((kind, tuple(counts.get(kind, ()))) for kind in PostKind))


@lru_cache(maxsize=_KEPT)
def _kinds_over_time(times: tuple[str, ...], counts: tuple[tuple[PostKind, tuple[int, ...]], ...]) -> go.Figure:
    totals = [max(1, sum(row[place] for _, row in counts if row)) for place in range(len(times))]
    figure = go.Figure()
    for kind, row in counts:
        figure.add_bar(
            x=times, y=[count / total for count, total in zip(row, totals, strict=True)] if row else [],
            name=kind.label, marker={"color": PALETTE[kind], "line_width": 0}, customdata=row,
            hovertemplate="%{y:.0%} (%{customdata} slots)<extra>%{x}: " + kind.label + "</extra>",
        )  # fmt: skip
    figure.update_layout(
        barmode="stack",
        bargap=0.15,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )
    figure.update_yaxes(tickformat=".0%", range=[0, 1], showgrid=True)
    figure.update_xaxes(showgrid=False, type="category", nticks=8)
    return plain(figure, 260).update_layout(margin_t=30)


def odds_bars(odds: Mapping[str, float]) -> go.Figure:
    """Predicted odds of what a viewer may do (0 to 1), the likeliest first."""
    return _odds_bars(tuple(sorted(odds.items(), key=lambda item: -item[1])))


@lru_cache(maxsize=_KEPT)
def _odds_bars(odds: tuple[tuple[str, float], ...]) -> go.Figure:
    figure = go.Figure()
    figure.add_bar(
        y=[name.replace("_", " ").capitalize() for name, _ in odds], x=[value for _, value in odds],
        orientation="h", marker={"color": "#4f46e5", "line_width": 0}, text=[percent(value, 2) for _, value in odds],
        textposition="outside", cliponaxis=False, hovertemplate="%{x:.2%}<extra>%{y}</extra>",
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False, ticklabelstandoff=6)
    # Room for the number behind the longest bar, on a phone too.
    room = max((value for _, value in odds), default=0.0) * 1.25 or 1.0
    figure.update_xaxes(showgrid=True, zeroline=True, nticks=4, tickformat=".0%", range=[0, room])
    return plain(figure, 40 + 24 * max(1, len(odds)))
