"""Every page as every role: shown to those whose page it is, refused to all others, empty-handed after sign-out."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.bootstrap import Services, clock
from core.domain.account import Role
from dashboard.navigation import ENTRIES, PAGES, PageEntry, pages_for
from tests.pages.conftest import MAIN, OpenPage

BUILT = [entry for entry in ENTRIES if entry.path.is_file()]
ALLOWED = [(entry, role) for entry in BUILT for role in Role if role in entry.roles]
REFUSED = [(entry, role) for entry in BUILT for role in Role if role not in entry.roles]


def named(pairs: list[tuple[PageEntry, Role]]) -> list[object]:
    return [pytest.param(entry, role, id=f"{entry.name}-{role.value}") for entry, role in pairs]


@pytest.mark.parametrize(("entry", "role"), named(ALLOWED))
def test_a_page_is_shown_to_those_whose_page_it_is(entry: PageEntry, role: Role, open_page: OpenPage) -> None:
    page = open_page(entry.name, role)
    assert not page.exception
    assert "Not for your role" not in [title.value for title in page.title]
    assert len(page.main) > 0


@pytest.mark.parametrize(("entry", "role"), named(REFUSED))
def test_a_page_itself_refuses_everybody_else(entry: PageEntry, role: Role, open_page: OpenPage) -> None:
    page = open_page(entry.name, role, directly=True)
    assert [title.value for title in page.title] == ["Not for your role"]
    assert not page.exception
    assert not page.button
    assert not page.dataframe


@pytest.mark.parametrize("entry", BUILT, ids=lambda entry: entry.name)
def test_a_page_shows_nothing_without_a_session(entry: PageEntry, services: Services) -> None:
    page = AppTest.from_file(entry.path, default_timeout=30)
    page.user = {}
    page.run()
    assert [title.value for title in page.title] == ["You have been signed out"]
    assert not page.dataframe


def test_every_page_file_is_in_the_navigation() -> None:
    assert {path.stem for path in PAGES.glob("*.py")} - {"__init__"} == {entry.name for entry in BUILT}


def test_every_role_finds_an_overview_and_no_page_of_another_role() -> None:
    for role in Role:
        names = {entry.name for entry in pages_for(role)}
        assert names == {entry.name for entry in BUILT if role in entry.roles}
    assert {entry.name for entry in pages_for(Role.CREATOR)}.isdisjoint({"moderation", "accounts", "feed_preview"})


def test_the_next_action_after_a_sign_out_elsewhere_is_refused(open_page: OpenPage, services: Services) -> None:
    page = open_page("audit", Role.ADMINISTRATOR)
    assert page.title[0].value == "Audit trail"
    services.accounts.sign_out(page.user["session"], now=clock())
    page.run()
    assert page.title[0].value == "You have been signed out"


def test_a_suspended_account_sees_nothing_more(open_page: OpenPage, services: Services) -> None:
    page = open_page("audit", Role.ADMINISTRATOR)
    services.stores.accounts.patch("account-administrator", {"active": False})
    page.run()
    assert page.title[0].value == "You have been signed out"


def test_what_one_account_left_in_a_tab_is_gone_for_the_next(open_page: OpenPage, services: Services) -> None:
    page = open_page("audit", Role.ADMINISTRATOR)
    page.session_state["left_behind"] = "draft of the first"
    other = services.accounts.open_session(services.stores.accounts.get("account-brand"), now=clock())
    page.user = {"account": other.account.id, "session": other.session.key}
    page.run()
    assert "left_behind" not in page.session_state


def test_signing_out_from_the_menu_ends_the_session(open_page: OpenPage, services: Services) -> None:
    page = open_page("audit", Role.ADMINISTRATOR)
    key = page.user["session"]
    assert services.accounts.resolve(key, now=clock()) is not None
    menu = AppTest.from_string("from dashboard import access\naccess.sign_out()", default_timeout=30)
    menu.user = dict(page.user)
    menu.run()
    assert services.accounts.resolve(key, now=clock()) is None


def test_the_main_script_greets_every_role(services: Services) -> None:
    for role in Role:
        account = services.stores.accounts.get(f"account-{role.value}")
        session = services.accounts.open_session(account, now=clock())
        page = AppTest.from_file(MAIN, default_timeout=30)
        page.user = {"account": account.id, "session": session.session.key}
        page.run()
        assert not page.exception
