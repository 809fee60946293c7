"""The library: filters in the address, the right empty states, nothing of other publishers."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.post import PostStatus
from tests.pages.conftest import OpenPage


def titles(page: AppTest) -> list[str]:
    """The titles in the table view."""
    return list(page.dataframe[0].value["Title"]) if page.dataframe else []


def test_a_brand_sees_its_own_posts_only(open_page: OpenPage, services: Services) -> None:
    page = open_page("library", Role.BRAND, view="Table")
    own = {post.title for post in services.stores.posts.each({"publisher": "kesari"})}
    assert set(titles(page)) == own


def test_staff_see_every_post_with_its_publisher(open_page: OpenPage, services: Services) -> None:
    page = open_page("library", Role.MODERATOR, view="Table")
    assert len(titles(page)) == services.stores.posts.count()
    assert set(page.dataframe[0].value["Publisher"]) == {"Kesari Looms", "Riya cooks"}


def test_filters_come_from_the_address(open_page: OpenPage) -> None:
    page = open_page("library", Role.MODERATOR, view="Table", status="Live", q="linen")
    assert page.pills("status").value == [PostStatus.LIVE]
    assert [list(status) for status in page.dataframe[0].value["Status"]] == [["Live"]]
    assert any("1 post (" in caption.value for caption in page.caption)


def test_a_search_narrows_the_table(open_page: OpenPage) -> None:
    page = open_page("library", Role.MODERATOR, view="Table")
    page.text_input("q").set_value("look 5").run()
    assert titles(page) == ["Linen saree look 5"]


def test_no_hit_offers_to_clear_the_filters(open_page: OpenPage, services: Services) -> None:
    page = open_page("library", Role.MODERATOR, view="Table", q="nothing like this")
    assert any("No post fits these filters" in text.value for text in page.markdown)
    page.button("clear_filters").click().run()
    assert len(titles(page)) == services.stores.posts.count()


def test_a_publisher_without_posts_is_told_what_to_do(open_page: OpenPage, services: Services) -> None:
    for post in list(services.stores.posts.each({"publisher": "riya"})):
        services.stores.posts.delete(post.id)
    page = open_page("library", Role.CREATOR)
    assert any("Nothing here yet" in text.value for text in page.markdown)


def test_pages_go_on_and_back_without_showing_a_post_twice(open_page: OpenPage, services: Services) -> None:
    account = services.stores.accounts.get("account-brand")
    for number in range(40):
        services.catalog.create_draft(account, now=clock() + number, changes={"title": f"Draft {number}"})
    page = open_page("library", Role.BRAND, view="Table", status="Draft")
    first = titles(page)
    page.button("library_pages-older").click().run()
    second = titles(page)
    assert len(first) == 24
    assert not set(first) & set(second)
    assert len(first) + len(second) == services.stores.posts.count({"publisher": "kesari", "status": "draft"})
    page.button("library_pages-newer").click().run()
    assert titles(page) == first
