"""Comments on screen: the queue of moderators, the post's tab, sales beside them."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.comment import CommentState
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import HOUR, MINUTE
from core.domain.moderation import Reason, Verdict
from tests.pages.conftest import OpenPage

POST = "post-live"


@pytest.fixture
def held(services: Services) -> str:
    """A comment with a phone number."""
    return services.comments.add(POST, "viewer-1042", "call 98765 43210", id="held", now=clock()).id


def words(page: AppTest) -> str:
    return "\n".join(element.value for element in (*page.markdown, *page.caption, *page.info, *page.warning))


def test_an_empty_queue_says_what_will_appear(open_page: OpenPage) -> None:
    page = open_page("comments", Role.MODERATOR)
    assert not page.exception
    assert "No comment waits" in words(page)


def test_a_held_comment_shows_what_was_found_and_not_who_wrote_it(open_page: OpenPage, held: str) -> None:
    page = open_page("comments", Role.MODERATOR)
    shown = words(page)
    assert "**98765 43210**" in shown
    assert "1042" not in shown


def test_showing_it_puts_it_under_the_post(open_page: OpenPage, services: Services, held: str) -> None:
    page = open_page("comments", Role.MODERATOR)
    page.button(f"show-{held}").click().run()
    assert not page.exception
    assert services.stores.comments.get(held).state is CommentState.SHOWN
    assert "Shown: call 98765 43210" in words(page)
    page.button("undo_comment").click().run()
    assert services.stores.comments.get(held).state is CommentState.HELD


def test_removing_needs_a_reason_and_tells_it_to_the_writer(open_page: OpenPage, services: Services, held: str) -> None:
    page = open_page("comments", Role.MODERATOR)
    page.button(f"confirm-{held}").click().run()
    assert "needs a reason" in page.warning[0].value
    page.pills(key=f"reason-{held}").set_value(Reason.PERSONAL_DATA).run()
    page.text_area(f"note-{held}").set_value("No phone numbers, please").run()
    page.button(f"confirm-{held}").click().run()
    assert services.stores.comments.get(held).state is CommentState.REMOVED
    told = services.comments.of_viewer("viewer-1042").items[0].why
    assert "Personal data" in told
    assert "No phone numbers" in told
    assert [line.action for line in services.stores.audit.each()][-1] == "comment.remove"


def test_the_second_moderator_is_told_that_it_is_decided(open_page: OpenPage, services: Services, held: str) -> None:
    page = open_page("comments", Role.ADMINISTRATOR)
    colleague = services.stores.accounts.get("account-moderator")
    services.comment_review.decide(colleague, held, revision=1, verdict=Verdict.APPROVE, now=clock())
    page.button(f"show-{held}").click().run()
    assert "has decided this comment already" in page.warning[0].value


def test_a_reported_comment_is_in_the_other_queue(open_page: OpenPage, services: Services) -> None:
    services.comments.add(POST, "v", "Nice", id="nice", now=clock())
    services.comment_marks.report(POST, "nice", "w", "spam", now=clock())
    page = open_page("comments", Role.MODERATOR, comments_tab="Reported")
    assert page.button("show-nice").label == "Keep"
    page.button("show-nice").click().run()
    assert services.comment_review.counts(services.stores.accounts.get("account-moderator"))["reported"] == 0


def test_a_brand_reads_what_viewers_read_and_a_moderator_everything(
    open_page: OpenPage, services: Services, held: str
) -> None:
    services.stores.posts.patch(POST, {"publisher": "kesari"})
    services.comments.add(POST, "v", "Lovely drape", id="lovely", now=clock())
    services.comments.add(POST, "w", "Agreed", parent="lovely", now=clock())
    seen: dict[Role, list[str]] = {}
    for role in (Role.BRAND, Role.MODERATOR):
        page = open_page("post", role, id=POST, post_tab="Comments")
        assert not page.exception
        seen[role] = [text.value for text in page.text]
    assert {"Lovely drape", "Agreed"} <= set(seen[Role.BRAND])
    assert "call 98765 43210" not in seen[Role.BRAND]
    assert "call 98765 43210" in seen[Role.MODERATOR]


def test_the_way_to_an_order_is_drawn_on_the_posts_page(open_page: OpenPage, services: Services) -> None:
    services.stores.posts.patch(POST, {"publisher": "kesari"})
    now = clock() - HOUR
    for place, kind in enumerate((EventKind.IMPRESSION, EventKind.PRODUCT_CLICK, EventKind.ORDER)):
        event = ViewerEvent(
            id=f"e{place}", kind=kind, viewer="viewer-1042", at=now + place * MINUTE, product="product-1",
            post="" if kind is EventKind.ORDER else POST, value_minor=249_900 if kind is EventKind.ORDER else 0,
        )  # fmt: skip
        services.engagement.accept([event], clock())
    while services.attribution.consume("worker", now=clock()):
        pass
    page = open_page("post", Role.BRAND, id=POST, post_tab="Sales")
    assert not page.exception
    shown = {metric.label: metric.value for metric in page.metric}
    assert (shown["Pieces"], shown["Revenue"]) == ("1", "₹2,499")
    paths = page.dataframe[0].value
    assert paths["Steps before"].tolist() == ["seen 2 min → clicked 1 min"]
    assert "1042" not in paths.to_csv()
    overview = open_page("overview", Role.PRODUCT_MANAGER)
    assert not overview.exception
    assert {metric.label: metric.value for metric in overview.metric}["Revenue"] == "₹2,499"


def test_a_reported_post_shows_its_reports_to_the_reviewer(open_page: OpenPage, services: Services) -> None:
    services.stores.cases.delete("case-1")
    for number in range(3):
        services.reports.report(services.engagement, POST, f"viewer-{number}", "counterfeit", "Fake logo", now=clock())
    services.community.consume("worker", now=clock())
    page = open_page("moderation", Role.MODERATOR)
    page.button(key="start").click().run()
    assert not page.exception
    assert "Reports of viewers" in [element.value for element in page.subheader]
    assert "Fake logo" in words(page)
