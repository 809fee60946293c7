"""Reports of posts: gathered, weighed, judged by a person, never able to silence a post for good."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from core.domain.account import Account, Role
from core.domain.anonymous import Anonymous
from core.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from core.domain.ids import DAY, MINUTE, SECOND
from core.domain.moderation import Case, CaseState, Reason, Severity, Verdict
from core.domain.post import PostStatus, StatusChange
from core.domain.report import PostReport, Reporter, ReportOutcome, ReportReason, ReportRules
from core.services.audit import Audit
from core.services.community import Community
from core.services.moderation import Moderation
from core.services.reports import AT_ONCE, NOTE, Reports
from core.services.screening import round_of
from core.services.social import Social
from tests.feed.world import NOW, World, world

MINA = Account(id="mina", email="mina@example.test", name="Mina", role=Role.MODERATOR)
BRAND = Account(id="brand", email="brand@example.test", name="Brand", role=Role.BRAND, publisher="pub-0")
POST = "post-0000"


class Desk:
    """A small world with its moderation."""

    def __init__(self, rules: ReportRules | None = None) -> None:
        self.small: World = world(posts=6, publishers=3)
        self.stores, self.engagement = self.small.stores, self.small.engagement
        lived = (StatusChange(status=PostStatus.LIVE, at=NOW - MINUTE, by="feedroom"),)
        for post in list(self.stores.posts.each()):
            self.stores.posts.patch(post.id, {"history": lived})
        self.audit = Audit(self.stores)
        self.moderation = Moderation(self.stores, self.audit)
        self.reports = Reports(self.stores, self.audit, Anonymous("of this shop"), rules)
        self.community = Community(self.stores, self.reports, Social(self.stores, self.engagement, "app://{post}"))

    def report(self, *viewers: str, reason: str = "spam", post: str = POST, at: int = NOW) -> None:
        for viewer in viewers:
            self.reports.report(self.engagement, post, viewer, reason, now=at)
        self.work(at)

    def work(self, now: int = NOW) -> None:
        while self.community.consume("worker", now=now):
            pass

    def cases(self) -> list[Case]:
        return list(self.stores.cases.each())

    def status(self, post: str = POST) -> PostStatus:
        return self.stores.posts.get(post).status

    def judge(self, verdict: Verdict, at: int = NOW) -> Case:
        case = self.moderation.claim_next(MINA, now=at)
        assert case is not None
        reason = Reason.SPAM if verdict is Verdict.REJECT else None
        return self.moderation.decide(
            MINA, case.id, expected_version=case.version, verdict=verdict, reason=reason, now=at
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def many(count: int, start: int = 0) -> list[str]:
    return [f"v{number}" for number in range(start, start + count)]


def test_two_reports_open_nothing_and_three_bring_the_live_post_before_a_moderator(desk: Desk) -> None:
    desk.report(*many(2))
    assert desk.cases() == []
    desk.report("v2", reason="hate")
    (case,) = desk.cases()
    assert (case.sample, case.held, case.severity, desk.status()) == (True, False, Severity.P1, PostStatus.LIVE)
    signal = case.screening.signals[0]
    assert signal.detail == "3 viewers reported it: spam 2, hate 1"
    assert desk.moderation.claim_next(MINA, now=NOW) is not None


def test_many_reports_take_the_post_out_of_every_feed_until_somebody_has_looked(desk: Desk) -> None:
    version = desk.stores.live.signals.version("catalogue")
    desk.report(*many(12))
    (case,) = desk.cases()
    assert (case.held, case.sample, case.severity, desk.status()) == (True, False, Severity.P0, PostStatus.HELD)
    assert desk.stores.live.signals.version("catalogue") > version
    assert desk.stores.posts.get(POST).history[-1].note == NOTE
    assert POST not in desk.small.page_ids("somebody", size=50)
    assert "post.hold" in [line.action for line in desk.stores.audit.each()]


def test_one_viewer_counts_once_however_often_and_however_they_report(desk: Desk) -> None:
    desk.report(*["v0"] * 6)
    for number in range(6):
        desk.small.act("v0", "report", POST, id=f"again-{number}", reason="hate")
    desk.work()
    assert desk.cases() == []
    assert desk.stores.post_reports.count() == 1
    assert not desk.reports.report(desk.engagement, POST, "v0", now=NOW)


def test_approving_closes_the_reports_and_the_same_viewers_do_not_open_it_again(desk: Desk) -> None:
    desk.report(*many(3))
    desk.judge(Verdict.APPROVE)
    later = NOW + MINUTE
    for number, viewer in enumerate(many(3)):
        desk.engagement.accept(
            [{"id": f"x{number}", "kind": "report", "viewer": viewer, "at": later, "post": POST}], later
        )
    desk.work(later)
    assert desk.reports.sweep(now=later) == 3
    assert [one.outcome for one in desk.stores.post_reports.each()] == [ReportOutcome.DISMISSED] * 3
    assert [case.state for case in desk.cases()] == [CaseState.DECIDED]
    assert desk.status() is PostStatus.LIVE


def test_after_an_approval_it_takes_twice_as_many_others(desk: Desk) -> None:
    desk.report(*many(3))
    desk.judge(Verdict.APPROVE)
    later = NOW + MINUTE
    desk.report(*many(5, start=10), at=later)
    assert [case.state for case in desk.cases()] == [CaseState.DECIDED]
    desk.report("v15", at=later)
    assert [case.state for case in desk.cases()] == [CaseState.DECIDED, CaseState.QUEUED]


def test_a_held_post_that_is_approved_is_live_again(desk: Desk) -> None:
    desk.report(*many(12))
    desk.judge(Verdict.APPROVE)
    assert desk.status() is PostStatus.LIVE
    desk.reports.sweep(now=NOW + MINUTE)
    assert desk.status() is PostStatus.LIVE


def test_a_rejected_post_is_gone_and_the_reporters_count_more(desk: Desk) -> None:
    desk.report(*many(3))
    desk.judge(Verdict.REJECT)
    assert desk.status() is PostStatus.REJECTED
    desk.reports.sweep(now=NOW + MINUTE)
    reporter = desk.stores.reporters.get("v0")
    assert (reporter.upheld, reporter.dismissed) == (1, 0)
    assert reporter.weight(NOW + MINUTE) > 1


def test_serial_reporters_who_are_wrong_weigh_little(desk: Desk) -> None:
    for viewer in many(6):
        desk.stores.reporters.insert(Reporter(id=viewer, dismissed=8))
    desk.report(*many(6))
    assert desk.cases() == []
    desk.report(*many(2, start=10))
    assert len(desk.cases()) == 1


def test_weights_follow_precision_and_pace() -> None:
    assert Reporter(id="v").weight(NOW) == 1.0
    assert Reporter(id="v", upheld=8).weight(NOW) == pytest.approx(1.8)
    assert Reporter(id="v", dismissed=8).weight(NOW) == pytest.approx(0.2)
    assert Reporter(id="v", recent=(NOW,) * 11).weight(NOW) == 0.25


def test_an_undone_verdict_brings_the_reports_back(desk: Desk) -> None:
    desk.report(*many(3))
    case = desk.judge(Verdict.APPROVE)
    assert desk.reports.sweep(now=NOW + 10 * SECOND) == 0
    desk.moderation.undo(MINA, case.id, now=NOW + 10 * SECOND)
    desk.reports.sweep(now=NOW + MINUTE)
    assert [one.outcome for one in desk.stores.post_reports.each()] == [ReportOutcome.OPEN] * 3
    assert [one.state for one in desk.cases()] == [CaseState.LEASED]


def test_a_moderator_who_reads_the_case_is_not_disturbed_by_more_reports(desk: Desk) -> None:
    desk.report(*many(3))
    case = desk.moderation.claim_next(MINA, now=NOW)
    assert case is not None
    desk.report(*many(3, start=3))
    assert desk.stores.cases.get(case.id).version == case.version
    assert len(desk.reports.of(MINA, POST, now=NOW)) == 6


def test_a_crash_between_holding_and_opening_the_case_is_made_good(desk: Desk) -> None:
    works = desk.stores.documents.insert

    def broken(collection: str, document: dict[str, object]) -> None:
        if collection == "cases":
            raise Unavailable("killed")
        works(collection, document)

    rules = ReportRules(review_from=9, hold_from=10)
    desk = Desk(rules)
    works = desk.stores.documents.insert
    desk.stores.documents.insert = broken  # type: ignore[method-assign]
    for viewer in many(10):
        desk.reports.report(desk.engagement, POST, viewer, now=NOW)
    with pytest.raises(Unavailable):
        desk.work()
    desk.stores.documents.insert = works  # type: ignore[method-assign]
    desk.work()
    assert desk.status() is PostStatus.HELD
    assert [case.held for case in desk.cases()] == [True]


def test_a_redelivered_report_counts_once(desk: Desk) -> None:
    desk.report(*many(2))
    fresh = Community(desk.stores, desk.reports, Social(desk.stores, desk.engagement, "app://{post}"))
    desk.stores.log._done.clear()  # type: ignore[attr-defined]
    while fresh.consume("worker", now=NOW):
        pass
    assert desk.stores.post_reports.count() == 2
    assert desk.stores.reporters.get("v0").recent == (NOW,)


def test_reports_of_many_threads_open_one_case(desk: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda v: desk.reports.report(desk.engagement, POST, v, "spam", now=NOW), many(24)))
    assert len(desk.stores.log.replay("viewer-events")) == 24

    def work(number: int) -> None:
        with suppress(Conflict):  # another member has taken the partition over
            desk.community.consume(f"worker-{number % 2}", now=NOW, limit=5)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(24)))
    desk.work()
    assert len([case for case in desk.cases() if case.state is not CaseState.CLOSED]) == 1
    assert desk.status() is PostStatus.HELD


def test_a_changed_post_starts_anew(desk: Desk) -> None:
    desk.report(*many(2))
    from core.services.lifecycle import Lifecycle

    post = desk.stores.posts.get(POST)
    lifecycle = Lifecycle(desk.stores)
    post = lifecycle.move(post, PostStatus.SCREENING, by="account-0", now=NOW + SECOND)
    lifecycle.move(post, PostStatus.LIVE, by="feedroom", now=NOW + SECOND)
    desk.reports.sweep(now=NOW + MINUTE)
    assert {one.outcome for one in desk.stores.post_reports.each()} == {ReportOutcome.OUTDATED}
    desk.report("v9", at=NOW + MINUTE)
    assert desk.cases() == []


def test_moderators_read_who_reported_and_why_without_names_and_others_do_not(desk: Desk) -> None:
    desk.reports.report(desk.engagement, POST, "viewer-1042", "counterfeit", "The logo is wrong", now=NOW)
    desk.work()
    (view,) = desk.reports.of(MINA, POST, now=NOW)
    assert (view.reason, view.note, view.weight) == (ReportReason.COUNTERFEIT, "The logo is wrong", 1.0)
    assert "1042" not in view.who
    with pytest.raises(Forbidden):
        desk.reports.of(BRAND, POST, now=NOW)


@pytest.mark.parametrize(
    ("field", "arguments"),
    [("reason", {"reason": "boring"}), ("note", {"note": "x" * 501}), ("viewer", {"viewer": ""})],
)
def test_a_wrong_report_names_its_field(desk: Desk, field: str, arguments: dict[str, str]) -> None:
    fields = {"viewer": "v", "reason": "", "note": ""} | arguments
    with pytest.raises(InvalidInput) as caught:
        desk.reports.report(desk.engagement, POST, now=NOW, **fields)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_an_unknown_post_cannot_be_reported(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.reports.report(desk.engagement, "unheard-of", "v", now=NOW)


def test_the_limits_are_settings_and_must_make_sense() -> None:
    desk = Desk(ReportRules(review_from=1, hold_from=2))
    desk.report("v0")
    assert len(desk.cases()) == 1
    desk.report("v1")
    assert desk.status() is PostStatus.HELD
    with pytest.raises(InvalidInput):
        ReportRules(review_from=5, hold_from=2)


def crowd(desk: Desk, count: int, at: int) -> None:
    """So many open reports of another post, by viewers who are always wrong."""
    post = desk.stores.posts.get("post-0001")
    desk.stores.reporters.upsert_many(Reporter(id=f"c{number}", dismissed=10**9) for number in range(count))
    desk.stores.post_reports.upsert_many(
        PostReport(id=f"{post.id}.{number}", post=post.id, round=round_of(post), viewer=f"c{number}", created_at=at)
        for number in range(count)
    )


def test_a_sweep_takes_open_reports_in_turn(desk: Desk) -> None:
    crowd(desk, AT_ONCE + 5, NOW - 100 * DAY)
    desk.report("v0", at=NOW)
    assert [desk.reports.sweep(now=NOW + wait) for wait in range(3)] == [AT_ONCE, 5, 0]
    outcomes = desk.stores.post_reports.group_counts("outcome")
    assert outcomes == {ReportOutcome.EXPIRED: AT_ONCE + 5, ReportOutcome.OPEN: 1}
    assert desk.stores.reporters.get("c0").dismissed == 10**9


def test_reports_that_a_person_judged_wait_for_no_others(desk: Desk) -> None:
    crowd(desk, 2 * AT_ONCE, NOW - DAY)
    desk.report(*many(3))
    desk.reports.sweep(now=NOW)
    desk.judge(Verdict.APPROVE, at=NOW + SECOND)
    assert desk.reports.sweep(now=NOW + 11 * SECOND) == 0
    assert desk.reports.sweep(now=NOW + 40 * SECOND) == 3
    assert desk.stores.post_reports.count({"outcome": ReportOutcome.DISMISSED}) == 3


def test_a_report_of_last_quarter_counts_no_more(desk: Desk) -> None:
    desk.report(*many(2), at=NOW - 91 * DAY)
    desk.report("v9")
    assert desk.cases() == []
    desk.report(*many(2, start=10))
    assert len(desk.cases()) == 1
