"""Drafts of the mix: kept as typed, possible or not, undone step by step, told what cannot be and how it could."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.domain.errors import Forbidden, InvalidInput, NotFound
from core.domain.mix import Share
from core.domain.post import PostKind
from core.services.mix_drafts import STEPS, MixDrafts
from tests.services.test_mix import ARJUN, BELA, MIRA, NOW, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def drafts(world: World) -> MixDrafts:
    return MixDrafts(world.stores, world.mix)


def test_without_a_draft_the_work_is_the_version_in_force(world: World, drafts: MixDrafts) -> None:
    work = drafts.work(MIRA)
    assert (work.base.id, work.policy, work.typed, work.begun, work.undoable) == (
        "for_you-1",
        work.base,
        {},
        False,
        False,
    )
    assert work.table["shares.ugc.least"] == 0.4
    assert work.table["weights.order"] == 20.0


def test_what_was_typed_is_kept_for_the_account_and_for_nobody_else(drafts: MixDrafts) -> None:
    drafts.change(MIRA, {"shares.promotional.most": 0.1}, now=NOW)
    work = drafts.work(MIRA)
    assert work.typed == {"shares.promotional.most": 0.1}
    assert work.policy is not None
    assert work.policy.shares[PostKind.PROMOTIONAL] == Share(least=0.0, most=0.1)
    assert (work.policy.id, work.policy.base) == ("draft", "for_you-1")
    assert not drafts.work(ARJUN).begun


def test_typing_the_old_value_again_is_no_change(drafts: MixDrafts) -> None:
    drafts.change(MIRA, {"explore": 0.2}, now=NOW)
    drafts.change(MIRA, {"explore": 0.1}, now=NOW)
    work = drafts.work(MIRA)
    assert not work.begun
    assert work.undoable


def test_what_cannot_be_is_kept_and_told_at_its_field_with_a_remedy(drafts: MixDrafts) -> None:
    drafts.change(MIRA, {"shares.ugc.most": 0.9}, now=NOW)
    drafts.change(MIRA, {"shares.ugc.least": 0.9}, now=NOW)
    work = drafts.work(MIRA, last="shares.ugc.least")
    assert work.policy is None
    (refusal,) = work.refusals
    assert refusal.field == "shares.ugc.least"
    assert refusal.message == "The least shares add up to 110%: no page can hold that."
    assert refusal.remedy == "Lower this to 80%, or lower other kinds by 10%."
    assert work.table["shares.ugc.least"] == 0.9
    drafts.change(MIRA, {"shares.ugc.least": 0.8}, now=NOW)
    assert drafts.work(MIRA).policy is not None


def test_rules_that_only_together_cannot_be_are_told_as_well(drafts: MixDrafts) -> None:
    drafts.change(MIRA, {"shares.ugc.least": 0.5, "gap.ugc": 3.0}, now=NOW)
    work = drafts.work(MIRA)
    assert work.policy is None
    assert work.refusals[0].field == "gap.ugc"
    assert "gap" in work.refusals[0].remedy


def test_undo_takes_back_step_by_step_also_the_choice_of_another_version(world: World, drafts: MixDrafts) -> None:
    made = world.saved(0.05)
    drafts.change(MIRA, {"explore": 0.2}, now=NOW)
    drafts.change(MIRA, {"per_brand": 2.0}, now=NOW)
    drafts.start(MIRA, made.id, now=NOW)
    assert (drafts.work(MIRA).base, drafts.work(MIRA).typed) == (made, {})
    drafts.undo(MIRA, now=NOW)
    assert drafts.work(MIRA).typed == {"explore": 0.2, "per_brand": 2.0}
    assert drafts.work(MIRA).base.id == "for_you-1"
    drafts.undo(MIRA, now=NOW)
    drafts.undo(MIRA, now=NOW)
    work = drafts.undo(MIRA, now=NOW)
    assert (work.values, work.steps) == ({}, ())


def test_steps_are_bounded(drafts: MixDrafts) -> None:
    for number in range(STEPS + 20):
        drafts.change(MIRA, {"explore": 0.001 * number + 0.2}, now=NOW)
    assert len(drafts.undo(MIRA, now=NOW).steps) == STEPS - 1


def test_discarding_goes_back_to_what_is_in_force_and_can_be_undone(world: World, drafts: MixDrafts) -> None:
    drafts.change(MIRA, {"explore": 0.2}, now=NOW)
    drafts.discard(MIRA, now=NOW)
    assert not drafts.work(MIRA).begun
    drafts.undo(MIRA, now=NOW)
    assert drafts.work(MIRA).typed == {"explore": 0.2}
    drafts.discard(MIRA, now=NOW)
    made = world.saved(0.05)
    world.mix.publish(MIRA, made.id, "Festival", now=NOW)
    assert drafts.work(MIRA).base == made


def test_discarding_nothing_leaves_nothing_to_undo(drafts: MixDrafts) -> None:
    drafts.discard(MIRA, now=NOW)
    assert not drafts.work(MIRA).undoable


def test_what_another_tab_typed_while_one_saved_stays_on_top_of_the_new_version(
    world: World, drafts: MixDrafts
) -> None:
    drafts.change(MIRA, {"explore": 0.2, "per_brand": 2.0}, now=NOW)
    seen = drafts.work(MIRA)
    drafts.change(MIRA, {"per_brand": None, "per_topic": 2.0}, now=NOW)
    made = world.mix.save(MIRA, seen.typed, base=seen.base.id, name="Saved", now=NOW)
    drafts.go_on(MIRA, made, now=NOW)
    work = drafts.work(MIRA)
    assert (work.base, work.typed) == (made, {"per_brand": None, "per_topic": 2.0})


def test_a_draft_that_another_tab_began_from_another_version_outlives_a_save(world: World, drafts: MixDrafts) -> None:
    other = world.saved(0.05)
    drafts.change(MIRA, {"explore": 0.2}, now=NOW)
    seen = drafts.work(MIRA)
    drafts.start(MIRA, other.id, now=NOW)
    drafts.change(MIRA, {"explore": 0.3}, now=NOW)
    drafts.go_on(MIRA, world.mix.save(MIRA, seen.typed, base=seen.base.id, name="Saved", now=NOW), now=NOW)
    assert (drafts.work(MIRA).base, drafts.work(MIRA).typed) == (other, {"explore": 0.3})


def test_pins_are_changed_one_by_one_whatever_another_tab_has_pinned(drafts: MixDrafts) -> None:
    drafts.pin(MIRA, "post-1", 4, now=NOW)
    drafts.pin(MIRA, "post-2", 1, now=NOW)
    drafts.pin(MIRA, "post-1", 0, now=NOW)
    assert drafts.work(MIRA).typed["pins"] == [(0, "post-1"), (1, "post-2")]
    drafts.pin(MIRA, "post-1", None, now=NOW)
    assert drafts.work(MIRA).typed["pins"] == [(1, "post-2")]
    drafts.pin(MIRA, "post-2", None, now=NOW)
    assert not drafts.work(MIRA).begun


def test_two_tabs_that_type_at_once_lose_nothing(drafts: MixDrafts) -> None:
    fields = [f"gap.{kind.value}" for kind in PostKind] + ["per_brand", "per_topic"]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda field: drafts.change(MIRA, {field: 5.0}, now=NOW), fields))
    assert drafts.work(MIRA).typed == dict.fromkeys(fields, 5.0)


def test_a_version_made_of_a_draft_has_what_was_typed(world: World, drafts: MixDrafts) -> None:
    drafts.change(MIRA, {"pins": [(0, "post-1")], "per_topic": 2.0, "weights.order": 30.0}, now=NOW)
    world.stores.documents.insert(
        "posts", {"id": "post-1", "version": 1, "publisher": "p", "author": "a", "kind": "ugc"}
    )
    work = drafts.work(MIRA)
    made = world.mix.save(MIRA, work.typed, base=work.base.id, name="Pinned", now=NOW)
    assert ([(pin.position, pin.post) for pin in made.pins], made.per_topic) == ([(0, "post-1")], 2)
    assert made.weights["order"] == 30.0
    drafts.start(MIRA, made.id, now=NOW)
    assert drafts.work(MIRA).table["pins"] == [(0, "post-1")]


def test_a_field_that_is_no_setting_and_a_version_that_is_not_there_are_refused(drafts: MixDrafts) -> None:
    with pytest.raises(InvalidInput) as refused:
        drafts.change(MIRA, {"shares.sport.least": 0.1}, now=NOW)
    assert refused.value.field == "shares.sport.least"
    with pytest.raises(NotFound):
        drafts.start(MIRA, "for_you-9", now=NOW)


def test_drafts_are_for_product_managers(drafts: MixDrafts) -> None:
    for act in (
        lambda: drafts.work(BELA),
        lambda: drafts.change(BELA, {"explore": 0.2}, now=NOW),
        lambda: drafts.start(BELA, "for_you-1", now=NOW),
        lambda: drafts.undo(BELA, now=NOW),
        lambda: drafts.discard(BELA, now=NOW),
        lambda: drafts.pin(BELA, "post-1", 0, now=NOW),
    ):
        with pytest.raises(Forbidden):
            act()
