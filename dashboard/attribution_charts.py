"""Figures of attribution, built once for the same numbers and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final

import plotly.graph_objects as go

from core.domain.ids import DAY
from dashboard.charts import plain
from dashboard.formatting import money, number, percent, plural

ACCENT: Final = "#4f46e5"
SHORTEST: Final = 14
STEPS: Final = {
    "impression": "Seen",
    "watch": "Watched",
    "product_click": "Product clicks",
    "add_to_cart": "Carts",
    "order": "Orders",
}


def funnel(counts: Mapping[str, int]) -> go.Figure:
    """From seen to ordered, each step with its part of the step before."""
    return _funnel(tuple(counts.get(step, 0) for step in STEPS))


@lru_cache(maxsize=128)
def _funnel(counts: tuple[int, ...]) -> go.Figure:
    words = [number(counts[0])]
    for before, count in pairwise(counts):
        words.append(f"{number(count)} ({percent(count / before)})" if before else number(count))
    # A logarithm's width: orders are a thousandth of views and would not be seen beside them.
    widths = [len(str(count)) - 1 + int(str(count)[0]) / 10 if count else 0 for count in counts]
    figure = go.Figure(
        go.Funnel(
            y=list(STEPS.values()), x=widths, text=words, textinfo="text", textposition="auto",
            marker={"color": ["#c7d2fe", "#a5b4fc", "#6d71ee", "#5b54e8", ACCENT], "line": {"width": 0}},
            insidetextfont={"color": ["#1e1b4b", "#1e1b4b", "#ffffff", "#ffffff", "#ffffff"]},
            connector={"fillcolor": "rgba(128,132,145,.12)", "line": {"width": 0}},
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(showgrid=False, ticklabelstandoff=6)
    figure.update_xaxes(visible=False)
    return plain(figure, 240)


def revenue_by_day(days: Sequence[str], minor: Sequence[int], orders: Sequence[int]) -> go.Figure:
    """Revenue per day as columns."""
    return _revenue(tuple(days), tuple(minor), tuple(orders))


@lru_cache(maxsize=128)
def _revenue(days: tuple[str, ...], minor: tuple[int, ...], orders: tuple[int, ...]) -> go.Figure:
    figure = go.Figure()
    figure.add_bar(
        x=days, y=[value / 100 for value in minor], width=0.8 * DAY, marker={"color": ACCENT, "line_width": 0},
        customdata=[(money(value), number(count)) for value, count in zip(minor, orders, strict=True)],
        hovertemplate="%{customdata[0]}, %{customdata[1]} orders<extra>%{x}</extra>",
    )  # fmt: skip
    figure.update_yaxes(showgrid=True, tickprefix="₹", separatethousands=True, rangemode="tozero")
    figure.update_xaxes(showgrid=False, type="date", tickformat="%-d %b", range=_two_weeks(days))
    return plain(figure, 200)


def _two_weeks(days: tuple[str, ...]) -> list[str] | None:
    """At least fourteen days for an axis: a column that is alone on it would fill the chart. None leaves the axis alone."""
    if not days:
        return None
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    if (last - first).days >= SHORTEST - 1:
        return None
    half = timedelta(hours=12)
    start, end = (datetime.combine(day, time()) for day in (last - timedelta(days=SHORTEST - 1), last))
    return [(start - half).isoformat(), (end + half).isoformat()]


def revenue_by_key(keys: Sequence[str], minor: Sequence[int], orders: Sequence[int]) -> go.Figure:
    """Revenue per kind, policy or publisher as bars, the largest on top."""
    return _by_key(tuple(keys), tuple(minor), tuple(orders))


@lru_cache(maxsize=128)
def _by_key(keys: tuple[str, ...], minor: tuple[int, ...], orders: tuple[int, ...]) -> go.Figure:
    figure = go.Figure()
    figure.add_bar(
        y=keys, x=[value / 100 for value in minor], orientation="h", width=0.6,
        marker={"color": ACCENT, "line_width": 0}, cliponaxis=False, textposition="outside",
        text=[f"{money(value)}, {plural(count, 'order')}" for value, count in zip(minor, orders, strict=True)],
        hovertemplate="%{text}<extra>%{y}</extra>",
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False, ticklabelstandoff=6)
    figure.update_xaxes(visible=False, range=[0, max((value / 100 for value in minor), default=1) * 1.8])
    return plain(figure, 30 + 34 * max(1, len(keys)))
