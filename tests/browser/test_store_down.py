"""A store that does not answer, in the real console: plain words and a button instead of an error of the machine."""

from __future__ import annotations

import sqlite3

from playwright.sync_api import expect

from core.domain.account import Role
from tests.browser.conftest import SignedIn
from tests.browser.console import Console


def test_a_page_whose_store_is_gone_says_so_and_comes_back(console: Console, signed_in: SignedIn) -> None:
    documents = sqlite3.connect(console.data / "feedroom.sqlite")
    page = signed_in(Role.PRODUCT_MANAGER)
    documents.execute("ALTER TABLE campaigns RENAME TO gone")
    try:
        page.goto("/campaigns")
        expect(page.get_by_text("A server that Feedroom needs does not answer")).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
    finally:
        documents.execute("ALTER TABLE gone RENAME TO campaigns")
        documents.close()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No campaigns yet.")).to_be_visible()
    expect(page.get_by_text("does not answer")).to_have_count(0)
