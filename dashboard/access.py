"""Who is looking: asked anew at every run, so that a session ended elsewhere ends here with the next action."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account, Role
from core.domain.errors import Unavailable
from dashboard.context import clock, services

_SEEN = "_feedroom_account"


def session_key() -> str:
    """The key of this tab's session as the console's door wrote it; "" if there is none."""
    return str(st.user.get("session") or "")


def current_account() -> Account:
    """The account of this run. Stops the page with a plain sentence if its session is over.

    The browser's tab keeps its connection after a sign-out, so the session is looked up again each time.
    """
    try:
        account = services().accounts.resolve(session_key(), now=clock())
    except Unavailable:
        st.error("The store that keeps sessions does not answer. Try again in a moment.", icon=":material/cloud_off:")
        st.stop()
    if account is None:
        _signed_out()
    # What one account left in a tab's state is not for the next one.
    if st.session_state.get(_SEEN, account.id) != account.id:
        st.session_state.clear()
    st.session_state[_SEEN] = account.id
    return account


def require(*roles: Role) -> Account:
    """The account of this run if it has one of `roles` (an administrator always passes); else stops the page."""
    account = current_account()
    if account.role is not Role.ADMINISTRATOR and account.role not in roles:
        st.title("Not for your role")
        wanted = " or a ".join(role.label for role in roles) or Role.ADMINISTRATOR.label
        st.write(f"This page is for a {wanted}. You are signed in as a {account.role.label}.")
        st.stop()
    return account


def sign_out() -> None:
    """End this tab's session; every other tab of the browser is refused at its next action."""
    services().accounts.sign_out(session_key(), now=clock())
    st.session_state.clear()
    go("/auth/sign-in?notice=out")


def go(path: str) -> None:
    """Send the browser to a path of our own outside the console's pages. `path` is never made of what people typed."""
    st.html(f"<script>window.location.assign({path!r})</script>", unsafe_allow_javascript=True)


def _signed_out() -> None:
    st.title("You have been signed out")
    st.write("Your session has ended, or you have signed out in another tab. Nothing on this page was changed.")
    st.link_button("Sign in again", "/auth/sign-in", type="primary")
    st.stop()
