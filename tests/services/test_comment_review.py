"""Moderators and comments: a queue, verdicts that never overwrite each other, writers who are remembered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.domain.account import Account, Role
from core.domain.anonymous import Anonymous
from core.domain.comment import CommentQueue, CommentRules, CommentState
from core.domain.errors import Conflict, Forbidden, InvalidInput, Unavailable
from core.domain.ids import MINUTE, SECOND
from core.domain.moderation import Reason, Verdict
from core.services.audit import Audit
from core.services.comment_marks import CommentMarks
from core.services.comment_review import CommentReview
from core.services.comment_screening import CommentScreening
from core.services.comments import Comments
from tests.fakes.failing import failing_once
from tests.feed.world import NOW, world

POST = "post-0000"
MINA = Account(id="mina", email="mina@example.test", name="Mina", role=Role.MODERATOR)
OLEG = Account(id="oleg", email="oleg@example.test", name="Oleg", role=Role.MODERATOR)
BRAND = Account(id="brand", email="brand@example.test", name="Brand", role=Role.BRAND, publisher="pub-0")
RUDE = "call 98765 43210"


class Desk:
    """A small world with comments and two moderators."""

    def __init__(self) -> None:
        small = world(posts=4, publishers=2)
        self.stores, self.small = small.stores, small
        for person in (MINA, OLEG):
            self.stores.accounts.insert(person)
        audit, screening = Audit(self.stores), CommentScreening(self.stores, rules=CommentRules(per_window=1_000))
        self.comments = Comments(self.stores, small.engagement, screening)
        self.review = CommentReview(self.stores, audit, screening, Anonymous("of this shop"))
        self.marks = CommentMarks(self.stores, screening, audit)

    def add(self, text: str = RUDE, *, viewer: str = "v", at: int = NOW, **more: str) -> str:
        return self.comments.add(POST, viewer, text, now=at, **more).id  # type: ignore[arg-type]

    def decide(self, id: str, verdict: Verdict, *, by: Account = MINA, at: int = NOW) -> None:
        reason = Reason.SPAM if verdict is Verdict.REJECT else None
        revision = self.stores.comments.get(id).revision
        self.review.decide(by, id, revision=revision, verdict=verdict, reason=reason, now=at)

    def waiting(self, which: CommentQueue = CommentQueue.HELD) -> list[str]:
        return [view.comment.text for view in self.review.queue(MINA, which, now=NOW).items]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_urgent_comments_come_first_then_the_oldest(desk: Desk) -> None:
    for place, text in enumerate(["call 98765 43210", "kill yourself", "see www.shop.com"]):
        desk.add(text, at=NOW + place)
    desk.add("Nice", at=NOW + 9)
    assert desk.waiting() == ["kill yourself", "call 98765 43210", "see www.shop.com"]
    assert desk.review.counts(MINA) == {"held": 3, "urgent": 1, "reported": 0}


def test_the_queue_comes_in_pages(desk: Desk) -> None:
    for place in range(7):
        desk.add(f"call 98765 4321{place}", at=NOW + place)
    seen: list[str] = []
    cursor = None
    while True:
        page = desk.review.queue(MINA, CommentQueue.HELD, now=NOW, limit=3, cursor=cursor)
        seen += [view.comment.text for view in page.items]
        if (cursor := page.cursor) is None:
            break
    assert seen == [f"call 98765 4321{place}" for place in range(7)]


def test_an_approved_comment_is_shown_and_counts(desk: Desk) -> None:
    root = desk.add("Root")
    held = desk.add(parent=root)
    assert desk.comments.get(POST, root).answers == 0
    desk.decide(held, Verdict.APPROVE)
    assert [one.text for one in desk.comments.threads(POST).items[0].answers] == [RUDE]
    desk.small.engagement.consume("worker", now=NOW)
    assert desk.stores.post_totals.get(POST).shown[1] == 2


def test_a_removed_comment_leaves_its_answers_under_a_placeholder(desk: Desk) -> None:
    root = desk.add("Root")
    desk.add("Answer", viewer="w", parent=root)
    desk.decide(root, Verdict.REJECT)
    (thread,) = desk.comments.threads(POST).items
    assert (thread.comment.state, thread.comment.text, thread.comment.viewer) == (CommentState.REMOVED, "", "")
    assert [one.text for one in thread.answers] == ["Answer"]
    own = desk.comments.get(POST, root, reader="v")
    assert (own.text, own.why) == ("Root", "Removed by a moderator. Spam.")
    with pytest.raises(Conflict):
        desk.comments.edit(POST, root, "v", "Again", now=NOW)


def test_two_moderators_do_not_overwrite_each_other(desk: Desk) -> None:
    held = desk.add()

    def decide(actor: Account, verdict: Verdict) -> str:
        try:
            desk.review.decide(actor, held, revision=1, verdict=verdict, reason=Reason.SPAM, now=NOW)
        except Conflict as told:
            return told.detail
        return "done"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(decide, MINA, Verdict.APPROVE)
        second = pool.submit(decide, OLEG, Verdict.REJECT)
        outcomes = sorted([first.result(), second.result()])
    assert "done" in outcomes
    assert sum(outcome == "done" for outcome in outcomes) == 1
    assert any("has decided this comment already" in outcome for outcome in outcomes)


def test_words_that_changed_while_they_were_read_are_read_again(desk: Desk) -> None:
    held = desk.add()
    desk.comments.edit(POST, held, "v", "call 98765 43211", now=NOW + 1)
    with pytest.raises(Conflict, match="changed since you read it"):
        desk.review.decide(MINA, held, revision=1, verdict=Verdict.APPROVE, now=NOW + 2)
    desk.comments.delete(POST, held, "v", now=NOW + 3)
    with pytest.raises(Conflict, match="deleted"):
        desk.review.decide(MINA, held, revision=3, verdict=Verdict.APPROVE, now=NOW + 4)


def test_likes_and_answers_meanwhile_are_no_change(desk: Desk) -> None:
    shown = desk.add("Nice")
    desk.marks.report(POST, shown, "w", now=NOW)
    desk.marks.like(POST, shown, "w", now=NOW)
    desk.add("Answer", parent=shown)
    desk.review.decide(MINA, shown, revision=1, verdict=Verdict.APPROVE, now=NOW)
    assert desk.review.counts(MINA)["reported"] == 0


def test_after_a_keep_only_new_reporters_bring_a_comment_back(desk: Desk) -> None:
    shown = desk.add("Nice")
    for viewer in ("w0", "w1", "w2"):
        desk.marks.report(POST, shown, viewer, "spam", now=NOW)
    assert desk.waiting() == ["Nice"]
    desk.decide(shown, Verdict.APPROVE, at=NOW + 1)
    for viewer in ("w0", "w1", "w2"):
        assert not desk.marks.report(POST, shown, viewer, "spam", now=NOW + 2)
    assert desk.comments.get(POST, shown).visible
    desk.marks.report(POST, shown, "w3", "hate", now=NOW + 2)
    (view,) = desk.review.queue(MINA, CommentQueue.REPORTED, now=NOW).items
    assert view.reasons == {"hate": 1}


def test_other_words_do_not_bring_back_what_reports_hold_until_a_person_has_looked(desk: Desk) -> None:
    shown = desk.add("Nice")
    for viewer in ("w0", "w1", "w2"):
        desk.marks.report(POST, shown, viewer, "spam", now=NOW)
    assert not desk.comments.edit(POST, shown, "v", "Nice!", now=NOW + 1).visible
    assert desk.waiting() == ["Nice!"]
    desk.decide(shown, Verdict.APPROVE, at=NOW + 2)
    assert desk.comments.edit(POST, shown, "v", "Nice indeed", now=NOW + 3).visible


def test_a_verdict_is_undone_for_half_a_minute_by_whoever_gave_it(desk: Desk) -> None:
    held = desk.add()
    desk.decide(held, Verdict.REJECT)
    with pytest.raises(Conflict):
        desk.review.undo(OLEG, held, now=NOW + SECOND)
    assert desk.review.undo(MINA, held, now=NOW + 29 * SECOND).state is CommentState.HELD
    assert desk.stores.commenters.get("v").removals == ()
    desk.decide(held, Verdict.REJECT)
    with pytest.raises(Conflict):
        desk.review.undo(MINA, held, now=NOW + 31 * SECOND)


def test_writers_whose_comments_were_removed_wait_first(desk: Desk) -> None:
    for number in range(2):
        desk.decide(desk.add(f"call 98765 4321{number}"), Verdict.REJECT)
    held = desk.add("Nice and clean", at=NOW + MINUTE)
    (view,) = desk.review.queue(MINA, CommentQueue.HELD, now=NOW + MINUTE).items
    assert (view.comment.id, view.removed_lately, view.held_first) == (held, 2, True)
    assert desk.comments.get(POST, desk.add("Nice", viewer="w")).visible


def test_every_verdict_leaves_a_line_and_a_removal_has_a_reason(desk: Desk) -> None:
    first, second = desk.add(), desk.add("see www.shop.com")
    desk.decide(first, Verdict.APPROVE)
    desk.decide(second, Verdict.REJECT, by=OLEG)
    lines = {(line.actor, line.action, line.subject) for line in desk.stores.audit.each()}
    assert lines == {("mina", "comment.approve", first), ("oleg", "comment.remove", second)}
    assert [one.id for one in desk.review.decisions(MINA, now=NOW)] == [first]
    with pytest.raises(InvalidInput) as caught:
        desk.review.decide(MINA, first, revision=2, verdict=Verdict.REJECT, now=NOW)
    assert caught.value.field == "reason"


@pytest.mark.parametrize("fails", ["audit", "comments"])
def test_a_verdict_that_failed_halfway_is_given_again_and_has_one_line(desk: Desk, fails: str) -> None:
    held = desk.add()
    with failing_once(desk.stores.documents, fails), pytest.raises(Unavailable):
        desk.decide(held, Verdict.REJECT)
    assert desk.stores.comments.get(held).state is CommentState.HELD
    desk.decide(held, Verdict.REJECT, at=NOW + SECOND)
    with failing_once(desk.stores.documents, fails), pytest.raises(Unavailable):
        desk.review.undo(MINA, held, now=NOW + 2 * SECOND)
    desk.review.undo(MINA, held, now=NOW + 3 * SECOND)
    desk.decide(held, Verdict.REJECT, at=NOW + 4 * SECOND)
    actions = [line.action for line in desk.stores.audit.each(order="at")]
    assert actions == ["comment.remove", "comment.undo", "comment.remove"]


def test_a_verdict_that_comes_too_late_leaves_no_line(desk: Desk) -> None:
    held = desk.add()
    desk.decide(held, Verdict.APPROVE)
    with pytest.raises(Conflict):
        desk.review.decide(OLEG, held, revision=1, verdict=Verdict.REJECT, reason=Reason.SPAM, now=NOW)
    assert [line.actor for line in desk.stores.audit.each()] == ["mina"]


def test_only_moderators_decide(desk: Desk) -> None:
    held = desk.add()
    for act in (
        lambda: desk.review.queue(BRAND, CommentQueue.HELD, now=NOW),
        lambda: desk.review.counts(BRAND),
        lambda: desk.review.decide(BRAND, held, revision=1, verdict=Verdict.APPROVE, now=NOW),
        lambda: desk.review.undo(BRAND, held, now=NOW),
    ):
        with pytest.raises(Forbidden):
            act()
