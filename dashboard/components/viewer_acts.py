"""Buttons that do, as the viewer, what the app's user could do with the slot on the screen."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.viewer import ViewerState
from dashboard.components.preview_session import PreviewSession, act_as_viewer

_ACTS: Final = (
    ("watch", "Watch to the end", "play_circle", False),
    ("like", "Like", "favorite", False),
    ("not_interested", "Skip", "do_not_disturb_on", False),
    ("share", "Share", "share", False),
    ("follow", "Follow", "person_add", False),
    ("product_click", "Open product", "shopping_bag", True),
    ("add_to_cart", "Add to cart", "add_shopping_cart", True),
    ("order", "Buy", "shopping_cart_checkout", True),
)


def viewer_acts(account: Account, session: PreviewSession, position: int, state: ViewerState) -> None:
    """Draw the buttons for the slot at `position`."""
    slot = session.page.slots[position]
    labels = {
        "like": "Take the like back" if slot.post in state.liked else "Like",
        "follow": "Unfollow" if slot.publisher in state.follows else "Follow",
    }
    buyable = bool(slot.products)
    with st.container(horizontal=True, gap="xsmall"):
        for kind, label, icon, about_product in _ACTS:
            if about_product and not buyable:
                continue
            st.button(
                labels.get(kind, label),
                key=f"act_{kind}",
                icon=f":material/{icon}:",
                disabled=kind in ("add_to_cart", "order") and not slot.products[0].in_stock,
                on_click=act_as_viewer,
                args=(account, session, kind, position),
            )
