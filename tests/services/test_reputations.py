"""Reputation end to end: reviewers decide, the worker computes, the very next page follows."""

from __future__ import annotations

import pytest

from core.domain.account import Role
from core.domain.errors import Forbidden
from core.domain.ids import DAY, HOUR
from core.domain.moderation import Case, CaseState, Outcome, Reason, Screening, Verdict
from core.domain.post import PostStatus
from core.services.reputations import Reputations
from tests.feed.world import NOW, World, world
from tests.services.catalog_world import account

MANAGER = account(Role.PRODUCT_MANAGER)


def decide(
    small: World, publisher: str, verdict: Verdict, *, reason: Reason | None = None, at: int = NOW, post: str = "gone"
) -> Case:
    number = small.stores.cases.count()
    return small.stores.cases.insert(
        Case(
            id=f"case-{number}", post=post, publisher=publisher, state=CaseState.DECIDED,
            screening=Screening(outcome=Outcome.QUEUE, risk=0.5), verdict=verdict, reason=reason, decided_by="mina",
            decided_at=at, created_at=at, updated_at=at,
        )
    )  # fmt: skip


@pytest.fixture
def small() -> World:
    return world()


def test_a_publisher_with_live_posts_and_no_decision_is_shown_in_full(small: World) -> None:
    assert Reputations(small.stores).sweep(now=NOW) == 0
    lines = Reputations(small.stores).table(MANAGER)
    assert len(lines) == 24
    assert {line.reputation.multiplier for line in lines} == {1.0}
    assert {line.reputation.passed for line in lines} == {5}


def test_violations_lower_the_score_of_every_post_of_the_publisher_on_the_next_page(small: World) -> None:
    reputations = Reputations(small.stores)
    before = {slot.post: slot for slot in small.feed.page("v", size=50, record=False, now=NOW).slots}
    target = next(slot.publisher for slot in before.values())
    for _ in range(3):
        decide(small, target, Verdict.REJECT, reason=Reason.COUNTERFEIT)
    assert reputations.sweep(now=NOW) == 1
    multiplier = small.stores.reputations.get(target).multiplier
    assert multiplier == 0.5
    index = small.feed.catalogue.at_least(small.stores.live.signals.version("catalogue"), now=NOW)
    shown = index.reputation[index.publisher == index.publishers.find(target)]
    assert set(shown.tolist()) == {0.5}
    page = small.feed.page("v", size=50, record=False, now=NOW)
    for slot in page.slots:
        scores = slot.reason.scores
        assert scores["reputation"] == (0.5 if slot.publisher == target else 1.0)
        if slot.publisher == target and slot.post in before:
            assert scores["score"] < before[slot.post].reason.scores["score"]


def test_a_post_that_is_edited_or_new_keeps_its_publishers_multiplier(small: World) -> None:
    decide(small, "pub-3", Verdict.REJECT, reason=Reason.HATE)
    Reputations(small.stores).sweep(now=NOW)
    held = small.stores.reputations.get("pub-3").multiplier
    small.feed.page("v", record=False, now=NOW)
    small.change("post-0003", title="Edited")
    index = small.feed.catalogue.at_least(small.stores.live.signals.version("catalogue"), now=NOW)
    assert index.reputation[index.row("post-0003")] == pytest.approx(held)


def test_a_verdict_that_is_taken_back_gives_the_reputation_back(small: World) -> None:
    reputations = Reputations(small.stores)
    case = decide(small, "pub-1", Verdict.REJECT, reason=Reason.ADULT)
    reputations.sweep(now=NOW)
    assert small.stores.reputations.get("pub-1").multiplier < 1
    undone: dict[str, object] = {
        "state": CaseState.LEASED,
        "verdict": None,
        "reason": None,
        "decided_at": None,
        "updated_at": NOW + 9,
    }
    small.stores.cases.patch(case.id, undone)
    assert reputations.sweep(now=NOW + 10) == 1
    assert small.stores.reputations.get("pub-1").multiplier == 1.0


def test_time_heals_and_approvals_outweigh_a_slight_violation(small: World) -> None:
    reputations = Reputations(small.stores)
    decide(small, "pub-2", Verdict.REJECT, reason=Reason.SPAM)
    reputations.renew("pub-2", now=NOW)
    fresh = small.stores.reputations.get("pub-2")
    reputations.renew("pub-2", now=NOW + 360 * DAY)
    assert small.stores.reputations.get("pub-2").violations == pytest.approx(fresh.violations / 4, abs=0.01)
    for _ in range(12):
        decide(small, "pub-2", Verdict.APPROVE)
    reputations.renew("pub-2", now=NOW)
    assert small.stores.reputations.get("pub-2").multiplier == 1.0


def test_uploading_many_posts_in_a_day_earns_no_more_than_four_do(small: World) -> None:
    reputations = Reputations(small.stores)
    fine = []
    for posts in (4, 40):
        made = world(posts=posts, publishers=1)
        for number in range(posts):
            made.stores.posts.patch(f"post-{number:04}", {"published_at": NOW // DAY * DAY})
        Reputations(made.stores).renew("pub-0", now=NOW)
        fine.append(made.stores.reputations.get("pub-0").fine)
    assert fine[0] == fine[1] > 0
    assert reputations.table(MANAGER) == []


def test_a_second_sweep_changes_nothing_and_bumps_nothing(small: World) -> None:
    reputations = Reputations(small.stores)
    decide(small, "pub-4", Verdict.REJECT, reason=Reason.HATE)
    assert reputations.sweep(now=NOW) == 1
    version = small.stores.live.signals.version("catalogue")
    stamp = small.stores.reputations.get("pub-4").updated_at
    assert reputations.sweep(now=NOW + 30_000) == 0
    assert small.stores.live.signals.version("catalogue") == version
    assert small.stores.reputations.get("pub-4").updated_at == stamp


def test_everybody_is_renewed_once_a_day(small: World) -> None:
    reputations = Reputations(small.stores)
    reputations.sweep(now=NOW)
    reputations.sweep(now=NOW + 2 * HOUR)
    assert {one.computed_at for one in small.stores.reputations.each()} == {NOW}
    reputations.sweep(now=NOW + 25 * HOUR)
    assert {one.computed_at for one in small.stores.reputations.each()} == {NOW + 25 * HOUR}


def test_decisions_say_what_each_counts_and_publishers_read_none(small: World) -> None:
    decide(small, "pub-5", Verdict.APPROVE, post="post-0005")
    decide(small, "pub-5", Verdict.REJECT, reason=Reason.COPYRIGHT, at=NOW - 180 * DAY)
    found = Reputations(small.stores).decisions(MANAGER, "pub-5", now=NOW)
    assert [(one.verdict, round(one.weight, 2)) for one in found] == [(Verdict.APPROVE, 1.0), (Verdict.REJECT, -1.0)]
    assert found[0].title == "Post post-0005"
    with pytest.raises(Forbidden):
        Reputations(small.stores).table(account(Role.BRAND, "pub-5"))


def test_a_post_that_is_not_live_earns_nothing(small: World) -> None:
    for number in range(0, 120, 24):
        small.change(f"post-{number:04}", status=PostStatus.WITHDRAWN)
    Reputations(small.stores).renew("pub-0", now=NOW)
    assert small.stores.reputations.get("pub-0").fine == 0.0
