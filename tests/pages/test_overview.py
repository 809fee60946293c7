"""The first page of every role."""

from __future__ import annotations

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.attribution import AttributionDay, Sums
from core.domain.feed_hour import FeedHour
from core.domain.ids import HOUR
from core.domain.job import JobKind
from core.domain.post import PostTotals
from tests.pages.conftest import OpenPage


def metrics(page) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {metric.label: metric.value for metric in page.metric}


def test_a_brand_sees_how_its_posts_stand(open_page: OpenPage, services: Services) -> None:
    services.stores.posts.patch("post-live", {"publisher": "kesari"})
    services.stores.post_totals.insert(
        PostTotals(id="post-live", counts={"impression": 1200}, watch_seconds=7_200, revenue_minor=1)
    )
    sold = {"ugc\x1fmix\x1f\x1fclick": Sums(orders=1, items=1, revenue_minor=249_900)}
    services.stores.attribution_days.insert(
        AttributionDay(id="0.post-live", day=0, post="post-live", publisher="kesari", cells=sold)
    )
    shown = metrics(open_page("overview", Role.BRAND))
    assert (shown["Views"], shown["Watch time"], shown["Sales"]) == ("1.2K", "2.0 h", "₹2,499")
    assert shown["Live posts"] == str(services.stores.posts.count({"publisher": "kesari", "status": "live"}))


def test_a_publisher_without_posts_is_led_to_the_first_one(open_page: OpenPage, services: Services) -> None:
    for post in list(services.stores.posts.each({"publisher": "riya"})):
        services.stores.posts.delete(post.id)
    page = open_page("overview", Role.CREATOR)
    assert any("Your first post" in text.value for text in page.markdown)


def test_a_moderator_sees_the_queue(open_page: OpenPage) -> None:
    page = open_page("overview", Role.MODERATOR)
    assert metrics(page)["Waiting"] == "1"
    assert page.button("to_queue").label == "Review the next"


def test_a_manager_sees_what_was_served_against_the_day_before(open_page: OpenPage, services: Services) -> None:
    hour = clock() // HOUR * HOUR
    for name, at, slots in (("now", hour, 30), ("then", hour - 30 * HOUR, 20)):
        services.stores.feed_hours.insert(FeedHour(id=name, hour=at, pages=2, slots={"ugc": slots}))
    page = open_page("overview", Role.PRODUCT_MANAGER)
    served = next(metric for metric in page.metric if metric.label == "Slots served")
    assert (served.value, served.delta) == ("30", "+50%")


def test_an_administrator_sees_queue_feed_and_posts(open_page: OpenPage) -> None:
    shown = metrics(open_page("overview", Role.ADMINISTRATOR))
    assert {"Waiting", "Slots served", "Live", "Rejected"} <= shown.keys()


def test_the_demo_worlds_media_is_followed_until_it_is_made(open_page: OpenPage, services: Services) -> None:
    services.jobs.enqueue(JobKind.RENDER_DEMO, "post-live", now=clock())
    page = open_page("overview", Role.PRODUCT_MANAGER)
    assert not page.exception
