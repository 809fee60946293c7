"""Changing the words of a post in place; nothing is stored before "Save changes"."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.post import Post, PostStatus
from dashboard.components.post_fields import FIELDS, follow, forget_fields, post_fields
from dashboard.context import clock, services
from dashboard.messages import refusals

_CANNOT: Final = {
    PostStatus.SCREENING: "It is being checked right now; its words can be changed again in a moment.",
    PostStatus.HELD: "A moderator decides on it as it is; its words cannot be changed until then.",
    PostStatus.WITHDRAWN: "Restore it to change its words.",
}
_AGAIN: Final = frozenset({PostStatus.LIVE, PostStatus.IN_REVIEW, PostStatus.REJECTED})


def post_editor(account: Account, post: Post) -> None:
    """Draw the fields and the button that stores them."""
    if post.status in _CANNOT:
        st.info(_CANNOT[post.status], icon=":material/lock:")
        return
    prefix = f"post:{post.id}"
    follow(prefix, post)
    values = post_fields(account, post, prefix=prefix)
    changes = {field: values[field] for field in FIELDS if values[field] != _plain(getattr(post, field))}
    if post.status in _AGAIN:
        st.caption("When title, caption, tags or products change, the post is checked again before it is shown.")
    with st.container(horizontal=True):
        saved = st.button("Save changes", key="save_post", type="primary", icon=":material/save:", disabled=not changes)
        st.button(
            "Discard", key="discard_post", type="tertiary", disabled=not changes,
            on_click=lambda: forget_fields(prefix),
        )  # fmt: skip
    if saved:
        with refusals():
            stored = services().catalog.edit(account, post.id, changes, now=clock(), expected_version=post.version)
            forget_fields(prefix)
            again = stored.status is PostStatus.SCREENING
            st.toast("Saved; it is checked again." if again else "Saved.", icon=":material/save:")
            st.rerun()


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
