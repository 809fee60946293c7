"""The script of the console: page settings, who is looking, the pages of their role."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.domain.account import Account
from dashboard import access
from dashboard.literal import literal
from dashboard.navigation import PageEntry, pages_for

BRAND = Path(__file__).resolve().parents[1] / "assets" / "brand"


def navigation(account: Account) -> dict[str, list[st.Page]]:
    """Streamlit's pages of this account's role, by section."""
    sections: dict[str, list[st.Page]] = {}
    for entry in pages_for(account.role):
        sections.setdefault(entry.section, []).append(_page(entry))
    return sections


def _page(entry: PageEntry) -> st.Page:
    return st.Page(
        entry.path,
        title=entry.title,
        icon=f":material/{entry.icon}:",
        url_path=entry.name,
        default=entry.name == "overview",
        visibility="hidden" if entry.hidden else "visible",
    )


def _account_menu(account: Account) -> None:
    choice = st.sidebar.menu_button(
        literal(account.name), ["Change password", "Sign out"], icon=":material/account_circle:", type="tertiary",
        key="account_menu", help=literal(f"{account.email}, {account.role.label}"),
    )  # fmt: skip
    if choice == "Change password":
        access.go("/auth/password")
    elif choice == "Sign out":
        access.sign_out()
        st.stop()


st.set_page_config(page_title="Feedroom", page_icon=str(BRAND / "icon.svg"), layout="wide")
st.logo(
    str(BRAND / f"wordmark-{st.context.theme.type or 'light'}.svg"), size="large", icon_image=str(BRAND / "icon.svg")
)
me = access.current_account()
page = st.navigation(navigation(me), expanded=True)
_account_menu(me)
page.run()
