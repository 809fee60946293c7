"""A list of what was in force when, who decided it and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st


def decisions_table(rows: Sequence[Mapping[str, object]], *, key: str, alt: str) -> None:
    """Draw it folded in, the newest first; each row has "When", a local time, and "Why" among what it tells."""
    with st.expander("What was in force when", icon=":material/history:"):
        st.dataframe(
            pd.DataFrame(rows), hide_index=True, height="content", key=key, alt=alt,
            column_config={
                "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=150),
                "Why": st.column_config.TextColumn(width="large"),
            },
        )  # fmt: skip
