"""The review queue: leases, verdicts, undo, and who may do what."""

from __future__ import annotations

import threading

import pytest

from core.domain.account import Role
from core.domain.errors import Conflict, Forbidden, InvalidInput, Unavailable
from core.domain.ids import HOUR, MINUTE, SECOND
from core.domain.moderation import LEASE, Case, CaseState, Reason, Severity, Verdict
from core.domain.post import PostStatus
from core.models import risk
from core.services.lifecycle import Lifecycle
from tests.fakes.failing import failing_once
from tests.services.moderation_world import ADMIN, BRAND, CLEAN, MANAGER, MINA, NOW, OLEG, RUDE, WORST, World, account


@pytest.fixture
def world() -> World:
    return World()


def claimed(world: World, now: int = NOW) -> Case:
    case = world.moderation.claim_next(MINA, now=now)
    assert case is not None
    return case


def approve(world: World, case: Case, now: int = NOW + 1, note: str = "") -> Case:
    return world.moderation.decide(
        MINA, case.id, expected_version=case.version, verdict=Verdict.APPROVE, note=note, now=now
    )


def reject(world: World, case: Case, now: int = NOW + 1, note: str = "") -> Case:
    return world.moderation.decide(
        MINA, case.id, expected_version=case.version, verdict=Verdict.REJECT, reason=Reason.HATE, note=note, now=now
    )


def test_an_approved_post_goes_live_and_leaves_an_audit_line(world: World) -> None:
    post = world.queued(RUDE)
    decided = approve(world, claimed(world))
    assert decided.state is CaseState.DECIDED
    assert world.post(post.id).status is PostStatus.LIVE
    assert world.post(post.id).published_at == NOW + 1
    assert world.actions() == ["case.claim", "case.approve"]


def test_a_rejected_post_tells_its_creator_why_and_what_to_do_but_not_who(world: World) -> None:
    post = world.queued(RUDE)
    reject(world, claimed(world), note="Please leave the insult out.")
    after = world.post(post.id)
    assert after.status is PostStatus.REJECTED
    assert after.history[-1].note == "Hate. Please leave the insult out."
    outcome = world.moderation.outcome(BRAND, post.id)
    assert (outcome.reason, outcome.note) == (Reason.HATE, "Please leave the insult out.")
    assert "submit again" in outcome.next_step
    assert "mina" not in repr((outcome, after)).lower()


def test_a_rejection_without_reason_is_refused(world: World) -> None:
    world.queued(RUDE)
    case = claimed(world)
    with pytest.raises(InvalidInput, match="needs a reason"):
        world.moderation.decide(MINA, case.id, expected_version=case.version, verdict=Verdict.REJECT, now=NOW)
    assert world.stores.cases.get(case.id).state is CaseState.LEASED


def test_a_note_that_is_too_long_is_refused(world: World) -> None:
    world.queued(RUDE)
    case = claimed(world)
    with pytest.raises(InvalidInput, match="500"):
        approve(world, case, note="x" * 501)


def test_held_posts_come_before_queued_ones_and_risky_before_mild(world: World) -> None:
    mild = world.queued("what a load of crap")
    rude = world.queued(RUDE)
    worst = world.queued(WORST)
    order = []
    for _ in range(3):
        case = claimed(world)
        order.append(case.post)
        approve(world, case)
    assert order == [worst.id, rude.id, mild.id]


def test_a_case_about_to_miss_its_time_limit_goes_first(world: World) -> None:
    old = world.queued("what a load of crap", at=NOW - 24 * HOUR + 10 * MINUTE)
    world.queued(WORST, at=NOW)
    assert claimed(world).post == old.id


def test_priority_grows_with_age_and_reach() -> None:
    young = risk.priority(Severity.P2, 0.3, NOW, NOW + 24 * HOUR, NOW)
    old = risk.priority(Severity.P2, 0.3, NOW, NOW + 24 * HOUR, NOW + 12 * HOUR)
    seen = risk.priority(Severity.P2, 0.3, NOW, NOW + 24 * HOUR, NOW, reach=3)
    assert young == pytest.approx(40 * 0.2 + 30 * 0.3)
    assert old == pytest.approx(young + 7.5)
    assert seen == pytest.approx(young + 30)


def test_two_moderators_never_hold_the_same_case(world: World) -> None:
    world.queued(RUDE)
    case = claimed(world)
    assert world.moderation.claim_next(OLEG, now=NOW) is None
    with pytest.raises(Conflict, match="taken by Mina"):
        world.moderation.claim(OLEG, case.id, now=NOW)
    with pytest.raises(Conflict, match="taken by Mina"):
        world.moderation.decide(OLEG, case.id, expected_version=case.version, verdict=Verdict.APPROVE, now=NOW)


def test_eight_threads_claiming_get_every_case_once(world: World) -> None:
    for _ in range(40):
        world.queued(RUDE)
    taken: list[str] = []
    people = [account(f"m{number}", Role.MODERATOR) for number in range(8)]

    def work(number: int) -> None:
        me = people[number]
        while (case := world.moderation.claim_next(me, now=NOW)) is not None:
            taken.append(case.id)
            world.moderation.decide(me, case.id, expected_version=case.version, verdict=Verdict.APPROVE, now=NOW)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 40
    assert len(set(taken)) == 40


def test_claiming_again_returns_the_case_already_held(world: World) -> None:
    world.queued(RUDE)
    world.queued(RUDE)
    assert claimed(world).id == claimed(world, NOW + 1).id


def test_claiming_another_case_puts_the_first_back(world: World) -> None:
    world.queued(RUDE)
    other = world.queued("what a load of crap")
    first = claimed(world)
    second = world.moderation.claim(MINA, f"{other.id}.1", now=NOW)
    assert second.post == other.id
    assert world.stores.cases.get(first.id).state is CaseState.QUEUED
    assert world.moderation.current(MINA, now=NOW) == second


def test_a_skipped_case_goes_to_a_colleague_and_not_back_to_the_same_person(world: World) -> None:
    world.queued(RUDE)
    case = claimed(world)
    world.moderation.skip(MINA, case.id, now=NOW)
    assert world.moderation.claim_next(MINA, now=NOW) is None
    other = world.moderation.claim_next(OLEG, now=NOW)
    assert other is not None
    assert "case.skip" in world.actions()


def test_a_lease_that_ends_returns_the_case_and_voids_the_verdict(world: World) -> None:
    world.queued(RUDE)
    case = claimed(world)
    late = NOW + LEASE + 1
    with pytest.raises(Conflict, match=r"ended|taken"):
        approve(world, case, now=late)
    other = world.moderation.claim_next(OLEG, now=late)
    assert other is not None
    assert "case.lease_expired" in world.actions()
    with pytest.raises(Conflict, match="taken by Oleg"):
        world.moderation.renew(MINA, case.id, now=late)


def test_renewing_keeps_the_case_and_moves_its_version(world: World) -> None:
    world.queued(RUDE)
    case = claimed(world)
    renewed = world.moderation.renew(MINA, case.id, now=NOW + 9 * MINUTE)
    assert renewed.lease_until == NOW + 19 * MINUTE
    with pytest.raises(Conflict, match="changed since"):
        approve(world, case, now=NOW + 15 * MINUTE)
    assert approve(world, renewed, now=NOW + 15 * MINUTE).state is CaseState.DECIDED


def test_a_case_is_decided_once(world: World) -> None:
    world.queued(RUDE)
    case = claimed(world)
    approve(world, case)
    with pytest.raises(Conflict, match="decided already"):
        reject(world, case)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_undo_within_half_a_minute_puts_post_and_case_back(world: World, held: bool, verdict: Verdict) -> None:
    post = world.queued(WORST if held else RUDE)
    case = claimed(world)
    decided = approve(world, case) if verdict is Verdict.APPROVE else reject(world, case)
    again = world.moderation.undo(MINA, decided.id, now=NOW + 20 * SECOND)
    after = world.post(post.id)
    assert after.status is (PostStatus.HELD if held else PostStatus.IN_REVIEW)
    assert after.published_at is None
    assert (again.state, again.holder, again.verdict) == (CaseState.LEASED, "mina", None)
    assert world.actions()[-1] == "case.undo"
    world.moderation.sweep(now=NOW + 21 * SECOND)
    assert world.post(post.id).status is after.status


def test_undo_is_refused_after_half_a_minute_for_strangers_and_when_the_post_moved_on(world: World) -> None:
    post = world.queued(RUDE)
    decided = approve(world, claimed(world), now=NOW)
    with pytest.raises(Conflict, match="no verdict of yours"):
        world.moderation.undo(OLEG, decided.id, now=NOW + 1)
    with pytest.raises(Conflict, match="30 seconds"):
        world.moderation.undo(MINA, decided.id, now=NOW + 31 * SECOND)
    Lifecycle(world.stores).move(world.post(post.id), PostStatus.WITHDRAWN, by="nord", now=NOW + 2)
    with pytest.raises(Conflict, match="changed since"):
        world.moderation.undo(MINA, decided.id, now=NOW + 3)


def test_undo_puts_back_the_next_case_that_was_already_open(world: World) -> None:
    world.queued(RUDE)
    world.queued(RUDE)
    decided = approve(world, claimed(world))
    following = claimed(world, NOW + 2)
    world.moderation.undo(MINA, decided.id, now=NOW + 3)
    current = world.moderation.current(MINA, now=NOW + 4)
    assert current is not None
    assert current.id == decided.id
    assert world.stores.cases.get(following.id).state is CaseState.QUEUED


def test_the_case_of_a_withdrawn_post_closes(world: World) -> None:
    post = world.queued(RUDE)
    Lifecycle(world.stores).move(post, PostStatus.WITHDRAWN, by="nord", now=NOW + 1)
    assert world.moderation.claim_next(MINA, now=NOW + 2) is None
    assert world.stores.cases.get(f"{post.id}.1").state is CaseState.CLOSED


def test_deciding_on_a_post_that_was_withdrawn_meanwhile_says_so(world: World) -> None:
    post = world.queued(RUDE)
    case = claimed(world)
    Lifecycle(world.stores).move(world.post(post.id), PostStatus.WITHDRAWN, by="nord", now=NOW + 1)
    with pytest.raises(Conflict, match="changed or withdrawn"):
        approve(world, case)
    assert world.post(post.id).status is PostStatus.WITHDRAWN
    assert world.stores.cases.get(case.id).state is CaseState.CLOSED


def test_a_verdict_that_a_crash_left_unapplied_is_applied_by_the_sweep(world: World) -> None:
    post = world.queued(RUDE)
    case = claimed(world)
    world.stores.cases.patch(
        case.id,
        {
            "state": CaseState.DECIDED,
            "verdict": Verdict.REJECT,
            "reason": Reason.SPAM,
            "decided_by": "mina",
            "decided_at": NOW,
        },
    )
    assert world.moderation.sweep(now=NOW + MINUTE) == 1
    assert world.post(post.id).status is PostStatus.REJECTED
    assert world.moderation.sweep(now=NOW + 2 * MINUTE) == 0


def test_a_verdict_that_the_audit_trail_could_not_take_is_given_again(world: World) -> None:
    post = world.queued(RUDE)
    case = claimed(world)
    with failing_once(world.stores.documents, "audit"), pytest.raises(Unavailable):
        approve(world, case)
    assert world.post(post.id).status is PostStatus.IN_REVIEW
    approve(world, case)
    assert world.actions() == ["case.claim", "case.approve"]
    with failing_once(world.stores.documents, "cases"), pytest.raises(Unavailable):
        world.moderation.undo(MINA, case.id, now=NOW + SECOND)
    world.moderation.undo(MINA, case.id, now=NOW + SECOND)
    assert world.actions() == ["case.claim", "case.approve", "case.undo"]


def test_nobody_reviews_a_post_of_their_own(world: World) -> None:
    post = world.queued(RUDE, author="mina")
    assert world.moderation.claim_next(MINA, now=NOW) is None
    with pytest.raises(Forbidden, match="of their own"):
        world.moderation.claim(MINA, f"{post.id}.1", now=NOW)
    assert world.moderation.claim_next(OLEG, now=NOW) is not None


@pytest.mark.parametrize("person", [BRAND, MANAGER])
def test_only_moderators_and_administrators_review(world: World, person: object) -> None:
    world.queued(RUDE)
    moderation = world.moderation
    for act in (moderation.claim_next, moderation.current, moderation.queue, moderation.counts, moderation.decisions):
        with pytest.raises(Forbidden):
            act(person, now=NOW)  # type: ignore[operator]
    assert moderation.claim_next(ADMIN, now=NOW) is not None


def test_a_sampled_live_post_stays_live_while_people_look_and_can_be_taken_down(world: World) -> None:
    chosen = [id for id in (f"post-{n}" for n in range(2_000)) if risk.sampled(id)][:2]
    for id in chosen:
        world.queued(CLEAN, id=id)
    first = claimed(world)
    assert world.post(first.post).status is PostStatus.LIVE
    approve(world, first)
    assert world.post(first.post).status is PostStatus.LIVE
    second = claimed(world, NOW + 2)
    decided = reject(world, second, now=NOW + 3)
    assert world.post(second.post).status is PostStatus.REJECTED
    world.moderation.undo(MINA, decided.id, now=NOW + 4)
    assert world.post(second.post).status is PostStatus.LIVE


def test_the_queue_shows_who_has_what_and_what_is_overdue(world: World) -> None:
    world.queued(WORST, at=NOW)
    world.queued(RUDE, at=NOW - 5 * HOUR)
    claimed(world)
    entries = world.moderation.queue(OLEG, now=NOW)
    assert [(entry.holder_name, entry.claimable) for entry in entries] == [("Mina", False), ("", True)]
    assert world.moderation.counts(OLEG, now=NOW) == {
        "waiting": 1, "p0": 1, "p1": 0, "p2": 0, "leased": 1, "overdue": 1, "due_soon": 0,
    }  # fmt: skip
    assert len(world.moderation.queue(OLEG, now=NOW, severity=Severity.P0)) == 1


def test_my_decisions_of_today_are_listed_newest_first(world: World) -> None:
    for second in (1, 2):
        world.queued(RUDE)
        approve(world, claimed(world), now=NOW + second)
    mine = world.moderation.decisions(MINA, now=NOW + 3)
    assert [case.decided_at for case, _ in mine] == [NOW + 2, NOW + 1]
    assert world.moderation.decisions(OLEG, now=NOW + 3) == []
    assert world.moderation.decisions(MINA, now=NOW + 48 * HOUR) == []


def test_the_view_of_a_case_has_marked_texts_products_and_the_publishers_record(world: World) -> None:
    post = world.queued(RUDE, products=("shirt",))
    reject(world, claimed(world))
    again = world.queued("again " + RUDE, products=("shirt",), at=NOW + 5)
    view = world.moderation.view(MINA, f"{again.id}.1")
    caption = next(text for text in view.texts if text.field == "caption")
    assert [caption.text[m.start : m.end] for m in caption.matches] == ["chutiya"]
    assert [product.id for product in view.products] == ["shirt"]
    assert (view.record.rejected, view.record.total) == (1, 2)
    assert view.publisher is not None
    assert view.post.id != post.id
