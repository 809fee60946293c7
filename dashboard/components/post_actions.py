"""What a publisher can do with a whole post: submit, withdraw with a way back, restore, try again."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.domain.account import Account
from core.domain.ids import SECOND, Millis
from core.domain.post import Post, PostStatus
from dashboard.context import clock, services
from dashboard.links import open_page
from dashboard.messages import refusals

UNDO_FOR: Millis = 30 * SECOND


def post_actions(account: Account, post: Post) -> None:
    """Draw the buttons that the post's status allows."""
    catalog = services().catalog
    match post.status:
        case PostStatus.DRAFT:
            if st.button("Continue in the studio", key="to_studio", icon=":material/edit_note:"):
                open_page("studio")
            _act("Submit", "send", lambda: catalog.submit(account, post.id, now=clock()), "Submitted.", primary=True)
        case PostStatus.WITHDRAWN:
            label = "Undo" if _just_withdrawn(post) else "Restore"
            _act(
                label, "undo", lambda: catalog.restore(account, post.id, now=clock()), "Restored; it is checked again."
            )
        case PostStatus.FAILED:
            _act("Try again", "refresh", lambda: catalog.retry(account, post.id, now=clock()), "Processing it again.")
            _withdraw_button(account, post)
        case _:
            _withdraw_button(account, post)


def _withdraw_button(account: Account, post: Post) -> None:
    if st.button("Withdraw", key="withdraw", icon=":material/visibility_off:"):
        _confirm_withdraw(account, post)


@st.dialog("Withdraw this post?", icon=":material/visibility_off:")
def _confirm_withdraw(account: Account, post: Post) -> None:
    st.write("It leaves every feed at once. You can restore it; it is checked again then.")
    note = st.text_input("Why (kept in its history)", key="withdraw_note", max_chars=200)
    with st.container(horizontal=True):
        if st.button("Withdraw", key="confirm_withdraw", type="primary"):
            with refusals():
                services().catalog.withdraw(account, post.id, now=clock(), note=note.strip())
                st.toast("Withdrawn. Undo is at the top of the page.", icon=":material/visibility_off:")
                st.rerun()
        if st.button("Keep it", key="keep_post"):
            st.rerun()


def _act(label: str, icon: str, do: Callable[[], Post], done: str, *, primary: bool = False) -> None:
    if st.button(label, key=f"act_{icon}", icon=f":material/{icon}:", type="primary" if primary else "secondary"):
        with refusals():
            do()
            st.toast(done, icon=f":material/{icon}:")
            st.rerun()


def _just_withdrawn(post: Post) -> bool:
    return bool(post.history) and clock() - post.history[-1].at < UNDO_FOR
