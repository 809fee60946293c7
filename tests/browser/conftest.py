"""A real Chromium in front of a real console, one of each per run; left out where there is no Chromium."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from core.api.sessions import cookie_name
from core.bootstrap import clock
from core.domain.account import Role
from tests.browser.console import Console

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
WAIT = 40_000
"""Milliseconds that a page, or what is expected on it, may take on a busy machine."""

SignedIn = Callable[[Role], Page]
NewPage = Callable[[], Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this folder's tests, and leave them out without a Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="there is no Chromium here"))


@pytest.fixture(scope="session")
def console() -> Iterator[Console]:
    """The console, with an account of every role, on a small store without posts. `console.worker.start()` adds a worker."""
    # A short path: the live store's socket lives below it.
    with tempfile.TemporaryDirectory(prefix="fr-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        made = Console(Path(folder))
        try:
            made.start()
            yield made
        finally:
            made.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=WAIT)
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(console: Console, browser: Browser) -> Iterator[NewPage]:
    """`new_page()`: a tab in a browser profile of its own, with nobody signed in. Addresses may be relative."""
    contexts = []

    def opened() -> Page:
        context = browser.new_context(base_url=console.url, viewport={"width": 1440, "height": 900})
        context.set_default_timeout(WAIT)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def signed_in(console: Console, new_page: NewPage) -> SignedIn:
    """`signed_in(Role.BRAND)`: a tab of that role's account, on no page yet. `page.context.new_page()` is its second tab."""

    def opened(role: Role) -> Page:
        page = new_page()
        token = console.services.accounts.open_session(console.account(role), now=clock()).token
        page.context.add_cookies(
            [{"name": cookie_name(console.services.settings), "value": token, "url": console.url, "httpOnly": True}]
        )
        return page

    return opened
