"""Uploads in a real browser: progress, pause, cancel, and going on after the server or the tab was killed."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error, Locator, Page, Route, expect

from core.bootstrap import clock
from core.domain.account import Role
from core.domain.post import PostStatus
from core.domain.upload import PART_SIZE, UploadState
from tests.browser.conftest import SignedIn
from tests.browser.console import Console
from tests.support import clips

PARTS = 6
SIZE = (PARTS - 1) * PART_SIZE + 100_000
SLOWLY = 8 * 1024**2
"""Bytes a second at which tests send what they want to watch."""
LONG = 60_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real clip of six parts: its end is an MP4 box of free space."""
    data = clips.clip_bytes()
    room = SIZE - len(data)
    path = tmp_path_factory.mktemp("upload") / "linen-sale_final.mp4"
    path.write_bytes(data + room.to_bytes(4, "big") + b"free" + bytes(room - 8))
    return path


@pytest.fixture
def page(signed_in: SignedIn, console: Console) -> Page:
    """The studio of a creator who has no drafts and no unfinished uploads."""
    who = console.account(Role.CREATOR)
    for left in console.services.intake.open_uploads(who, now=clock()):
        console.services.intake.cancel(who, left.upload.id, now=clock())
    for draft in console.services.stores.posts.find(
        {"publisher": "riya", "status": {"in": [PostStatus.DRAFT, PostStatus.FAILED]}}
    ).items:
        console.services.catalog.delete_draft(who, draft.id, now=clock())
    page = signed_in(Role.CREATOR)
    page.goto("/studio")
    expect(page.get_by_role("button", name="Choose files")).to_be_visible(timeout=LONG)
    return page


def slow_down(page: Page, bytes_a_second: int) -> None:
    """Let this tab send no quicker; -1 is as quick as it can."""
    session = page.context.new_cdp_session(page)
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second},
    )


class Gate:
    """Lets the first parts of a tab's upload out and holds the others back in the browser, so that it cannot be over early.

    What is held back goes out when the tab closes, quicker than the tab goes: whoever closes a tab must `shut` its gate before.
    """

    def __init__(self, page: Page, parts: int) -> None:
        self._left = parts
        self._is_shut = False
        self._held: list[Route] = []
        page.route("**/api/uploads/*/parts/*", self._decide)

    def _decide(self, route: Route) -> None:
        if self._is_shut:
            route.abort()
        elif self._left <= 0:
            self._held.append(route)
        else:
            self._left -= 1
            route.continue_()

    def shut(self) -> None:
        """Let what is held back fail, and whatever comes after it."""
        self._is_shut = True
        for route in self._held:
            route.abort()

    def open(self) -> None:
        """Let out what is held back, and whatever comes after it. What was given up meanwhile is gone."""
        self._left = 10 * PARTS
        for route in self._held:
            with suppress(Error):
                route.continue_()


def choose(page: Page, path: Path) -> None:
    """Choose a file as a person does."""
    page.locator(".uploader input[type=file]").first.set_input_files(path)


def row(page: Page, path: Path) -> Locator:
    """The line of a transfer."""
    return page.locator(".transfers .row").filter(has_text=path.name)


def wait_until_sent(page: Page, path: Path, percent: int) -> None:
    """Wait until the bar has come so far."""
    bar = f'.transfers [role=progressbar][aria-label="Upload of {path.name}"]'
    page.locator(bar).wait_for()
    page.wait_for_function(
        """([label, percent]) => {
          const find = (root) => {
            for (const one of root.querySelectorAll("*")) {
              if (one.getAttribute("aria-label") === label && one.getAttribute("role") === "progressbar") return one;
              const below = one.shadowRoot && find(one.shadowRoot);
              if (below) return below;
            }
          };
          return Number(find(document)?.getAttribute("aria-valuenow")) >= percent;
        }""",
        arg=[f"Upload of {path.name}", percent],
    )


def wait_until_held(page: Page, console: Console, parts: int) -> None:
    """Wait until the server holds so many parts of the newest upload."""
    for _ in range(800):
        found = console.services.intake.open_uploads(console.account(Role.CREATOR), now=clock())
        if found and len(found[0].held) >= parts:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{parts} parts did not arrive")


def parts_sent(page: Page) -> list[str]:
    """The list that fills with the addresses of all parts this tab sends from now on."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    return sent


def arrived_whole(console: Console, path: Path, post: str) -> bool:
    """Whether the stored object of a post is the file, byte for byte."""
    upload = console.services.stores.uploads.get(console.services.stores.posts.get(post).upload or "")
    digest = hashlib.sha256()
    for chunk in console.services.stores.objects.read(upload.key):
        digest.update(chunk)
    return digest.hexdigest() == hashlib.sha256(path.read_bytes()).hexdigest()


def newest_post(console: Console) -> str:
    """The post that was made last."""
    found = console.services.stores.posts.find({"publisher": "riya"}, order="created_at", descending=True, limit=1)
    return found.items[0].id


def test_an_upload_shows_its_progress_and_becomes_a_draft(page: Page, console: Console, large: Path) -> None:
    slow_down(page, SLOWLY)
    choose(page, large)
    expect(row(page, large).locator(".text")).to_contain_text("MB/s")
    expect(row(page, large).locator(".text")).to_contain_text("left")
    wait_until_sent(page, large, 30)
    expect(row(page, large).locator(".text")).to_have_text("Uploaded · 40 MB", timeout=LONG)
    expect(page.get_by_label("Title").first).to_have_value("Linen sale final")
    assert arrived_whole(console, large, newest_post(console))


def test_an_upload_goes_on_after_the_server_was_killed(page: Page, console: Console, large: Path) -> None:
    gate = Gate(page, 2)
    choose(page, large)
    wait_until_held(page, console, 2)
    sent = parts_sent(page)
    console.server.kill()
    gate.open()
    expect(row(page, large).locator(".text")).to_contain_text("Waiting for the server", timeout=LONG)
    console.start()
    expect(row(page, large).locator(".text")).to_contain_text("Uploaded", timeout=LONG)
    assert 0 < len(set(sent)) <= PARTS - 2
    assert arrived_whole(console, large, newest_post(console))


def test_an_upload_goes_on_after_its_tab_was_closed(page: Page, console: Console, large: Path) -> None:
    gate = Gate(page, 2)
    choose(page, large)
    wait_until_held(page, console, 2)
    gate.shut()
    page.close()

    again = page.context.new_page()
    again.goto("/studio")
    left = again.locator(".unfinished .row").filter(has_text=large.name)
    expect(left).to_contain_text("Choose the same file again to go on.")
    sent = parts_sent(again)
    choose(again, large)
    expect(row(again, large).locator(".text")).to_contain_text("Uploaded", timeout=LONG)
    expect(again.locator(".unfinished .row").filter(has_text=large.name)).to_have_count(0)
    assert len(set(sent)) == PARTS - 2
    assert arrived_whole(console, large, newest_post(console))


def test_an_upload_can_be_paused_and_go_on_by_keyboard(page: Page, large: Path) -> None:
    gate = Gate(page, 2)
    choose(page, large)
    wait_until_sent(page, large, 30)
    toggle = row(page, large).get_by_role("button", name=f"Pause {large.name}")
    toggle.focus()
    page.keyboard.press("Enter")
    expect(row(page, large).locator(".text")).to_contain_text("Paused")
    sent = parts_sent(page)
    page.wait_for_timeout(700)
    assert sent == []
    gate.open()
    page.keyboard.press("Enter")
    expect(row(page, large).locator(".text")).to_contain_text("Uploaded", timeout=LONG)


def test_a_cancelled_upload_leaves_no_line_and_no_parts(page: Page, console: Console, large: Path) -> None:
    Gate(page, 2)
    choose(page, large)
    wait_until_sent(page, large, 30)
    row(page, large).get_by_role("button", name=f"Cancel {large.name}").click()
    expect(row(page, large)).to_have_count(0)
    stores = console.services.stores
    page.wait_for_timeout(300)
    newest = stores.uploads.find(None, order="created_at", descending=True, limit=1).items[0]
    assert newest.state is UploadState.CANCELLED


def test_uploads_go_on_while_other_pages_are_visited(page: Page, console: Console, large: Path) -> None:
    gate = Gate(page, 2)
    choose(page, large)
    wait_until_sent(page, large, 30)
    page.get_by_role("link", name="Library").first.click()
    expect(page.get_by_role("heading", name="Library").first).to_be_visible()
    gate.open()
    page.get_by_role("link", name="Upload and tag").first.click()
    expect(row(page, large).locator(".text")).to_contain_text("Uploaded", timeout=LONG)
    assert arrived_whole(console, large, newest_post(console))


def test_several_files_are_sent_one_after_the_other(page: Page, tmp_path: Path) -> None:
    paths = []
    for number in (1, 2, 3):
        paths.append(tmp_path / f"look-{number}.mp4")
        paths[-1].write_bytes(clips.clip_bytes())
    page.locator(".uploader input[type=file]").first.set_input_files(paths)
    for path in paths:
        expect(row(page, path).locator(".text")).to_contain_text("Uploaded", timeout=LONG)


def test_a_hostile_file_is_refused_with_a_plain_sentence(page: Page, console: Console, tmp_path: Path) -> None:
    if not console.worker.is_running():
        console.worker.start()
    path = tmp_path / "holiday.mp4"
    path.write_bytes(clips.zip_named_mp4())
    choose(page, path)
    expect(page.get_by_text("This is a ZIP archive, not a clip or a picture.").first).to_be_visible(timeout=LONG)
    post = console.services.stores.posts.get(newest_post(console))
    assert post.status is PostStatus.FAILED
    assert console.services.stores.objects.list(f"posts/{post.id}/") == []


def test_an_empty_file_is_refused_at_once(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "nothing.mp4"
    path.write_bytes(b"")
    choose(page, path)
    expect(row(page, path).locator(".text")).to_have_text("The file is empty. Export it again.")


def test_the_uploader_fits_a_phone(page: Page, large: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    gate = Gate(page, 2)
    choose(page, large)
    expect(row(page, large)).to_be_visible()
    box = row(page, large).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    gate.shut()
