"""Choosing the posts of a campaign among the live ones of its publisher, by their posters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.domain.account import Account
from core.domain.campaign import MAX_POSTS
from core.domain.post import PostStatus
from dashboard.components.post_grid import post_tile
from dashboard.components.tiles import tiles
from dashboard.context import clock, services

_SHOWN = 60


def post_picker(me: Account, publisher: str, *, chosen: Sequence[str], prefix: str) -> list[str]:
    """Draw the posters; the chosen ids, `chosen` at first, are in session state and are returned in the order of choosing."""
    key = f"{prefix}:posts:{publisher}"
    picked: list[str] = list(st.session_state.setdefault(key, list(chosen)))
    words = st.text_input(
        "Find posts",
        key=f"{prefix}:find:{publisher}",
        type="search",
        live=True,
        placeholder="Words of title, caption, tags",
    )
    page = services().catalog.find(
        me, text=words or "", statuses=(PostStatus.LIVE,), publisher=publisher or None, limit=_SHOWN
    )
    if not page.items and not words:
        st.info("This publisher has no live post yet. A campaign needs at least one.")
        return picked
    now = clock()
    listed = {post.id for post in page.items}
    others = [] if words else [services().catalog.get(me, id) for id in picked if id not in listed]

    def toggle(id: str) -> None:
        held: list[str] = list(st.session_state.get(key, []))
        st.session_state[key] = [one for one in held if one != id] if id in held else [*held, id][:MAX_POSTS]

    tiles(
        [
            replace(post_tile(post, now=now, with_status=post in others), href="", chosen=post.id in picked)
            for post in (*others, *page.items)
        ],
        key=f"{key}:tiles",
        label="Live posts of the publisher",
        size=112,
        ratio="4 / 5",
        on_pick=toggle,
    )
    shown = f"the first {_SHOWN} are shown; find others by their words" if page.cursor else "all live posts are shown"
    st.caption(f"{len(picked)} chosen of at most {MAX_POSTS}; {shown}.")
    return picked
