"""The player in a real browser: the adaptive stream by itself, the clip when there is none or when it breaks."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from core.bootstrap import clock
from core.domain.account import Role
from core.domain.post import Media
from core.services.lifecycle import Lifecycle
from tests.browser.conftest import SignedIn
from tests.browser.console import Console
from tests.support import clips


@pytest.fixture
def post(console: Console) -> str:
    """A draft of the brand whose clip and stream are made."""
    if not console.worker.is_running():
        console.worker.start()
    intake, brand, data = console.services.intake, console.account(Role.BRAND), clips.clip_bytes(3.0)
    upload = intake.begin(brand, name="player.mp4", size=len(data), now=clock()).upload
    intake.write_part(brand, upload.id, 1, [data], len(data), now=clock())
    made = intake.complete(brand, upload.id, now=clock())
    deadline = time.monotonic() + 60
    while not ((media := console.services.stores.posts.get(made.id).media) and media.hls):
        assert time.monotonic() < deadline, "the stream was not made"
        time.sleep(0.1)
    return made.id


PLAYING = "video => { if (video.paused) video.play().catch(() => {}); return video.currentTime > 0.4; }"
"""Presses play until it plays, as a person does: a source that turns out to be broken ends the first attempt."""


def media_of(console: Console, post: str) -> Media:
    """The media of a post that has some."""
    media = console.services.stores.posts.get(post).media
    assert media is not None
    return media


def player_of(page: Page, post: str) -> Locator:
    """The video in the post's card, playing."""
    page.goto("/studio")
    video = page.locator(f".st-key-draft-{post} .player video")
    expect(video).to_be_visible()
    page.wait_for_function(PLAYING, arg=video.element_handle())
    return video


def test_the_adaptive_stream_plays_where_the_browser_knows_it(console: Console, signed_in: SignedIn, post: str) -> None:
    page = signed_in(Role.BRAND)
    segments: list[str] = []
    page.on("response", lambda answer: segments.append(answer.url) if answer.url.endswith(".m4s") else None)
    video = player_of(page, post)
    if not video.evaluate("video => video.canPlayType('application/vnd.apple.mpegurl')"):
        pytest.skip("this browser does not play HLS by itself")
    assert video.evaluate("video => video.currentSrc").endswith(media_of(console, post).hls)
    assert video.evaluate("video => video.currentTime") > 0.3
    assert segments


def test_a_broken_stream_gives_way_to_the_clip(console: Console, signed_in: SignedIn, post: str) -> None:
    media = media_of(console, post)
    console.services.stores.objects.delete_prefix(f"{media.prefix}/{media.hls.partition('/')[0]}/")
    video = player_of(signed_in(Role.BRAND), post)
    assert video.evaluate("video => video.currentSrc").endswith("/clip.mp4")
    assert video.evaluate("video => video.currentTime") > 0.3


def test_the_clip_plays_in_parts_and_can_be_searched(console: Console, signed_in: SignedIn, post: str) -> None:
    stored = console.services.stores.posts.get(post)
    media = replace(media_of(console, post), hls="")
    Lifecycle(console.services.stores).change(stored, {"media": media}, now=clock())
    page = signed_in(Role.BRAND)
    parts: list[int] = []
    page.on("response", lambda answer: parts.append(answer.status) if answer.url.endswith("clip.mp4") else None)
    video = player_of(page, post)
    video.evaluate("video => { video.pause(); video.currentTime = 2.5; }")
    page.wait_for_timeout(500)
    assert video.evaluate("video => video.currentTime") == pytest.approx(2.5, abs=0.1)
    assert video.evaluate("video => video.readyState") >= 2
    assert 206 in parts
