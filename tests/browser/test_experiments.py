"""An experiment in a real browser: drafted, launched with a confirmation, read, rolled back and taken back."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from core.domain.account import Role
from tests.browser.conftest import SignedIn


def test_a_draft_is_launched_read_and_rolled_back(signed_in: SignedIn) -> None:
    page = signed_in(Role.PRODUCT_MANAGER)
    page.goto("/experiments")
    page.get_by_role("button", name="New experiment").click()
    save = page.get_by_role("button", name="Save as draft")
    expect(save).to_be_disabled()
    name = page.get_by_role("textbox", name="Name")
    name.fill("Round buttons")
    name.press("Enter")
    flags = page.get_by_role("textbox", name="Flags for the app").last
    flags.fill("button=round")
    flags.press("Enter")
    page.get_by_role("button", name="100% at once").click()
    expect(save).to_be_enabled()
    save.click()

    expect(page.get_by_role("heading", name="Round buttons")).to_be_visible()
    expect(page.get_by_text(re.compile("has no events in the last 14 days"))).to_be_visible()
    page.get_by_role("button", name="Launch").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile("There is no plan"))).to_be_visible()
    dialog.get_by_role("button", name="Launch now").click()

    undecided = page.get_by_role("paragraph").filter(
        has_text="Cannot say yet, because an arm has fewer than two viewers"
    )
    expect(undecided.first).to_be_visible()  # the picture says it, too, to those who do not see it
    page.get_by_role("button", name="Roll back").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Why?").fill("a rehearsal of the alarm")
    dialog.get_by_role("textbox", name="Why?").press("Enter")
    dialog.get_by_role("button", name="Roll back now").click()
    said = page.get_by_role("paragraph").filter(has_text="Decided: Rolled back: a rehearsal of the alarm")
    expect(said).to_be_visible()

    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
