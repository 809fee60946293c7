"""Under "How it was made": why a post is not on the page, and served pages made again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.post import Post, PostKind
from core.feed.standings import Standing
from dashboard.components.why_not import rank_bars, score_bars
from tests.pages.conftest import OpenPage

MADE = "How it was made"


@pytest.fixture
def feed(services: Services) -> Services:
    """Twenty live posts more."""
    pattern: Post = services.stores.posts.get("post-live")
    for number in range(20):
        services.stores.posts.insert(
            replace(
                pattern, id=f"live-{number}", title=f"Lamp {number}", search_text=f"lamp {number}",
                kind=list(PostKind)[number % 4], publisher="kesari" if number % 2 else "riya",
                published_at=clock() - number, updated_at=clock() - number,
            )
        )  # fmt: skip
    return services


def opened(open_page: OpenPage, **state: object) -> AppTest:
    page = open_page("feed_preview", Role.PRODUCT_MANAGER, slots="6")
    page.session_state["preview_tab"] = MADE
    for key, value in state.items():
        page.session_state[key] = value
    page.run()
    assert not page.exception
    return page


def words(page: AppTest) -> str:
    return " ".join(str(one.value) for kind in ("markdown", "caption", "info") for one in getattr(page, kind))


def test_a_post_that_is_not_on_the_page_is_answered(open_page: OpenPage, feed: Services) -> None:
    page = opened(open_page)
    shown = {slot.post for slot in page.session_state["feed_preview"].page.slots}
    missing = next(f"live-{number}" for number in range(20) if f"live-{number}" not in shown)
    page = opened(open_page, why_not_post=missing)
    assert "Its score of" in words(page)
    for post, said in (("post-held", "held"), ("post-draft", "draft"), ("nothing-like-it", "There is no post")):
        assert said in words(opened(open_page, why_not_post=post))


def test_the_search_finds_posts_and_says_when_none_fits(open_page: OpenPage, feed: Services) -> None:
    page = opened(open_page)
    page.text_input("why_not_search").set_value("unicorn").run()
    assert "No post fits" in words(page)
    page.text_input("why_not_search").set_value("lamp 3").run()
    assert not page.exception
    assert "No post fits" not in words(page)


def test_a_served_page_is_found_by_its_request_and_made_again(open_page: OpenPage, feed: Services) -> None:
    served = feed.feed.page("viewer-1", size=5, now=clock())
    feed.feed.flush()
    page = opened(open_page, kept_request=served.request)
    assert "Recomputed: identical" in words(page)
    assert any(len(frame.value) == 5 and "Placed by" in frame.value for frame in page.dataframe)
    page.text_input("kept_request").set_value("nonsense").run()
    assert not page.exception
    assert "26 characters" in words(page)


def test_the_pages_kept_last_are_listed_and_opened_by_a_button(open_page: OpenPage, feed: Services) -> None:
    assert "None is kept yet" in words(opened(open_page))
    served = feed.feed.page("viewer-1", size=5, now=clock())
    feed.feed.flush()
    page = opened(open_page)
    page.button(f"kept_{served.request}").click().run()
    assert page.text_input("kept_request").value == served.request
    assert "Recomputed: identical" in words(page)


def test_why_not_answers_for_a_page_that_counts_too(open_page: OpenPage, feed: Services) -> None:
    page = opened(open_page)
    page.toggle("counts").set_value(True).run()
    feed.feed.flush()
    slot = page.session_state["feed_preview"].page.slots[0]
    page.session_state["why_not_post"] = slot.post
    page.run()
    assert not page.exception
    assert "It is on the page, in slot 1" in words(page)


def test_bars_show_ranks_over_what_is_taken_and_scores_side_by_side() -> None:
    figure = rank_bars(
        (Standing("popular", "312th in the best of kind UGC, the source takes 50", 312, 50), Standing("trending", "no"))
    )
    assert [tuple(bar.x) for bar in figure.data] == [(50,), (312,)]
    assert list(score_bars(0.4, 0.5, None).data[0].x) == [0.4, 0.5]
