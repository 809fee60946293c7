"""Choosing tags: the chosen ones and what a search or the caption suggests, as pills."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.domain.account import Account
from core.domain.post import MAX_TAGS
from core.domain.taxonomy import Tag
from dashboard.context import services


def tag_choices(account: Account) -> dict[str, str]:
    """Every tag in use, id to name, in the order of their names."""
    return {tag.id: tag.name for tag in services().shop.tags(account)}


def tag_picker(
    account: Account, *, prefix: str, text: str, on_change: Callable[[], None] | None = None, disabled: bool = False
) -> list[str]:
    """Draw the pills; the chosen ids are in session state under `{prefix}:tags` and are returned.

    The first pills are chosen, then come those that fit the search, else those that `text` (title and caption) speaks of.
    """
    key = f"{prefix}:tags"
    names = tag_choices(account)
    chosen: list[str] = list(st.session_state.setdefault(key, []))
    searched = st.text_input(
        "Find tags", key=f"{prefix}:find_tags", type="search", live=True, disabled=disabled,
        placeholder="saree, साड़ी, wedding, lehenga …", help="By any of its names, in English, Hindi, Hinglish or Ukrainian.",
    )  # fmt: skip
    offered: Sequence[Tag]
    if searched:
        offered = [tag for tag in services().shop.search_tags(account, searched, limit=10) if tag.id not in chosen]
        note = f"{len(offered)} more fit “{searched}”." if offered else f"No other tag fits “{searched}”."
    else:
        offered = services().catalog.suggest_tags(account, text, chosen=chosen)
        note = "Suggested by what you wrote: " + ", ".join(tag.name for tag in offered) + "." if offered else ""
    if options := [*chosen, *(tag.id for tag in offered)]:
        st.pills(
            f"Tags, {len(chosen)} of at most {MAX_TAGS} chosen",
            options,
            key=key,
            selection_mode="multi",
            format_func=lambda tag: names.get(tag, tag),
            on_change=on_change,
            disabled=disabled,
        )
    if note:
        st.caption(note)
    elif not options:
        st.caption("No tags yet. Find some above; they decide whose feed the post can reach.")
    return list(st.session_state.get(key, []))
