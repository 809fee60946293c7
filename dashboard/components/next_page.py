"""What the acts of this page change: the next page as it would have been, and as it will be."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.domain.feed import Slot
from dashboard.components.preview_session import PreviewSession
from dashboard.formatting import plural
from dashboard.literal import literal


def next_page_changes(account: Account, session: PreviewSession) -> None:
    """Draw the next page with what is new or has moved, and name what left it."""
    if session.baseline is None:
        st.caption(
            "Like, skip or buy something in the phone: this compares the next page as it would have been with the one "
            "that comes now. Chance is held still, so what differs comes from what you did."
        )
        return
    before, after = session.baseline.slots, session.upcoming(account).slots
    was = {slot.post: slot.position for slot in before}
    now = {slot.post for slot in after}
    new = sum(slot.post not in was for slot in after)
    moved = sum(slot.post in was and was[slot.post] != slot.position for slot in after)
    st.markdown(
        f"**{plural(new, 'post')} new, {moved} moved** on the next page, after: {literal(', '.join(session.acts))}."
    )
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Slot": slot.position + 1,
                    "Change": _change(slot, was),
                    "Poster": slot.media.poster or None,
                    "Post": slot.title or slot.caption[:80],
                    "Kind": slot.kind.label,
                    "Why it is there": slot.reason.sentence,
                }
                for slot in after
            ]
        ),
        hide_index=True,
        row_height=56,
        height="content",
        alt="The next page and what has changed on it",
        column_config={
            "Slot": st.column_config.NumberColumn(width=48),
            "Change": st.column_config.TextColumn(width="small"),
            "Poster": st.column_config.ImageColumn(width=52),
            "Why it is there": st.column_config.TextColumn(width="large"),
        },
    )
    if gone := [slot.title or slot.caption[:60] for slot in before if slot.post not in now]:
        st.caption(f"No longer on it: {literal('; '.join(gone))}.")


def _change(slot: Slot, was: dict[str, int]) -> str:
    if slot.post not in was:
        return "New"
    by = was[slot.post] - slot.position
    if by == 0:
        return "Same"
    return f"▲ {by} up" if by > 0 else f"▼ {-by} down"
