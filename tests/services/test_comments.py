"""Comments: checked, screened, in threads, counted, changed and deleted by their writers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.domain.comment import CommentRules, CommentState, Thread
from core.domain.errors import Conflict, Duplicate, InvalidInput, NotFound, Throttled, Unavailable
from core.domain.ids import DAY, MINUTE
from core.domain.post import PostStatus
from core.domain.review import TextMatch
from core.services.audit import Audit
from core.services.comment_marks import CommentMarks
from core.services.comment_screening import CommentScreening, look_at
from core.services.comments import Comments
from tests.feed.world import NOW, World, world

POST = "post-0000"
MANY = CommentRules(per_window=1_000)


@pytest.fixture
def small() -> World:
    return world(posts=4, publishers=2)


@pytest.fixture
def comments(small: World) -> Comments:
    return Comments(small.stores, small.engagement, CommentScreening(small.stores, rules=MANY))


@pytest.fixture
def marks(small: World) -> CommentMarks:
    return CommentMarks(small.stores, CommentScreening(small.stores, rules=MANY), Audit(small.stores))


def words(threads: list[Thread]) -> list[tuple[str, list[str]]]:
    return [(thread.comment.text, [answer.text for answer in thread.answers]) for thread in threads]


def test_a_comment_is_shown_and_counts_as_an_event(small: World, comments: Comments) -> None:
    made = comments.add(POST, "v", "  Does it come in maroon? ", now=NOW)
    assert made.visible
    assert made.text == "Does it come in maroon?"
    small.engagement.consume("worker", now=NOW)
    assert small.stores.post_totals.get(POST).counts == {"comment": 1}
    assert small.stores.post_totals.get(POST).shown == (0, 1, 0)


def test_answers_join_the_thread_of_the_first_comment(comments: Comments) -> None:
    first = comments.add(POST, "v", "First", now=NOW)
    second = comments.add(POST, "w", "Second", parent=first.id, now=NOW + 1)
    third = comments.add(POST, "x", "Third", parent=second.id, now=NOW + 2)
    comments.add(POST, "y", "Other", now=NOW + 3)
    threads = comments.threads(POST).items
    assert words(threads) == [("Other", []), ("First", ["Second", "Third"])]
    assert (third.parent, third.reply_to) == (first.id, second.id)
    assert threads[1].comment.answers == 2


def test_long_threads_and_long_lists_come_in_pages(comments: Comments) -> None:
    roots = [comments.add(POST, "v", f"Root {n}", now=NOW + n) for n in range(7)]
    for n in range(12):
        comments.add(POST, "w", f"Answer {n}", parent=roots[0].id, now=NOW + 100 + n)
    seen: list[Thread] = []
    cursor = None
    while True:
        page = comments.threads(POST, limit=3, cursor=cursor)
        seen += page.items
        if (cursor := page.cursor) is None:
            break
    assert [thread.comment.text for thread in seen] == [f"Root {n}" for n in reversed(range(7))]
    first, rest = seen[-1], seen[-1].cursor
    answers = [answer.text for answer in first.answers]
    while rest is not None:
        more = comments.answers(POST, roots[0].id, limit=4, cursor=rest)
        answers += [answer.text for answer in more.items]
        rest = more.cursor
    assert answers == [f"Answer {n}" for n in range(12)]


@pytest.mark.parametrize("text", ["", "   ", "x" * 1_001, "half a pair \ud800"])
def test_a_text_that_is_none_or_too_long_is_refused(comments: Comments, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        comments.add(POST, "v", text, now=NOW)
    assert caught.value.field == "text"


@pytest.mark.parametrize(
    "text",
    [
        "call me on 98765 43210",
        "cheaper at www.other-shop.com",
        "this is \u202eдоог\u202c really",
        "cheap\u200b stuff \u2060here",
        "z\u0335\u0336\u0337\u0338\u0339\u033a algo",
        "tu chutiya hai",
        "c\u200bh\u200bu\u200bt\u200biya",
    ],
)
def test_contacts_links_hidden_characters_and_bad_words_are_held(comments: Comments, text: str) -> None:
    made = comments.add(POST, "v", text, now=NOW)
    assert made.state is CommentState.HELD
    assert made.why
    assert comments.threads(POST).items == []
    assert comments.get(POST, made.id, reader="v").text == text
    with pytest.raises(NotFound):
        comments.get(POST, made.id, reader="w")


@pytest.mark.parametrize(
    "text", ["बहुत सुंदर साड़ी क्\u200dष", "So nice 👨‍👩‍👧 ❤️", "Дуже гарно", "café déjà vu", "Line one\nline two"]
)
def test_what_people_really_write_is_shown(comments: Comments, text: str) -> None:
    assert comments.add(POST, "v", text, now=NOW).visible


def test_a_severe_word_is_urgent_and_nothing_is_removed_by_the_machine(small: World, comments: Comments) -> None:
    made = comments.add(POST, "v", "kill yourself", now=NOW)
    assert made.state is CommentState.HELD
    assert small.stores.comments.get(made.id).urgent


def test_a_screen_that_fails_holds_the_comment(small: World) -> None:
    def broken(text: str) -> list[TextMatch]:
        raise OSError("no word list")

    comments = Comments(small.stores, small.engagement, CommentScreening(small.stores, broken))
    assert not comments.add(POST, "v", "Nice", now=NOW).visible


def test_the_same_comment_again_is_the_same_comment(small: World, comments: Comments) -> None:
    first = comments.add(POST, "v", "Nice", id="c1", now=NOW)
    assert comments.add(POST, "v", "Nice", id="c1", now=NOW + 5) == first
    with pytest.raises(Duplicate):
        comments.add(POST, "v", "Not the same", id="c1", now=NOW)
    assert small.stores.comments.count() == 1


def test_one_comment_sent_by_eight_threads_is_one_comment_and_one_event(small: World, comments: Comments) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: comments.add(POST, "v", "Nice", id="c" * 80, now=NOW + n), range(8)))
    small.engagement.consume("worker", now=NOW)
    assert (small.stores.comments.count(), small.stores.post_totals.get(POST).counts["comment"]) == (1, 1)


def test_comments_of_a_post_that_is_not_live_are_neither_taken_nor_served(small: World, comments: Comments) -> None:
    made = comments.add("post-0001", "v", "Nice", now=NOW)
    small.stores.posts.patch("post-0001", {"status": PostStatus.WITHDRAWN})
    for post in ("post-0001", "unheard-of"):
        for act in (
            lambda post=post: comments.add(post, "v", "Nice", now=NOW),
            lambda post=post: comments.threads(post),
            lambda post=post: comments.get(post, made.id),
            lambda post=post: comments.answers(post, made.id),
        ):
            with pytest.raises(NotFound):
                act()


def test_an_answer_stays_under_its_post(comments: Comments) -> None:
    other = comments.add("post-0001", "v", "Elsewhere", now=NOW)
    with pytest.raises(InvalidInput) as caught:
        comments.add(POST, "v", "Nice", parent=other.id, now=NOW)
    assert caught.value.field == "parent"


def test_the_writer_changes_the_words_and_they_are_screened_again(comments: Comments) -> None:
    made = comments.add(POST, "v", "Nice", now=NOW)
    changed = comments.edit(POST, made.id, "v", "Very nice", now=NOW + 5)
    assert (changed.text, changed.edited_at, changed.visible) == ("Very nice", NOW + 5, True)
    assert not comments.edit(POST, made.id, "v", "call 98765 43210", now=NOW + 6).visible
    assert comments.threads(POST).items == []
    assert comments.edit(POST, made.id, "v", "Sorry", now=NOW + 7).visible


def test_nobody_else_changes_or_deletes_a_comment(comments: Comments) -> None:
    made = comments.add(POST, "v", "Nice", now=NOW)
    with pytest.raises(NotFound):
        comments.edit(POST, made.id, "w", "Mine now", now=NOW)
    with pytest.raises(NotFound):
        comments.delete(POST, made.id, "w", now=NOW)
    assert comments.get(POST, made.id).text == "Nice"


def test_a_deleted_comment_leaves_a_placeholder_while_it_has_answers(small: World, comments: Comments) -> None:
    root = comments.add(POST, "v", "Ask", now=NOW)
    answer = comments.add(POST, "w", "Answer", parent=root.id, now=NOW + 1)
    comments.delete(POST, root.id, "v", now=NOW + 2)
    comments.delete(POST, root.id, "v", now=NOW + 3)
    (thread,) = comments.threads(POST).items
    assert (thread.comment.text, thread.comment.viewer, thread.comment.state) == ("", "", CommentState.DELETED)
    assert [one.text for one in thread.answers] == ["Answer"]
    small.engagement.consume("worker", now=NOW)
    assert small.stores.post_totals.get(POST).shown[1] == 1
    comments.delete(POST, answer.id, "w", now=NOW + 4)
    assert comments.threads(POST).items == []
    assert small.stores.post_totals.get(POST).shown[1] == 0
    with pytest.raises(Conflict):
        comments.edit(POST, root.id, "v", "Back", now=NOW + 5)


def test_a_viewer_sees_what_became_of_each_comment(comments: Comments) -> None:
    comments.add(POST, "v", "Nice", now=NOW)
    comments.add(POST, "v", "call 98765 43210", now=NOW + 1)
    comments.delete(POST, comments.add(POST, "v", "Oops", now=NOW + 2).id, "v", now=NOW + 3)
    found = comments.of_viewer("v").items
    assert [(one.text, one.state.value) for one in found] == [("call 98765 43210", "held"), ("Nice", "shown")]
    assert comments.of_viewer("w").items == []


def test_likes_count_viewers(comments: Comments, marks: CommentMarks) -> None:
    made = comments.add(POST, "v", "Nice", now=NOW)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: marks.like(POST, made.id, f"w{n % 3}", now=NOW), range(12)))
    assert comments.get(POST, made.id).likes == 3
    assert marks.unlike(POST, made.id, "w0").likes == 2
    assert marks.unlike(POST, made.id, "w0").likes == 2


def test_a_like_is_of_one_viewer_and_one_comment_whatever_their_ids_are(
    comments: Comments, marks: CommentMarks
) -> None:
    for id in ("c", "c:x"):
        comments.add(POST, "writer", f"Nice {id}", id=id, now=NOW)
    assert marks.like(POST, "c", "x:v", now=NOW).likes == 1
    assert marks.unlike(POST, "c:x", "v").likes == 0
    assert comments.get(POST, "c").likes == 1
    assert marks.like(POST, "c:x", "v", now=NOW).likes == 1


@pytest.mark.parametrize(
    ("field", "viewer", "id"), [("id", "v", "c/1"), ("id", "v", "c\0"), ("id", "v", ".."), ("viewer", "v\0z", "c")]
)
def test_ids_that_would_not_be_found_again_are_refused(comments: Comments, field: str, viewer: str, id: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        comments.add(POST, viewer, "Nice", id=id, now=NOW)
    assert caught.value.field == field
    assert comments.threads(POST).items == []


def test_reports_of_three_viewers_take_a_comment_out_of_sight(
    small: World, comments: Comments, marks: CommentMarks
) -> None:
    made = comments.add(POST, "v", "Nice", now=NOW)
    assert marks.report(POST, made.id, "w0", "spam", now=NOW)
    assert not marks.report(POST, made.id, "w0", "spam", now=NOW)
    assert marks.report(POST, made.id, "w1", now=NOW)
    assert comments.get(POST, made.id).visible
    marks.report(POST, made.id, "w2", "hate", now=NOW)
    assert comments.get(POST, made.id, reader="v").state is CommentState.HELD
    assert [line.action for line in small.stores.audit.each()] == ["comment.hold"]
    for field, act in (
        ("reason", lambda: marks.report(POST, made.id, "w3", "boring", now=NOW)),
        ("comment", lambda: marks.report(POST, made.id, "w3", now=NOW)),
    ):
        with pytest.raises((InvalidInput, NotFound)) as caught:
            act()
        assert caught.value.field == field


def test_nobody_reports_themselves(comments: Comments, marks: CommentMarks) -> None:
    made = comments.add(POST, "v", "Nice", now=NOW)
    with pytest.raises(InvalidInput):
        marks.report(POST, made.id, "v", now=NOW)


def test_comments_come_at_a_human_pace(small: World) -> None:
    comments = Comments(small.stores, small.engagement, CommentScreening(small.stores))
    for number in range(20):
        comments.add(POST, "v", f"Nice {number}", now=NOW)
    with pytest.raises(Throttled) as caught:
        comments.add(POST, "v", "Once more", now=NOW)
    assert caught.value.retry_after > 0
    comments.add(POST, "w", "Somebody else may", now=NOW)
    comments.add(POST, "v", "Later", now=NOW + 11 * MINUTE)


def test_limits_that_cannot_be_asked_hold_nobody_up(small: World, comments: Comments) -> None:
    def down(*_: object, **__: object) -> float:
        raise Unavailable("the live store does not answer")

    small.stores.live.limits.hit = down  # type: ignore[method-assign]
    assert comments.add(POST, "v", "Nice", now=NOW).visible


def test_repeat_offenders_wait_and_write_less_until_it_is_forgotten(small: World) -> None:
    screening = CommentScreening(small.stores)
    comments = Comments(small.stores, small.engagement, screening)
    for _ in range(2):
        screening.remember("v", removed=True, now=NOW)
    for number in range(5):
        made = comments.add(POST, "v", f"Nice {number}", now=NOW)
        assert made.state is CommentState.HELD
    with pytest.raises(Throttled):
        comments.add(POST, "v", "Once more", now=NOW)
    assert comments.add(POST, "v", "Nice again", now=NOW + 31 * DAY).visible


def test_a_race_of_answers_and_deletions_ends_with_right_counts(small: World, comments: Comments) -> None:
    root = comments.add(POST, "v", "Root", now=NOW)

    def one(n: int) -> None:
        made = comments.add(POST, f"w{n}", f"Answer {n}", parent=root.id, now=NOW + n)
        if n % 3 == 0:
            comments.delete(POST, made.id, f"w{n}", now=NOW + n)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(24)))
    small.engagement.consume("worker", now=NOW)
    assert comments.get(POST, root.id).answers == 16
    assert small.stores.post_totals.get(POST).shown[1] == 17


def test_matches_keep_their_places() -> None:
    text = "call 98765 43210 \u202enow"
    assert [text[match.start : match.end] for match in look_at(text)] == ["98765 43210", "\u202e"]
