"""One draft in the studio: its media on the left, its words on the right, saved as they are typed."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError, ServiceError
from core.domain.ids import Millis
from core.domain.post import Post
from dashboard.components.draft_media import draft_media
from dashboard.components.post_fields import forget_fields, post_fields, remember_saved, seen_value
from dashboard.context import clock, services
from dashboard.formatting import local
from dashboard.messages import refusals, sentence


def draft_card(account: Account, post: Post) -> None:
    """Draw the card. Each card is a fragment of its own: typing in one never waits for the others."""
    with st.container(border=True, key=f"draft-{post.id}"):
        left, right = st.columns([1, 3], gap="medium")
        with left:
            draft_media(account, post)
        with right:
            _words(account, post.id)


@st.fragment
def _words(account: Account, id: str) -> None:
    prefix = f"draft:{id}"
    try:
        post = services().catalog.get(account, id)
    except CallerError:
        st.caption("This draft is no longer here.")
        return
    post_fields(account, post, prefix=prefix, on_change=lambda field: _save(account, id, prefix, field))
    problems: dict[str, str] = st.session_state.get(f"{prefix}:problems", {})
    for problem in problems.values():
        st.error(problem, icon=":material/error:")
    if problems:
        st.button("Show what is stored", key=f"{prefix}:reset", on_click=lambda: forget_fields(prefix))
    _footer(account, services().catalog.get(account, id), prefix)


def _footer(account: Account, post: Post, prefix: str) -> None:
    missing = services().catalog.missing(post)
    if missing:
        st.caption(" ".join(["Before you can submit:", *missing]))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        submitted = st.button(
            "Submit", key=f"{prefix}:submit", type="primary", icon=":material/send:", disabled=bool(missing),
            help="It is checked automatically, and by a moderator if need be, before viewers see it.",
        )  # fmt: skip
        if st.button("Delete draft", key=f"{prefix}:delete", type="tertiary", icon=":material/delete:"):
            _confirm_delete(account, post)
        st.space("stretch")
        st.caption(_saved_in_words(st.session_state.get(f"{prefix}:saved") or post.updated_at), width="content")
    if submitted:
        _submit(account, post, prefix)


def _save(account: Account, id: str, prefix: str, field: str) -> None:
    problems: dict[str, str] = st.session_state.setdefault(f"{prefix}:problems", {})
    now = clock()
    try:
        post = services().catalog.save(
            account,
            id,
            {field: st.session_state[f"{prefix}:{field}"]},
            now=now,
            seen={field: seen_value(prefix, field)},
        )
    except CallerError as error:
        problems[field] = f"Not saved. {sentence(error)}"
    except ServiceError:
        problems[field] = (
            "Not saved: a server does not answer. What you typed is still here; change it again in a moment."
        )
    else:
        problems.pop(field, None)
        remember_saved(prefix, field, post)
        st.session_state[f"{prefix}:saved"] = now


def _submit(account: Account, post: Post, prefix: str) -> None:
    with refusals():
        services().catalog.submit(account, post.id, now=clock())
        forget_fields(prefix)
        st.session_state["studio:submitted"] = post.id
        st.rerun()


@st.dialog("Delete this draft?", icon=":material/delete:")
def _confirm_delete(account: Account, post: Post) -> None:
    st.write("The draft and its file are deleted. This cannot be undone.")
    with st.container(horizontal=True):
        if st.button("Delete draft", type="primary", key="confirm_delete"):
            with refusals():
                services().catalog.delete_draft(account, post.id, now=clock())
                st.toast("The draft is deleted.", icon=":material/delete:")
                st.rerun()
        if st.button("Keep it", key="keep_draft"):
            st.rerun()


def _saved_in_words(at: Millis) -> str:
    return f"Saved {local(at):%H:%M:%S}"
