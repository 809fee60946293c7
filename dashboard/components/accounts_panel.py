"""Accounts as administrators see them: the list, one account's settings, and the dialogs that change things."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.account import PUBLISHING_ROLES, Account, Role
from core.domain.publisher import Publisher, PublisherKind
from dashboard.components.cursor_pager import CursorPager
from dashboard.context import clock, services
from dashboard.formatting import local
from dashboard.literal import literal
from dashboard.messages import refusals

NEW = "A new one"
PAGE = 25


def account_list(me: Account) -> Account | None:
    """Draw the filters and the list; the account whose row is selected."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        role = st.pills(
            "Role", list(Role), format_func=lambda role: role.label.capitalize(), key="role", bind="query-params"
        )
        st.space("stretch")
        if st.button("New account", icon=":material/person_add:", type="primary", shortcut="N"):
            _create(me)
    pager = CursorPager("accounts-pages", role)
    page = services().accounts.find(me, role=role, limit=PAGE, cursor=pager.cursor)
    if not page.items:
        st.info("No account has this role. Make one with New account.", icon=":material/group:")
        return None
    names = {one.id: one.name for one in services().accounts.publishers(me)}
    chosen = st.dataframe(
        _table(page.items, names, me), hide_index=True, on_select="rerun", selection_mode="single-row",
        key="accounts-table", row_height=40, alt="Accounts with e-mail, role, publisher and state",
        column_config={
            "State": st.column_config.MultiselectColumn(
                options=["Active", "Suspended", "Demo", "You"], color=["green", "red", "gray", "blue"]
            ),
            "Since": st.column_config.DateColumn(format="D MMM YYYY"),
        },
    )  # fmt: skip
    pager.buttons(page.cursor)
    rows = [row for row in chosen.selection.rows if row < len(page.items)]
    if not rows:
        st.caption("Select a row to change the account.")
        return None
    return page.items[rows[0]]


def account_settings(me: Account, account: Account) -> None:
    """Draw one account's settings."""
    with st.container(border=True):
        st.subheader(literal(account.name))
        st.caption(literal(f"{account.email} · account {account.id}"))
        with st.form(f"edit-{account.id}-{account.version}", border=False):
            name = st.text_input("Name", account.name, max_chars=80)
            role = st.selectbox("Role", list(Role), index=list(Role).index(account.role), format_func=_label)
            publisher = _publisher_choice(me, account.publisher)
            st.caption("A change of role or publisher signs the account out everywhere.")
            if st.form_submit_button("Save", type="primary"):
                with refusals():
                    services().accounts.edit(
                        me, account, name=name, role=role, publisher=publisher if role in PUBLISHING_ROLES else None, now=clock()
                    )  # fmt: skip
                    st.toast("Saved.", icon=":material/check:")
                    st.rerun()
        with st.container(horizontal=True):
            if st.button("Reset password", icon=":material/password:"):
                _reset(me, account)
            if not account.active:
                if st.button("Let sign in again", icon=":material/lock_open:"):
                    with refusals():
                        services().accounts.restore(me, account, now=clock())
                        st.rerun()
            elif account.id != me.id and st.button("Suspend", icon=":material/block:"):
                _suspend(me, account)


@st.dialog("New account")
def _create(me: Account) -> None:
    role = st.selectbox("Role", list(Role), format_func=_label)
    name = st.text_input("Name", max_chars=80)
    email = st.text_input("E-mail", max_chars=200, autocomplete="off")
    password = st.text_input("First password", type="password", autocomplete="new-password")
    st.caption("At least 10 characters. Hand it over in person; it can be changed after signing in.")
    publisher = new_name = None
    if role in PUBLISHING_ROLES:
        kind = PublisherKind(role.value)
        choices = [one for one in services().accounts.publishers(me) if one.kind is kind]
        picked = st.selectbox(f"Posts for this {role.label}", [*choices, NEW], format_func=_publisher_label)
        if picked == NEW:
            new_name = st.text_input(f"Name of the new {role.label}", max_chars=80)
        else:
            publisher = picked.id
    if st.button("Create", type="primary"):
        with refusals():
            accounts, now = services().accounts, clock()
            if new_name is not None:
                publisher = accounts.add_publisher(me, new_name, PublisherKind(role.value), now=now).id
            accounts.create(me, email=email, name=name, role=role, password=password, publisher=publisher, now=now)
            st.toast(f"{literal(name)} can sign in now.", icon=":material/check:")
            st.rerun()


@st.dialog("Reset password")
def _reset(me: Account, account: Account) -> None:
    st.write(f"{literal(account.name)} gets a fresh password and is signed out everywhere.")
    if st.button("Reset", type="primary"):
        with refusals():
            password = services().accounts.reset_password(me, account, now=clock())
            st.write("Hand this over in person. It is shown only now.")
            st.code(password, language=None)


@st.dialog("Suspend account")
def _suspend(me: Account, account: Account) -> None:
    st.write(
        f"{literal(account.name)} is signed out at once and cannot sign in until you allow it again. Their posts stay."
    )
    if st.button("Suspend", type="primary"):
        with refusals():
            services().accounts.suspend(me, account, now=clock())
            st.rerun()


def _publisher_choice(me: Account, current: str | None) -> str | None:
    choices = services().accounts.publishers(me)
    index = next((place for place, one in enumerate(choices) if one.id == current), None)
    picked = st.selectbox(
        "Publisher", choices, index=index, format_func=_publisher_label, placeholder="None",
        help="Whom a brand member or creator posts for; other roles have none.",
    )  # fmt: skip
    return picked.id if picked else None


def _publisher_label(one: Publisher | str) -> str:
    return one if isinstance(one, str) else f"{one.name} ({one.kind})"


def _label(role: Role) -> str:
    return role.label.capitalize()


def _table(accounts: list[Account], publishers: dict[str, str], me: Account) -> pd.DataFrame:
    def state(one: Account) -> list[str]:
        marks = ["Active" if one.active else "Suspended"]
        return marks + ["Demo"] * one.demo + ["You"] * (one.id == me.id)

    return pd.DataFrame(
        {
            "Name": [one.name for one in accounts],
            "E-mail": [one.email for one in accounts],
            "Role": [_label(one.role) for one in accounts],
            "Publisher": [publishers.get(one.publisher or "", "") for one in accounts],
            "State": [state(one) for one in accounts],
            "Since": [local(one.created_at).date() for one in accounts],
        }
    )
