"""The main job as people do it: uploaded, tagged, checked, reviewed, in the feed, previewed, served to the app."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import httpx
import imageio_ffmpeg
import pytest
from playwright.sync_api import Page, expect

from core.bootstrap import clock
from core.domain.account import Role, Scope
from core.domain.post import PostStatus
from tests.browser.conftest import SignedIn
from tests.browser.console import Console

PLAYABLE = 60_000
"""Milliseconds a short clip may take to be playable on a busy machine."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real vertical MP4 of three seconds with sound."""
    path = tmp_path_factory.mktemp("clips") / "indigo-drape.mp4"
    subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=s=360x640:r=24:d=3",
            "-f", "lavfi", "-i", "sine=d=3", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
            "-c:a", "aac", "-shortest", str(path),
        ],
        check=True,
    )  # fmt: skip
    return path


@pytest.fixture
def worker(console: Console):  # type: ignore[no-untyped-def]
    """A worker beside the console."""
    if not console.worker.is_running():
        console.worker.start()
    return console.worker


def newest_draft(page: Page):  # type: ignore[no-untyped-def]
    return page.locator('[class*="st-key-draft-"]').first


def upload(page: Page, clip: Path, caption: str):  # type: ignore[no-untyped-def]
    """Upload a clip and write its caption while it is processed; returns the draft's card and the post's id."""
    page.goto("/studio")
    page.locator("input[type=file]").first.set_input_files(clip)
    card = newest_draft(page)
    card.get_by_label("Caption").press_sequentially(caption)
    expect(card.get_by_text("Before you can submit: Choose at least one tag.")).to_be_visible()
    card.get_by_role("button", name="Saree", exact=True).click()
    expect(card.get_by_text("1 of at most 12 chosen")).to_be_visible()
    expect(card.locator("video")).to_be_visible(timeout=PLAYABLE)
    return card


def api_page(console: Console, key: str, viewer: str) -> dict[str, object]:
    answer = httpx.get(
        f"{console.url}/api/v1/feed",
        params={"viewer": viewer, "size": 10},
        headers={"Authorization": f"Bearer {key}"},
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json()  # type: ignore[no-any-return]


def test_a_clip_goes_from_the_browser_through_review_into_the_feed(
    console: Console, signed_in: SignedIn, clip: Path, worker: object
) -> None:
    brand = signed_in(Role.BRAND)
    card = upload(brand, clip, "Indigo saree, draped in a minute. Call 98765 43210 to order")
    card.get_by_label("Find products to link").fill("linen")
    card.get_by_role("button", name="Link Linen saree, indigo").click()
    expect(card.get_by_role("button", name="Remove Linen saree, indigo")).to_be_visible()
    assert card.locator("video").evaluate("video => video.readyState >= 0 && video.currentSrc !== ''")
    brand.reload()
    expect(newest_draft(brand).get_by_label("Caption")).to_have_value(
        "Indigo saree, draped in a minute. Call 98765 43210 to order"
    )
    newest_draft(brand).get_by_role("button", name="Submit").click()
    submitted = brand.locator('[data-testid="stMain"]')
    expect(submitted.get_by_text("In review").first).to_be_visible()
    (post,) = console.services.stores.posts.find({"status": PostStatus.IN_REVIEW}).items

    moderator = signed_in(Role.MODERATOR)
    moderator.goto("/moderation")
    moderator.get_by_role("button", name="Start reviewing").click()
    expect(moderator.get_by_role("button", name="Approve")).to_be_visible()
    moderator.get_by_role("button", name="Approve").click()
    deadline = time.monotonic() + 40
    while console.services.stores.posts.get(post.id).status is not PostStatus.LIVE:
        assert time.monotonic() < deadline, "the verdict did not arrive"
        time.sleep(0.05)

    secret = console.services.api_keys.create(
        console.account(Role.ADMINISTRATOR), name="shop app", scopes=(Scope.FEED_READ,), now=clock()
    ).secret
    served = api_page(console, secret, "app-viewer")
    assert post.id in [slot["post"] for slot in served["slots"]]  # type: ignore[attr-defined]

    manager = signed_in(Role.PRODUCT_MANAGER)
    manager.goto("/feed_preview")
    expect(manager.get_by_text("Slot 1: ").first).to_be_visible()
    slot = manager.get_by_role("feed").get_by_role("article", name=post.title)
    expect(slot.first).to_be_visible()
    playing = slot.first.locator("video")
    expect(playing).to_have_js_property("paused", False)
    manager.wait_for_timeout(1_500)
    assert playing.evaluate("video => video.currentTime") > 0.2
    expect(manager.get_by_text("₹2,499").first).to_be_visible()

    # For who prefers less motion it waits for a tap.
    manager.emulate_media(reduced_motion="reduce")
    manager.reload()
    expect(slot.first).to_have_class("slot stopped")
    expect(playing).to_have_js_property("paused", True)
    slot.first.get_by_role("button", name="Play or pause").click()
    expect(playing).to_have_js_property("paused", False)


def test_a_clean_clip_is_live_without_a_moderator_and_its_page_says_so(
    console: Console, signed_in: SignedIn, clip: Path, worker: object
) -> None:
    brand = signed_in(Role.BRAND)
    card = upload(brand, clip, "How to fold a saree for travel")
    card.get_by_role("button", name="Submit").click()
    expect(brand.get_by_text("Viewers can see it in the feed.")).to_be_visible()
    brand.goto("/library?status=Live")
    brand.get_by_role("link", name="How to fold").or_(brand.get_by_role("link", name="Indigo drape")).first.click()
    expect(brand.get_by_role("button", name="Withdraw", exact=True)).to_be_visible()
    brand.get_by_role("button", name="Withdraw", exact=True).click()
    brand.get_by_role("dialog").get_by_role("button", name="Withdraw", exact=True).click()
    brand.get_by_role("button", name="Undo").click()
    expect(brand.get_by_role("button", name="Withdraw", exact=True)).to_be_visible()


def test_a_file_that_is_no_clip_is_refused_in_words(
    console: Console, signed_in: SignedIn, tmp_path: Path, worker: object
) -> None:
    hostile = tmp_path / "clip.mp4"
    hostile.write_text("ffconcat version 1.0\nfile '/etc/passwd'\n")
    creator = signed_in(Role.CREATOR)
    creator.goto("/studio")
    creator.locator("input[type=file]").first.set_input_files(hostile)
    expect(newest_draft(creator).get_by_role("alert")).to_be_visible(timeout=PLAYABLE)
    expect(newest_draft(creator).get_by_role("button", name="Replace the file")).to_be_visible()
    assert newest_draft(creator).get_by_role("button", name="Submit").is_disabled()


def test_acting_as_a_viewer_changes_the_next_page(console: Console, signed_in: SignedIn) -> None:
    manager = signed_in(Role.PRODUCT_MANAGER)
    manager.goto("/feed_preview")
    manager.get_by_role("button", name="Like: ").first.click()
    expect(manager.get_by_text("The next page knows.")).to_be_visible()
    expect(manager.get_by_role("button", name="Take the like back")).to_be_visible()
    manager.get_by_role("button", name="Reset viewer").click()
    manager.get_by_role("dialog").get_by_role("button", name="Reset viewer").click()
    expect(manager.get_by_text("The feed knows nothing about this viewer yet.")).to_be_visible()
