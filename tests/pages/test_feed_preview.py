"""The feed preview under AppTest; the phone itself is played in a real browser elsewhere."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from streamlit.testing.v1 import AppTest

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.post import Post, PostKind
from dashboard.components.phone_frame import end_of
from tests.feed.world import NOW, world
from tests.pages.conftest import OpenPage, account_of


@pytest.fixture
def feed(services: Services) -> Services:
    """The small world with enough live posts for two pages."""
    pattern: Post = services.stores.posts.get("post-live")
    for number in range(20):
        services.stores.posts.insert(
            replace(
                pattern, id=f"live-{number}", title=f"Live {number}", kind=list(PostKind)[number % 4],
                publisher="kesari" if number % 2 else "riya", tags=("saree",) if number % 3 else ("diwali",),
                published_at=clock() - number, updated_at=clock() - number,
            )
        )  # fmt: skip
    return services


def said_plainly(page: AppTest) -> str:
    """The captions as they are read."""
    return " ".join(one.value for one in page.caption).replace("\\", "")


def test_a_slot_says_why_it_is_there(open_page: OpenPage, feed: Services) -> None:
    page = open_page("feed_preview", Role.PRODUCT_MANAGER)
    assert not page.exception
    assert any(text.value.startswith("**Slot 1: ") for text in page.markdown)
    assert any("Placed by" in caption.value for caption in page.caption)
    assert page.selectbox("viewer").options == ["Ananya, 27, Pune, Handloom"]


def test_looking_leaves_the_viewer_as_it_was(open_page: OpenPage, feed: Services) -> None:
    open_page("feed_preview", Role.PRODUCT_MANAGER)
    assert feed.stores.live.viewers.read("viewer-1").viewer.version == 0


def test_counting_marks_the_page_as_seen(open_page: OpenPage, feed: Services) -> None:
    page = open_page("feed_preview", Role.PRODUCT_MANAGER)
    page.toggle("counts").set_value(True).run()
    assert len(feed.stores.live.viewers.read("viewer-1").viewer.seen) == 10


def test_a_page_that_counts_is_made_by_the_mix_in_force_and_says_so(open_page: OpenPage, feed: Services) -> None:
    made = feed.mix.save(
        account_of(Role.PRODUCT_MANAGER), {"shares.promotional.most": 0.0}, base="for_you-1", name="Calm", now=clock()
    )
    page = open_page("feed_preview", Role.PRODUCT_MANAGER)
    page.selectbox("policy").set_value(made.id).run()
    assert "Page 1, made by mix for_you-2." in said_plainly(page)
    page.toggle("counts").set_value(True).run()
    assert page.selectbox("policy").disabled
    assert page.selectbox("policy").help.startswith("Not while looking counts as shown")
    assert "Page 1, made by mix for_you-1." in said_plainly(page)
    session = page.session_state["feed_preview"]
    assert session.asked.policy is None
    page.button("act_like").click().run()
    assert page.session_state["feed_preview"].baseline.policy == "for_you-1"


def test_a_like_shows_what_it_changes_and_the_next_page_brings_it(open_page: OpenPage, feed: Services) -> None:
    page = open_page("feed_preview", Role.PRODUCT_MANAGER)
    page.button("act_like").click().run()
    session = page.session_state["feed_preview"]
    assert session.acts == ["Liked slot 1"]
    assert session.baseline is not None
    assert len(feed.stores.live.viewers.read("viewer-1").viewer.liked) == 1
    before = {slot.post for slot in session.page.slots}
    page.button("next_page").click().run()
    following = page.session_state["feed_preview"]
    assert not page.exception
    assert following.number == 2
    assert not before & {slot.post for slot in following.page.slots}


def test_the_like_button_takes_the_like_back(open_page: OpenPage, feed: Services) -> None:
    page = open_page("feed_preview", Role.PRODUCT_MANAGER)
    page.button("act_like").click().run()
    assert page.button("act_like").label == "Take the like back"
    page.button("act_like").click().run()
    assert feed.stores.live.viewers.read("viewer-1").viewer.liked == ()


def test_a_reset_asks_first(open_page: OpenPage, feed: Services) -> None:
    page = open_page("feed_preview", Role.ADMINISTRATOR)
    page.button("act_like").click().run()
    page.button("reset_viewer").click().run()
    assert page.button("confirm_reset").label == "Reset viewer"
    assert len(feed.stores.live.viewers.read("viewer-1").viewer.liked) == 1


def test_the_page_size_is_in_the_address(open_page: OpenPage, feed: Services) -> None:
    page = open_page("feed_preview", Role.PRODUCT_MANAGER, slots="6")
    assert len(page.session_state["feed_preview"].page.slots) == 6


def test_without_sample_viewers_it_says_so(open_page: OpenPage, services: Services) -> None:
    services.stores.sample_viewers.delete("viewer-1")
    page = open_page("feed_preview", Role.PRODUCT_MANAGER)
    assert any("no sample viewers" in info.value for info in page.info)


def test_the_last_screen_of_the_phone_says_whether_more_is_to_come_all_was_seen_or_nothing_is_there() -> None:
    some = world().feed.page("v", size=2, now=NOW)
    assert some.cursor
    assert end_of(some) == "End of this page."
    assert end_of(msgspec.structs.replace(some, cursor=None)) == "That was everything this viewer has not seen yet."
    assert end_of(msgspec.structs.replace(some, cursor=None, slots=())) == "Nothing to show yet."
