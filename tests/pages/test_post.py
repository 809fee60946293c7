"""The page of one post."""

from __future__ import annotations

import pytest

from core.bootstrap import Services
from core.domain.account import Role
from core.domain.attribution import AttributionDay, Sums
from core.domain.comment import Comment
from core.domain.post import PostStatus, PostTotals
from tests.pages.conftest import OpenPage


@pytest.fixture
def own(services: Services) -> str:
    """The live post, made the brand's."""
    services.stores.posts.patch("post-live", {"publisher": "kesari"})
    return "post-live"


def test_another_publishers_post_does_not_exist(open_page: OpenPage, services: Services) -> None:
    services.stores.posts.patch("post-live", {"publisher": "riya"})
    page = open_page("post", Role.BRAND, id="post-live")
    assert [title.value for title in page.title] == ["No such post"]


@pytest.mark.parametrize("status", list(PostStatus))
def test_a_post_is_shown_in_every_status_to_its_publisher_and_to_staff(
    open_page: OpenPage, services: Services, status: PostStatus
) -> None:
    services.stores.posts.patch(f"post-{status.value}", {"publisher": "kesari"})
    for role in (Role.BRAND, Role.MODERATOR):
        page = open_page("post", role, id=f"post-{status.value}")
        assert not page.exception
        assert page.title[0].value.startswith("Linen saree look")


def test_results_are_metrics_with_rupees(open_page: OpenPage, services: Services, own: str) -> None:
    counts = {"impression": 1000, "like": 51, "unlike": 1, "product_click": 20, "order": 2}
    services.stores.post_totals.insert(PostTotals(id=own, counts=counts, watch_seconds=4_200.0, revenue_minor=1))
    sold = {"product\x1fmix\x1f\x1fclick": Sums(orders=2, items=2, revenue_minor=499_800)}
    services.stores.attribution_days.insert(
        AttributionDay(id=f"0.{own}", day=0, post=own, publisher="kesari", cells=sold)
    )
    page = open_page("post", Role.BRAND, id=own)
    shown = {metric.label: (metric.value, metric.delta) for metric in page.metric}
    assert shown["Views"][0] == "1K"
    assert shown["Likes"] == ("50", "5.0% of views")
    assert shown["Orders"] == ("2", "₹4,998")


def test_changed_words_are_stored_and_checked_again(open_page: OpenPage, services: Services, own: str) -> None:
    page = open_page("post", Role.BRAND, id=own)
    assert page.button("save_post").disabled
    page.text_area(f"post:{own}:caption").set_value("Better words").run()
    page.button("save_post").click().run()
    stored = services.stores.posts.get(own)
    assert (stored.caption, stored.status) == ("Better words", PostStatus.SCREENING)


def test_a_withdrawn_post_is_restored(open_page: OpenPage, services: Services) -> None:
    services.stores.posts.patch("post-withdrawn", {"publisher": "kesari"})
    page = open_page("post", Role.BRAND, id="post-withdrawn")
    page.button("act_undo").click().run()
    assert services.stores.posts.get("post-withdrawn").status is PostStatus.SCREENING


def test_withdrawing_asks_first(open_page: OpenPage, services: Services, own: str) -> None:
    page = open_page("post", Role.BRAND, id=own)
    page.button("withdraw").click().run()
    assert services.stores.posts.get(own).status is PostStatus.LIVE
    assert page.button("confirm_withdraw").label == "Withdraw"


def test_staff_read_and_find_no_button_that_changes_anything(open_page: OpenPage, own: str) -> None:
    page = open_page("post", Role.PRODUCT_MANAGER, id=own)
    keys = {button.key for button in page.button}
    assert keys.isdisjoint({"withdraw", "save_post", "act_undo", "act_send"})


def test_words_of_people_are_shown_as_written(open_page: OpenPage, services: Services, own: str) -> None:
    services.stores.posts.patch(own, {"title": "**50%** [off](http://evil.example) :red[now]"})
    page = open_page("post", Role.BRAND, id=own)
    assert page.title[0].value == "\\*\\*50%\\*\\* \\[off\\]\\(http\\:\u2060//evil\\.example\\) \\:red\\[now\\]"


def test_comments_and_audit_lines_have_their_tabs(open_page: OpenPage, services: Services, own: str) -> None:
    services.stores.comments.insert(Comment(id="c1", post=own, viewer="v1", text="Lovely drape", created_at=1))
    page = open_page("post", Role.MODERATOR, id=own)
    assert [tab.label for tab in page.tabs] == ["Details", "Sales", "Comments", "History", "Audit trail"]
