"""Reviewing as a moderator does it: by mouse, by keys, side by side with a colleague, on a phone."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator

import imageio_ffmpeg
import pytest
from playwright.sync_api import Page, expect

from core.bootstrap import clock
from core.domain.account import Role
from core.domain.ids import new_id
from core.domain.moderation import CaseState
from core.domain.post import Media, MediaKind, Post, PostStatus, StatusChange
from core.services.lifecycle import Lifecycle
from tests.browser.conftest import SignedIn
from tests.browser.console import Console

Submit = Callable[[str], Post]


@pytest.fixture(scope="module")
def media(console: Console, tmp_path_factory: pytest.TempPathFactory) -> Media:
    """A clip of two seconds in the object store."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-loglevel",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=180x320:r=12:d=2",
    ]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(path)]
    subprocess.run(command, check=True)
    console.services.stores.objects.put_file("posts/reviewed/m/clip.mp4", path, "video/mp4")
    return Media(
        kind=MediaKind.VIDEO, prefix="posts/reviewed/m", width=180, height=320, duration=2.0, sha256="ab" * 32,
        dhash="a5c3f00f12345678", clip="clip.mp4",
    )  # fmt: skip


@pytest.fixture
def submit(console: Console, media: Media) -> Iterator[Submit]:
    """`submit(caption)`: a post of Kesari Looms that was screened; nothing of it is left in the queue afterwards."""
    stores, made = console.services.stores, []
    for case in list(stores.cases.each({"state": {"in": [CaseState.QUEUED, CaseState.LEASED]}})):
        stores.cases.patch(case.id, {"state": CaseState.CLOSED, "holder": None})

    def submitted(caption: str) -> Post:
        now = clock()
        post = Post(
            id=new_id(now), publisher="kesari", author="account-brand", title=f"Post {len(made) + 1}", caption=caption,
            media=media, products=("product-1",), status=PostStatus.SCREENING, created_at=now, updated_at=now,
            history=(StatusChange(status=PostStatus.SCREENING, at=now, by="account-brand"),),
        )  # fmt: skip
        made.append(stores.posts.insert(post))
        console.services.moderation.screen(post.id, now=now)
        return post

    yield submitted
    for post in made:
        Lifecycle(stores).move(stores.posts.get(post.id), PostStatus.WITHDRAWN, by="test", now=clock())
    console.services.moderation.sweep(now=clock())


def become(console: Console, post: Post, status: PostStatus) -> None:
    """Wait until the post has this status."""
    deadline = time.monotonic() + 40
    while (now := console.services.stores.posts.get(post.id).status) is not status:
        assert time.monotonic() < deadline, f"the post is still {now}"
        time.sleep(0.05)


def start(page: Page) -> None:
    page.goto("/moderation")
    page.get_by_role("button", name="Start reviewing").click()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()


def test_the_clip_plays_and_the_found_words_are_marked(submit: Submit, signed_in: SignedIn) -> None:
    submit("Lovely drape, tu chutiya hai")
    page = signed_in(Role.MODERATOR)
    start(page)
    video = page.locator("video")
    video.evaluate("video => video.play()")
    deadline = time.monotonic() + 40
    while video.evaluate("video => video.currentTime") <= 0.2:
        assert time.monotonic() < deadline, "the clip does not play"
    expect(page.get_by_text("chutiya", exact=True)).to_be_visible()
    expect(page.get_by_text("Swearing")).to_be_visible()


def test_keys_decide_and_undo_but_not_while_a_note_is_written(
    console: Console, submit: Submit, signed_in: SignedIn
) -> None:
    post = submit("tu chutiya hai")
    page = signed_in(Role.MODERATOR)
    start(page)
    page.keyboard.press("x")
    expect(page.get_by_text("A rejection needs a reason; choose one.")).to_be_visible()
    note = page.get_by_label("Note to the creator")
    note.press_sequentially("sax axs: take the insult out")
    note.press("Tab")
    assert console.services.stores.posts.get(post.id).status is PostStatus.IN_REVIEW
    page.get_by_role("radio", name="Hate", exact=True).click()
    expect(page.get_by_text("The creator will read")).to_be_visible()
    expect(page.get_by_text("Note from the moderator: sax axs: take the insult out")).to_be_visible()
    page.keyboard.press("x")
    become(console, post, PostStatus.REJECTED)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.keyboard.press("u")
    become(console, post, PostStatus.IN_REVIEW)
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    page.keyboard.press("a")
    become(console, post, PostStatus.LIVE)
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()


def test_colleagues_get_different_cases_and_an_empty_queue_notices_new_ones(
    console: Console, submit: Submit, signed_in: SignedIn
) -> None:
    submit("what a load of crap, first")
    mina, ada = signed_in(Role.MODERATOR), signed_in(Role.ADMINISTRATOR)
    start(mina)
    ada.goto("/moderation")
    expect(ada.get_by_text("Nothing waits for you.")).to_be_visible()
    submit("what a load of crap, second")
    ada.get_by_role("button", name="Start reviewing").click()
    expect(ada.get_by_text("second")).to_be_visible()
    expect(mina.get_by_text("first", exact=False).first).to_be_visible()
    held = console.services.stores.cases.find({"state": CaseState.LEASED}).items
    assert len(held) == len({case.holder for case in held}) == 2


def test_a_case_chosen_in_the_queue_opens_and_survives_a_refresh(
    console: Console, submit: Submit, signed_in: SignedIn
) -> None:
    submit("kill yourself")
    mild = submit("what a load of crap")
    page = signed_in(Role.MODERATOR)
    page.goto("/moderation?tab=Queue")
    table = page.locator(".dvn-scroller").first
    expect(table).to_be_visible()
    page.wait_for_timeout(500)
    table.click(position={"x": 18, "y": 36 + 56 + 28})
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    (held,) = console.services.stores.cases.find({"state": CaseState.LEASED}).items
    assert held.post == mild.id
    page.reload()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()


def test_a_severe_clip_is_blurred_until_asked_for(submit: Submit, signed_in: SignedIn) -> None:
    submit("kill yourself")
    page = signed_in(Role.MODERATOR)
    start(page)
    blurred = page.locator(".st-key-case_clip_blurred > *").first
    expect(blurred).to_have_css("filter", re.compile("blur"))
    assert page.locator("video").evaluate("video => video.muted")
    page.get_by_text("Show the clip clearly").click()
    expect(page.locator(".st-key-case_clip_clear")).to_be_visible()
    assert page.locator(".st-key-case_clip_clear > *").first.evaluate("e => getComputedStyle(e).filter") == "none"


def test_the_creator_reads_the_outcome_without_a_name(console: Console, submit: Submit, signed_in: SignedIn) -> None:
    post = submit("first copy watch")
    page = signed_in(Role.MODERATOR)
    start(page)
    page.get_by_role("radio", name="Counterfeit", exact=True).click()
    expect(page.get_by_text("The creator will read")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Reject")).click()
    become(console, post, PostStatus.REJECTED)
    creator = signed_in(Role.BRAND)
    creator.goto(f"/post?id={post.id}")
    expect(creator.get_by_text("It offers a copy of a brand's product.").first).to_be_visible()
    assert "Moderator Rao" not in creator.locator("body").inner_text()


def test_a_phone_shows_everything_without_scrolling_sideways(submit: Submit, signed_in: SignedIn) -> None:
    submit("what a load of crap")
    page = signed_in(Role.MODERATOR)
    page.set_viewport_size({"width": 390, "height": 844})
    start(page)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 0
