"""Signing in and out as a person does it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from core.domain.account import Role
from tests.browser.conftest import NewPage, SignedIn
from tests.browser.console import PASSWORD, Console


def fill_and_send(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def open_menu(page: Page, name: str, choice: str) -> None:
    page.get_by_role("button", name=name).click()
    page.get_by_text(choice, exact=True).click()


def test_a_wrong_password_keeps_the_email_and_the_right_one_opens_the_console(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/")
    fill_and_send(page, "administrator@example.in", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("The e-mail or the password is not right.")
    expect(page.get_by_label("E-mail")).to_have_value("administrator@example.in")
    fill_and_send(page, "administrator@example.in", PASSWORD)
    expect(page.get_by_role("button", name="Administrator Rao")).to_be_visible()


def test_a_deep_link_asks_to_sign_in_and_then_arrives(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/audit?about=account-administrator")
    expect(page).to_have_url(re.compile(r"/auth/sign-in\?next="))
    fill_and_send(page, "administrator@example.in", PASSWORD)
    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/audit\?about=account-administrator"))
    expect(page.get_by_label("About")).to_have_value("account-administrator")


def test_the_session_survives_a_refresh_and_serves_a_second_tab(signed_in: SignedIn) -> None:
    page = signed_in(Role.ADMINISTRATOR)
    page.goto("/operations")
    expect(page.get_by_role("heading", name="Operations")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Operations")).to_be_visible()
    second = page.context.new_page()
    second.goto("/audit")
    expect(second.get_by_role("heading", name="Audit trail")).to_be_visible()


def test_signing_out_in_one_tab_refuses_the_next_action_of_another(signed_in: SignedIn) -> None:
    page = signed_in(Role.ADMINISTRATOR)
    page.goto("/audit")
    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()
    second = page.context.new_page()
    second.goto("/operations")
    expect(second.get_by_role("heading", name="Operations")).to_be_visible()
    open_menu(second, "Administrator Rao", "Sign out")
    expect(second).to_have_url(re.compile("/auth/sign-in"))
    expect(second.get_by_text("You have signed out.")).to_be_visible()

    page.get_by_label("About").fill("post-1")
    page.get_by_label("About").press("Enter")
    expect(page.get_by_role("heading", name="You have been signed out")).to_be_visible()
    page.reload()
    expect(page).to_have_url(re.compile("/auth/sign-in"))


def test_a_dialog_left_open_does_nothing_after_a_sign_out_elsewhere(console: Console, signed_in: SignedIn) -> None:
    page = signed_in(Role.ADMINISTRATOR)
    page.goto("/accounts?tab=Programs")
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Which program uses it").fill("Left open")
    dialog.get_by_label("Which program uses it").press("Tab")
    second = page.context.new_page()
    second.goto("/auth/sign-out")
    second.get_by_role("button", name="Sign out").click()
    expect(second.get_by_text("You have signed out.")).to_be_visible()
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="You have been signed out")).to_be_visible()
    assert "Left open" not in {key.name for key in console.services.api_keys.find(console.account(Role.ADMINISTRATOR))}


def test_a_session_survives_a_killed_console(console: Console, signed_in: SignedIn) -> None:
    page = signed_in(Role.ADMINISTRATOR)
    page.goto("/operations")
    expect(page.get_by_role("heading", name="Operations")).to_be_visible()
    console.restart_after_kill()
    page.goto("/audit")
    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()


def test_the_overview_also_answers_under_its_own_name(signed_in: SignedIn) -> None:
    page = signed_in(Role.MODERATOR)
    page.goto("/overview")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_each_role_finds_its_own_pages_in_the_sidebar(signed_in: SignedIn) -> None:
    page = signed_in(Role.MODERATOR)
    page.goto("/")
    expect(page.get_by_role("button", name="Moderator Rao")).to_be_visible()
    sidebar = page.get_by_test_id("stSidebarNav")
    expect(sidebar.get_by_text("Accounts")).to_have_count(0)
    admin = signed_in(Role.ADMINISTRATOR)
    admin.goto("/")
    expect(admin.get_by_test_id("stSidebarNav").get_by_text("Accounts")).to_be_visible()


def test_an_administrator_makes_an_account_that_can_sign_in(signed_in: SignedIn, new_page: NewPage) -> None:
    page = signed_in(Role.ADMINISTRATOR)
    page.goto("/accounts")
    page.get_by_role("button", name="New account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Role").click()
    page.get_by_role("option", name="Moderator").click()
    dialog.get_by_label("Name", exact=True).fill("Zoya Khan")
    dialog.get_by_label("E-mail").fill("zoya@example.in")
    dialog.get_by_label("First password").fill("evening shift 7")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_have_count(0)
    other = new_page()
    other.goto("/auth/sign-in")
    fill_and_send(other, "zoya@example.in", "evening shift 7")
    expect(other.get_by_role("button", name="Zoya Khan")).to_be_visible()


def test_a_new_api_key_is_shown_once_and_opens_the_api(signed_in: SignedIn) -> None:
    page = signed_in(Role.ADMINISTRATOR)
    page.goto("/accounts?tab=Programs")
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Which program uses it").fill("Shopping app")
    dialog.get_by_role("button", name="Create").click()
    secret = dialog.get_by_test_id("stCode").inner_text().strip()
    assert re.fullmatch(r"fr_live_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", secret)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="New key")).to_be_visible()
    assert secret not in page.content()


def test_nothing_is_fetched_from_any_other_host(signed_in: SignedIn, console: Console) -> None:
    page = signed_in(Role.ADMINISTRATOR)
    elsewhere: list[str] = []
    page.on("request", lambda request: None if request.url.startswith((console.url, "data:", "blob:"))
            else elsewhere.append(request.url))  # fmt: skip
    for path in ("/auth/sign-out", "/accounts", "/operations"):
        page.goto(path)
        expect(page.get_by_role("heading").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert elsewhere == []
