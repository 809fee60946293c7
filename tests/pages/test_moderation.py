"""The review page, as a moderator and as nobody else."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.ids import MINUTE
from core.domain.moderation import CaseState, Reason, Verdict
from core.domain.post import Media, MediaKind, Post, PostStatus, StatusChange
from tests.pages.conftest import OpenPage

RUDE = "tu chutiya hai, call 98765 43210"


def submit(services: Services, id: str, caption: str) -> None:
    """A post that was screened."""
    now = clock() - MINUTE
    media = Media(
        kind=MediaKind.VIDEO, prefix=f"posts/{id}/m", width=720, height=1280, duration=9.5, sha256="ab" * 32,
        dhash="a5c3f00f12345678", poster="poster.jpg", clip="clip.mp4",
    )  # fmt: skip
    services.stores.posts.insert(
        Post(
            id=id,
            publisher="kesari",
            author="account-brand",
            title=f"Title of {id}",
            caption=caption,
            media=media,
            products=("product-1",),
            status=PostStatus.SCREENING,
            history=(StatusChange(status=PostStatus.SCREENING, at=now, by="account-brand"),),
            created_at=now,
            updated_at=now,
        )
    )
    services.moderation.screen(id, now=now)


@pytest.fixture
def page(services: Services, open_page: OpenPage) -> AppTest:
    """The page with one rude post taken."""
    services.stores.cases.delete("case-1")
    submit(services, "rude", RUDE)
    opened = open_page("moderation", Role.MODERATOR)
    opened.button(key="start").click().run()
    assert not opened.exception
    return opened


def words(page: AppTest) -> str:
    return "\n".join(element.value for element in (*page.markdown, *page.caption, *page.subheader))


def test_opening_the_page_takes_no_case_until_asked(services: Services, open_page: OpenPage) -> None:
    opened = open_page("moderation", Role.MODERATOR)
    assert not opened.exception
    assert opened.button(key="start").label == "Start reviewing"
    assert services.stores.cases.get("case-1").state is CaseState.QUEUED


def test_an_empty_queue_says_so(services: Services, open_page: OpenPage) -> None:
    services.stores.cases.delete("case-1")
    opened = open_page("moderation", Role.MODERATOR)
    assert "Nothing waits for you" in opened.success[0].value


def test_the_case_shows_what_was_found_and_where(page: AppTest) -> None:
    shown = words(page)
    assert "**chutiya**" in shown
    assert "**98765 43210**" in shown
    assert "Contact details or a link" in shown
    assert "Title of rude" in shown


def test_a_case_with_a_product_picture_is_drawn(services: Services, open_page: OpenPage) -> None:
    services.stores.products.patch("product-1", {"image": "products/p/image.jpg"})
    services.stores.cases.delete("case-1")
    submit(services, "rude", RUDE)
    opened = open_page("moderation", Role.MODERATOR)
    opened.button(key="start").click().run()
    assert not opened.exception
    assert "Publisher" in words(opened)


def test_approving_puts_the_post_into_the_feed(page: AppTest, services: Services) -> None:
    page.button(key="approve").click().run()
    assert not page.exception
    assert services.stores.posts.get("rude").status is PostStatus.LIVE
    assert "Approved" in words(page)


def test_rejecting_without_a_reason_asks_for_one(page: AppTest, services: Services) -> None:
    page.button(key="reject").click().run()
    assert "needs a reason" in page.warning[0].value
    assert services.stores.posts.get("rude").status is PostStatus.IN_REVIEW


def test_rejecting_with_reason_and_note_tells_the_creator(page: AppTest, services: Services) -> None:
    page.pills(key="reason-rude.1").set_value(Reason.PERSONAL_DATA).run()
    page.text_area(key="note-rude.1").input("Take the number out.").run()
    assert "Take phone numbers" in words(page)
    page.button(key="reject").click().run()
    case = services.stores.cases.get("rude.1")
    assert (case.verdict, case.reason, case.note) == (Verdict.REJECT, "personal_data", "Take the number out.")
    assert services.stores.posts.get("rude").status is PostStatus.REJECTED


def test_undo_brings_the_case_back(page: AppTest, services: Services) -> None:
    page.button(key="approve").click().run()
    page.button(key="undo_verdict").click().run()
    assert not page.exception
    assert services.stores.posts.get("rude").status is PostStatus.IN_REVIEW
    assert page.button(key="approve").label == "Approve"


def test_blocking_the_file_holds_its_next_upload(page: AppTest, services: Services) -> None:
    page.pills(key="reason-rude.1").set_value(Reason.HATE).run()
    page.checkbox(key="block-rude.1").check().run()
    page.button(key="reject").click().run()
    submit(services, "again", "Soft linen saree")
    assert services.stores.posts.get("again").status is PostStatus.HELD


def test_a_skipped_case_is_left_to_colleagues(page: AppTest, services: Services) -> None:
    page.button(key="skip").click().run()
    assert "Nothing waits for you" in page.success[0].value
    assert services.stores.cases.get("rude.1").state is CaseState.QUEUED


def test_after_a_refresh_the_next_case_still_follows_by_itself(
    page: AppTest, services: Services, open_page: OpenPage
) -> None:
    submit(services, "second", "first copy watch")
    refreshed = open_page("moderation", Role.MODERATOR)
    refreshed.button(key="approve").click().run()
    assert "Title of second" in words(refreshed)


def test_a_case_lost_to_a_colleague_says_so(page: AppTest, services: Services) -> None:
    services.stores.cases.patch("rude.1", {"holder": "account-administrator"})
    page.button(key="approve").click().run()
    assert "Taken by Administrator" in page.warning[0].value
    assert services.stores.posts.get("rude").status is PostStatus.IN_REVIEW


def test_a_severe_clip_is_blurred_until_asked_for(services: Services, open_page: OpenPage) -> None:
    services.stores.cases.delete("case-1")
    submit(services, "worst", "kill yourself")
    opened = open_page("moderation", Role.MODERATOR)
    opened.button(key="start").click().run()
    assert opened.toggle(key="clear-worst.1").value is False
    opened.toggle(key="clear-worst.1").set_value(True).run()
    assert not opened.exception


def test_queue_and_decisions_are_tables(page: AppTest, services: Services, open_page: OpenPage) -> None:
    submit(services, "second", "first copy watch")
    queue = open_page("moderation", Role.MODERATOR, tab="Queue")
    assert list(queue.dataframe[0].value["Post"]) == ["Title of rude", "Title of second"]
    assert list(queue.dataframe[0].value["With"]) == ["Moderator", ""]
    page.button(key="approve").click().run()
    mine = open_page("moderation", Role.MODERATOR, tab="My decisions")
    assert list(mine.dataframe[0].value["Post"]) == ["Title of rude"]


def test_the_queue_can_be_narrowed_by_urgency(services: Services, open_page: OpenPage) -> None:
    services.stores.cases.delete("case-1")
    submit(services, "rude", RUDE)
    held = open_page("moderation", Role.MODERATOR, tab="Queue", urgency="On hold")
    assert not held.dataframe
    assert "No cases here" in held.info[0].value


def test_words_of_people_are_never_read_as_markdown(services: Services, open_page: OpenPage) -> None:
    services.stores.cases.delete("case-1")
    submit(services, "sly", "**bold** [link](http://x.example.com) chutiya")
    opened = open_page("moderation", Role.MODERATOR)
    opened.button(key="start").click().run()
    assert "[link](" not in words(opened)
