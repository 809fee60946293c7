"""A page of the feed in a phone: playable, scrolling slot by slot, with the buttons the app has."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from core.domain.feed import FeedPage, Slot
from dashboard.formatting import money

_HERE = Path(__file__).parent
_phone = component(
    "feedroom.phone_frame",
    html="""<div class="phone"><div class="screen">
      <button class="sound" type="button"></button>
      <div class="feed" tabindex="0" role="feed" aria-label="The feed; arrow keys move, space plays and pauses"></div>
    </div></div>""",
    css=(_HERE / "phone_frame.css").read_text(encoding="utf-8"),
    js=(_HERE / "phone_frame.js").read_text(encoding="utf-8"),
)


def phone_frame(
    page: FeedPage,
    *,
    key: str,
    on_act: Callable[[str, int], None],
    on_next: Callable[[], None],
    liked: Collection[str] = (),
    follows: Collection[str] = (),
    fresh: Collection[str] = (),
    jump: tuple[int, int] | None = None,
) -> int:
    """Draw `page`; returns the position of the slot on the phone's screen.

    A button in the phone calls `on_act` with the kind of viewer event and the slot's position, its last screen calls `on_next`;
    both before the page is drawn anew. `fresh` are posts to mark as new; `jump` is (number, slot): a number not seen before
    scrolls to the slot.
    """

    def acted() -> None:
        act = st.session_state[key].act
        if act and 0 <= int(act["slot"]) < len(page.slots):
            on_act(str(act["kind"]), int(act["slot"]))

    def asked() -> None:
        if st.session_state[key].next:
            on_next()

    drawn = _phone(
        key=key,
        data={
            "page": page.request,
            "slots": [_slot(slot, slot.post in fresh) for slot in page.slots],
            "liked": sorted(liked),
            "follows": sorted(follows),
            "more": page.cursor is not None,
            "end": end_of(page),
            "jump": {"number": jump[0], "slot": jump[1]} if jump else None,
        },
        default={"visible": [page.request, 0]},
        on_visible_change=lambda: None,
        on_act_change=acted,
        on_next_change=asked,
    )
    # The phone still speaks of the page before until it has drawn this one.
    request, visible = drawn.visible or (page.request, 0)
    return int(visible) if request == page.request and 0 <= int(visible) < len(page.slots) else 0


def end_of(page: FeedPage) -> str:
    """What the screen after the last post says."""
    if page.cursor:
        return "End of this page."
    return "That was everything this viewer has not seen yet." if page.slots else "Nothing to show yet."


def _slot(slot: Slot, fresh: bool) -> dict[str, object]:
    product = slot.products[0] if slot.products else None
    return {
        "position": slot.position,
        "post": slot.post,
        "title": slot.title or slot.caption[:60] or "Untitled",
        "caption": slot.caption or slot.title,
        "publisher": slot.publisher,
        "publisher_name": slot.publisher_name,
        "kind": slot.kind.value,
        "kind_label": slot.kind.label,
        "ai_generated": slot.ai_generated,
        "sponsored": bool(slot.campaign),
        "fresh": fresh,
        "poster": slot.media.poster,
        "video": slot.media.clip,
        "hls": slot.media.hls,
        "product": product
        and {
            "id": product.id,
            "name": product.name,
            "image": product.image,
            "price": money(product.price_minor, product.currency),
            "list_price": money(product.list_price_minor, product.currency)
            if product.list_price_minor and product.list_price_minor > product.price_minor
            else "",
            "in_stock": product.in_stock,
            "stock": "In stock" if product.in_stock else "Out of stock",
        },
    }
