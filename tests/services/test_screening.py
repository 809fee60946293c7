"""Screening: three outcomes, every signal kept, nothing done twice, nothing passed unseen."""

from __future__ import annotations

import pytest

from core.domain.errors import Forbidden, InvalidInput, NotFound, Unavailable
from core.domain.ids import HOUR
from core.domain.moderation import BankList, CaseState, Outcome, Severity, Signal
from core.domain.post import PostStatus
from core.models import risk
from core.services.known_files import KnownFiles
from core.services.lifecycle import Lifecycle
from core.services.screening import Screener, round_of
from tests.services.moderation_world import ADMIN, BRAND, CLEAN, MANAGER, MINA, NOW, RIVAL, RUDE, WORST, World

SHA = "ab" * 32


@pytest.fixture
def world() -> World:
    return World()


def names(signals: tuple[Signal, ...]) -> set[str]:
    return {signal.name for signal in signals}


def test_a_clean_post_is_published_at_once(world: World) -> None:
    post = world.submitted(CLEAN, id="clean")
    screening = world.moderation.screen(post.id, now=NOW)
    assert screening is not None
    assert (screening.outcome, screening.risk) == (Outcome.PUBLISH, 0.0)
    assert world.post(post.id).status is PostStatus.LIVE
    assert world.post(post.id).published_at == NOW
    assert names(screening.signals) == {"text", "known", "catalogue"}


def test_a_rude_caption_waits_for_a_person(world: World) -> None:
    post = world.queued(RUDE)
    case = world.stores.cases.get(f"{post.id}.1")
    assert post.status is PostStatus.IN_REVIEW
    assert case.screening.risk == pytest.approx(0.7)
    assert (case.severity, case.due_at) == (Severity.P1, NOW + 4 * HOUR)
    assert "“chutiya” in the caption" in case.screening.signals[0].detail


def test_the_worst_words_are_held_and_come_first(world: World) -> None:
    post = world.queued(WORST)
    case = world.stores.cases.get(f"{post.id}.1")
    assert post.status is PostStatus.HELD
    assert (case.held, case.severity, case.due_at) == (True, Severity.P0, NOW + HOUR)


def test_words_in_tags_and_product_names_count_too(world: World) -> None:
    assert world.queued(CLEAN, tags=("first-copy",)).status is PostStatus.IN_REVIEW
    assert world.queued(CLEAN, products=("pills",)).status is PostStatus.IN_REVIEW


def test_contact_details_wait_for_a_person_even_from_a_trusted_publisher(world: World) -> None:
    post = world.queued("Order on 98765 43210")
    assert post.status is PostStatus.IN_REVIEW
    signal = world.stores.screenings.get(f"{post.id}.1").screening.signals[0]
    assert (signal.name, signal.score) == ("text.contact", 0.5)
    assert signal.score > risk.auto_ok(1.0)


def test_the_declaration_that_a_post_was_made_by_ai_is_recorded_and_costs_nothing(world: World) -> None:
    screening = world.moderation.screen(world.submitted(CLEAN, ai_generated=True).id, now=NOW)
    assert screening is not None
    assert "declared.ai_generated" in names(screening.signals)
    assert screening.outcome is Outcome.PUBLISH


def test_screening_twice_makes_one_record_and_one_case(world: World) -> None:
    post = world.queued(RUDE)
    assert world.moderation.screen(post.id, now=NOW + 5) is None
    assert world.stores.cases.count({"post": post.id}) == 1
    assert world.stores.screenings.count({"post": post.id}) == 1


def test_a_screening_cut_off_before_the_post_moved_is_finished_by_the_next_run(world: World) -> None:
    post = world.submitted(RUDE)
    move = Lifecycle.move

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    Lifecycle.move = crash  # type: ignore[method-assign, assignment]
    try:
        with pytest.raises(KeyboardInterrupt):
            world.moderation.screen(post.id, now=NOW)
    finally:
        Lifecycle.move = move  # type: ignore[method-assign]
    assert world.post(post.id).status is PostStatus.SCREENING
    assert world.moderation.screen(post.id, now=NOW + 60_000) is not None
    assert world.post(post.id).status is PostStatus.IN_REVIEW
    assert world.stores.cases.count({"post": post.id}) == 1


def test_a_case_whose_post_never_moved_can_be_claimed_and_moves_it(world: World) -> None:
    post = world.submitted(RUDE)
    screener = Screener(world.stores, world.moderation.known)
    screening = screener.look(post, now=NOW)
    screener._record(post, screening, NOW)
    screener._open_case(post, screening, sample=False, now=NOW)
    case = world.moderation.claim_next(MINA, now=NOW)
    assert case is not None
    assert world.post(post.id).status is PostStatus.IN_REVIEW


@pytest.mark.parametrize("status", [PostStatus.DRAFT, PostStatus.WITHDRAWN, PostStatus.LIVE, PostStatus.PROCESSING])
def test_a_post_that_is_not_waiting_for_screening_is_left_alone(world: World, status: PostStatus) -> None:
    post = world.submitted(RUDE)
    world.stores.posts.patch(post.id, {"status": status})
    before = world.post(post.id)
    assert world.moderation.screen(post.id, now=NOW) is None
    assert world.post(post.id) == before
    assert world.stores.cases.count() == 0


def test_an_edited_post_is_screened_again_and_the_older_case_closes(world: World) -> None:
    post = world.queued(RUDE)
    Lifecycle(world.stores).move(post, PostStatus.SCREENING, by=BRAND.id, now=NOW + 1, also={"caption": "sh1t happens"})
    world.moderation.screen(post.id, now=NOW + 2)
    assert round_of(world.post(post.id)) == 2
    assert world.stores.cases.get(f"{post.id}.1").state is CaseState.CLOSED
    assert world.stores.cases.get(f"{post.id}.2").state is CaseState.QUEUED


def test_a_signal_that_could_not_be_taken_queues_the_post(world: World) -> None:
    class Broken:
        version = "broken"

        def find(self, text: str) -> list[object]:
            raise RuntimeError("lists are gone")

    screener = Screener(world.stores, world.moderation.known, Broken())  # type: ignore[arg-type]
    post = world.submitted(CLEAN)
    screening = screener.screen(post.id, now=NOW)
    assert screening is not None
    assert screening.outcome is Outcome.QUEUE
    assert not screening.signals[0].available
    assert world.post(post.id).status is PostStatus.IN_REVIEW


def test_a_file_without_fingerprint_is_never_passed(world: World) -> None:
    assert world.queued(CLEAN, media=False).status is PostStatus.IN_REVIEW
    assert world.queued(CLEAN, dhash="").status is PostStatus.IN_REVIEW


def test_a_store_that_is_down_fails_the_job_instead_of_queueing_everything(world: World) -> None:
    def down(*_: object) -> None:
        raise Unavailable("the live store does not answer")

    post = world.submitted(CLEAN)
    known = KnownFiles(world.stores, world.audit)
    known.bank = down  # type: ignore[method-assign, assignment]
    with pytest.raises(Unavailable):
        Screener(world.stores, known).screen(post.id, now=NOW)
    assert world.post(post.id).status is PostStatus.SCREENING


def test_a_blocked_file_is_held_wherever_it_comes_back(world: World) -> None:
    world.moderation.known.add(MINA, BankList.BLOCK, sha256=SHA, now=NOW)
    assert world.queued(CLEAN, sha256=SHA).status is PostStatus.HELD


@pytest.mark.parametrize(
    ("flips", "status"),
    [
        (0, PostStatus.HELD),
        (2, PostStatus.HELD),
        (3, PostStatus.IN_REVIEW),
        (8, PostStatus.IN_REVIEW),
        (9, PostStatus.LIVE),
    ],
)
def test_pictures_like_a_blocked_one_are_held_or_looked_at(world: World, flips: int, status: PostStatus) -> None:
    blocked = "a5c3f00f12345678"
    world.moderation.known.add(MINA, BankList.BLOCK, dhash=blocked, now=NOW)
    changed = int(blocked, 16) ^ sum(1 << (bit * 7) for bit in range(flips))
    assert world.queued(CLEAN, dhash=f"{changed:016x}").status is status


def test_an_exactly_allowed_file_passes_although_it_looks_like_a_blocked_one(world: World) -> None:
    world.moderation.known.add(MINA, BankList.BLOCK, dhash="a5c3f00f12345678", now=NOW)
    world.moderation.known.add(MINA, BankList.ALLOW, sha256=SHA, now=NOW)
    assert world.queued(CLEAN, sha256=SHA).status is PostStatus.LIVE
    assert world.queued(RUDE, sha256=SHA).status is PostStatus.IN_REVIEW


def test_only_moderators_fill_the_bank_and_every_entry_is_audited(world: World) -> None:
    known = world.moderation.known
    for nobody in (BRAND, MANAGER):
        with pytest.raises(Forbidden):
            known.add(nobody, BankList.BLOCK, sha256=SHA, now=NOW)
    entry = known.add(MINA, BankList.BLOCK, sha256=SHA, note="seen before", now=NOW)
    known.remove(ADMIN, entry.id, now=NOW + 1)
    assert world.actions() == ["known_file.block", "known_file.remove"]
    assert world.queued(CLEAN, sha256=SHA).status is PostStatus.LIVE


def test_entries_that_could_not_work_are_refused(world: World) -> None:
    known = world.moderation.known
    for bank, sha, dhash, why in [
        (BankList.BLOCK, "", "", "needs"),
        (BankList.BLOCK, "xyz", "", "64 hexadecimal"),
        (BankList.BLOCK, "", "12", "16 hexadecimal"),
        (BankList.BLOCK, "", "0" * 16, "too plain"),
        (BankList.ALLOW, "", "a5c3f00f12345678", "exact"),
    ]:
        with pytest.raises(InvalidInput, match=why):
            known.add(MINA, bank, sha256=sha, dhash=dhash, now=NOW)


def test_a_second_process_sees_a_new_entry_at_its_next_question(world: World) -> None:
    other = KnownFiles(world.stores, world.audit)
    assert other.bank().size == 0
    world.moderation.known.add(MINA, BankList.BLOCK, sha256=SHA, now=NOW)
    assert other.bank().blocked(SHA) is not None


def test_two_in_a_hundred_published_posts_are_checked_by_people_always_the_same_ones(world: World) -> None:
    ids = [f"post-{number}" for number in range(20_000)]
    share = sum(map(risk.sampled, ids)) / len(ids)
    assert share == pytest.approx(0.02, abs=0.004)
    chosen = next(id for id in ids if risk.sampled(id))
    post = world.queued(CLEAN, id=chosen)
    case = world.stores.cases.get(f"{chosen}.1")
    assert post.status is PostStatus.LIVE
    assert (case.sample, case.severity) == (True, Severity.P2)


def test_the_creator_learns_the_outcome_but_neither_signals_nor_names(world: World) -> None:
    post = world.queued(RUDE)
    outcome = world.moderation.outcome(BRAND, post.id)
    assert outcome.status is PostStatus.IN_REVIEW
    assert outcome.next_step
    assert "chutiya" not in repr(outcome)
    with pytest.raises(NotFound):
        world.moderation.outcome(RIVAL, post.id)


def test_the_versions_of_words_and_thresholds_are_kept(world: World) -> None:
    post = world.queued(RUDE)
    version = world.stores.screenings.get(f"{post.id}.1").screening.rules_version
    assert risk.THRESHOLDS in version
    assert "words " in version
