"""Comments: checked, screened, in threads."""

from __future__ import annotations

import pytest

from core.domain.errors import Conflict, InvalidInput, NotFound
from core.domain.post import PostStatus
from core.services.comments import Comments
from tests.feed.world import NOW, World, world


@pytest.fixture
def small() -> World:
    return world(posts=4, publishers=2)


@pytest.fixture
def comments(small: World) -> Comments:
    return Comments(small.stores, small.engagement)


def test_a_comment_is_shown_and_counts_as_an_event(small: World, comments: Comments) -> None:
    made = comments.add("post-0000", "v", "  Does it come in maroon? ", now=NOW)
    assert made.visible
    assert made.text == "Does it come in maroon?"
    small.engagement.consume("worker", now=NOW)
    assert small.stores.post_totals.get("post-0000").counts == {"comment": 1}


def test_answers_join_the_thread_of_the_first_comment(comments: Comments) -> None:
    first = comments.add("post-0000", "v", "First", now=NOW)
    second = comments.add("post-0000", "w", "Second", parent=first.id, now=NOW + 1)
    comments.add("post-0000", "x", "Third", parent=second.id, now=NOW + 2)
    comments.add("post-0000", "y", "Other", now=NOW + 3)
    threads = comments.threads("post-0000").items
    assert [thread.comment.text for thread in threads] == ["Other", "First"]
    assert [answer.text for answer in threads[1].answers] == ["Second", "Third"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 1_001])
def test_a_text_of_no_or_too_many_characters_is_refused(comments: Comments, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        comments.add("post-0000", "v", text, now=NOW)
    assert caught.value.field == "text"


@pytest.mark.parametrize("text", ["call me on 98765 43210", "cheaper at www.other-shop.com"])
def test_contact_details_and_links_are_held(comments: Comments, text: str) -> None:
    assert not comments.add("post-0000", "v", text, now=NOW).visible
    assert comments.threads("post-0000").items == []


def test_a_screen_that_fails_holds_the_comment(small: World) -> None:
    def broken(text: str) -> bool:
        raise OSError("no word list")

    assert not Comments(small.stores, small.engagement, broken).add("post-0000", "v", "Nice", now=NOW).visible


def test_the_same_comment_again_is_the_same_comment(small: World, comments: Comments) -> None:
    first = comments.add("post-0000", "v", "Nice", id="c1", now=NOW)
    assert comments.add("post-0000", "v", "Nice", id="c1", now=NOW + 5) == first
    with pytest.raises(Conflict):
        comments.add("post-0000", "v", "Not the same", id="c1", now=NOW)
    assert small.stores.comments.count() == 1


def test_comments_go_to_live_posts_only(small: World, comments: Comments) -> None:
    small.stores.posts.patch("post-0001", {"status": PostStatus.HELD})
    for post in ("post-0001", "unheard-of"):
        with pytest.raises(NotFound):
            comments.add(post, "v", "Nice", now=NOW)


def test_an_answer_stays_under_its_post(comments: Comments) -> None:
    other = comments.add("post-0001", "v", "Elsewhere", now=NOW)
    with pytest.raises(InvalidInput) as caught:
        comments.add("post-0000", "v", "Nice", parent=other.id, now=NOW)
    assert caught.value.field == "parent"
