"""What the acts of this page change: the next page as it would have been, and as it will be."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.feed import Slot
from dashboard.components.preview_session import PreviewSession
from dashboard.components.slot_trace import slot_tile
from dashboard.components.tiles import tiles
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
    tiles(
        [slot_tile(slot, _change(slot, was), (slot.kind.label, "gray")) for slot in after],
        key="next_page_slots",
        label="The next page as it is now",
        layout="list",
        disabled=True,
    )
    if gone := [slot.title or slot.caption[:60] for slot in before if slot.post not in now]:
        st.caption(f"No longer on it: {literal('; '.join(gone))}.")


def _change(slot: Slot, was: dict[str, int]) -> tuple[str, str]:
    if slot.post not in was:
        return "New", "green"
    by = was[slot.post] - slot.position
    if by == 0:
        return "Same place", "gray"
    return (f"{by} up", "blue") if by > 0 else (f"{-by} down", "orange")
