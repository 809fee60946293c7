"""The figure of the mix page, built once for the same numbers."""

from __future__ import annotations

from functools import lru_cache

import plotly.graph_objects as go

from core.domain.post import PostKind
from dashboard.charts import MUTED, PALETTE, plain
from dashboard.formatting import percent

Row = tuple[PostKind, float, float, float, float]
"""A kind, its share before and after, and the least and greatest share allowed after."""
_FAINT = 0.45


@lru_cache(maxsize=64)
def mix_change(rows: tuple[Row, ...], draft: bool) -> go.Figure:
    """The share of each kind over the band that is allowed; for a draft beside the share in force, drawn faint."""
    names = [kind.label for kind, *_ in rows]
    colours = [PALETTE[kind] for kind, *_ in rows]
    figure = go.Figure()
    figure.add_bar(
        y=names, x=[most - least for *_, least, most in rows], base=[least for *_, least, _ in rows], orientation="h",
        width=0.92, offset=-0.46, marker={"color": MUTED, "line_width": 0},
        customdata=[(percent(least, 0), percent(most, 0)) for *_, least, most in rows],
        hovertemplate="Allowed: %{customdata[0]} to %{customdata[1]}<extra>%{y}</extra>",
    )  # fmt: skip
    bars = [("In force", [row[1] for row in rows], -0.36, _FAINT), ("This draft", [row[2] for row in rows], 0.02, 1.0)]
    for name, shares, offset, opacity in bars if draft else [("In force", [row[2] for row in rows], -0.17, 1.0)]:
        figure.add_bar(
            y=names, x=shares, orientation="h", width=0.34, offset=offset, opacity=opacity,
            marker={"color": colours, "line_width": 0}, text=[percent(share, 0) for share in shares],
            textposition="outside", cliponaxis=False, hovertemplate="%{x:.1%}<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.update_layout(barmode="overlay", showlegend=False)
    figure.update_xaxes(
        range=[0, 1.1], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1], showgrid=True, zeroline=False
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticklabelstandoff=6)
    return plain(figure, 250 if draft else 200)
