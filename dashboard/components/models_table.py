"""Every model and every publish, as tables."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.domain.model import ModelPublish, ModelVersion, Rate
from dashboard.components.cursor_pager import CursorPager
from dashboard.components.decisions_table import decisions_table
from dashboard.components.model_quality import quality_chart
from dashboard.components.models_actions import publish_dialog
from dashboard.context import services
from dashboard.formatting import UNKNOWN, interval, local, number, percent, size

_LINES = 20


def models_table(account: Account, in_force: ModelPublish | None) -> None:
    """Every version, a page at a time; selecting one offers to publish it."""
    pager = CursorPager("models_pages")
    page = services().models.versions(account, limit=_LINES, cursor=pager.cursor)
    versions, serving = page.items, in_force.model if in_force is not None else ""
    measured = [version for version in versions if version.quality.model is not None][:8]
    if len(measured) > 1:
        st.plotly_chart(
            quality_chart(measured), config={"displayModeBar": False}, key="model-quality",
            alt="Share of next posts that each model named, with its 95% interval, beside popularity",
        )  # fmt: skip
    names = services().models.names(account, (version.created_by for version in versions))
    chosen = st.dataframe(
        pd.DataFrame([_row(version, serving, names) for version in versions]), hide_index=True, on_select="rerun",
        selection_mode="single-row", key=f"models-table:{pager.cursor or ''}", height="content", row_height=40,
        alt="Trained models, the newest first",
        column_config={
            "State": st.column_config.MultiselectColumn(options=["In force", "Ready"], color=["green", "gray"]),
            "Trained": st.column_config.DatetimeColumn(format="D MMM, HH:mm", width=105),
            "Data through": st.column_config.DatetimeColumn(format="D MMM, HH:mm", width=105),
            "Method": st.column_config.TextColumn(width="medium"),
        },
    )  # fmt: skip
    pager.buttons(page.cursor)
    rows = [row for row in chosen.selection.rows if row < len(versions)]
    if not rows:
        st.caption("Select a version to read what was measured, or to put it in force.")
        return
    version = versions[rows[0]]
    with st.container(border=True):
        st.markdown(f"**{version.id}**. {version.quality.sentence}")
        if version.id == serving:
            st.caption("It is in force.")
        elif st.button(f"Publish {version.id}", icon=":material/publish:"):
            publish_dialog(account, version, in_force)


def _row(version: ModelVersion, serving: str, names: Mapping[str, str]) -> dict[str, object]:
    quality = version.quality
    return {
        "Model": version.id,
        "State": ["In force" if version.id == serving else "Ready"],
        "Trained": local(version.created_at),
        "Data through": local(version.data_through),
        "Hits": _rate(quality.model),
        "Popularity": _rate(quality.popularity),
        "In force then": _rate(quality.in_force),
        "Viewers": number(version.viewers),
        "Posts": number(version.posts),
        "Interactions": number(version.interactions),
        "Method": version.method,
        "Size": size(version.bytes),
        "Took": f"{version.seconds:.1f} s",
        "By": names.get(version.created_by, version.created_by),
    }


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return UNKNOWN
    return f"{percent(rate.value)} ({interval(rate.low * 100, rate.high * 100)})"


def models_history(account: Account) -> None:
    """What was in force when, who decided it and why."""
    lines = services().models.history(account, limit=_LINES)
    if not lines:
        return
    rows = [
        {
            "When": local(line.at),
            "What": f"Rolled back {line.rolled_back}" if line.rolled_back else "Published",
            "In force": line.model or "no model",
            "Who": line.by_name or line.by,
            "Why": line.why,
        }
        for line in lines
    ]
    decisions_table(rows, key="models-history", alt="Publishes and roll backs, the last first")
