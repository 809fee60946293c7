"""What a mix would do to sample viewers' pages: shares, changes with intervals, and prices by the field that sets the rule."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from core.domain.account import Account, Role
from core.domain.errors import Forbidden
from core.domain.mix import Pin, Share
from core.domain.mix_rules import rules
from core.domain.post import PostKind, PostTotals
from core.domain.viewer import SampleViewer
from core.feed.default_policy import DEFAULT_POLICY
from core.services.mix_effects import VIEWERS, MixEffects, estimate
from tests.feed.world import KINDS, NOW, TAGS, World, world

MIRA = Account(id="mira", email="m@x.example", name="Mira", role=Role.PRODUCT_MANAGER)
BELA = Account(id="bela", email="b@x.example", name="Bela", role=Role.BRAND, publisher="p")


@pytest.fixture
def shop() -> World:
    """Promotional posts are liked least; viewers have tastes of their own."""
    made = world(posts=240)
    made.stores.post_totals.upsert_many(
        PostTotals(
            id=f"post-{number:04}", updated_at=NOW,
            counts={"impression": 400, "like": 2 if KINDS[number % 4] is PostKind.PROMOTIONAL else 60 + number % 30},
        )
        for number in range(240)
    )  # fmt: skip
    for number in range(20):
        viewer = f"sample-{number:02}"
        made.stores.sample_viewers.insert(SampleViewer(id=viewer, name=f"Viewer {number}"))
        tag = TAGS[number % 6]
        post = next(f"post-{place:04}" for place in range(number, 240) if TAGS[place % 6] == tag)
        made.act(viewer, "like", post)
    return made


@pytest.fixture
def effects(shop: World) -> MixEffects:
    return MixEffects(shop.stores, shop.feed)


def more_promotions(least: float) -> object:
    return replace(DEFAULT_POLICY, shares=DEFAULT_POLICY.shares | {PostKind.PROMOTIONAL: Share(least=least, most=0.4)})


def test_forced_promotions_cost_engagement_and_their_rule_says_so(effects: MixEffects) -> None:
    policy = more_promotions(0.3)
    effect = effects.compare(MIRA, policy, DEFAULT_POLICY, now=NOW)  # type: ignore[arg-type]
    assert (effect.viewers, effect.slots) == (VIEWERS, 20)
    assert effect.after[PostKind.PROMOTIONAL] >= 0.3 > effect.before[PostKind.PROMOTIONAL]
    assert sum(effect.after.values()) == pytest.approx(1)
    assert effect.engagement.low <= effect.engagement.value <= effect.engagement.high < 0
    price = effect.prices["shares.promotional.least"]
    assert price.binding == VIEWERS
    assert 0 < price.price.low <= price.price.value <= price.price.high < 0.05


def test_a_price_foretells_what_one_step_of_the_rule_costs(effects: MixEffects) -> None:
    """On 20 slots a step is 5 points. The price is that of the last step, so it lies between the steps around it."""
    looser, now, tighter = (
        effects.compare(MIRA, more_promotions(least), DEFAULT_POLICY, now=NOW)  # type: ignore[arg-type]
        for least in (0.25, 0.3, 0.35)
    )
    price = now.prices["shares.promotional.least"].price.value
    before = (looser.engagement.value - now.engagement.value) / 5
    after = (now.engagement.value - tighter.engagement.value) / 5
    assert 0.5 * before < price < 2 * max(before, after)


def test_the_same_policy_changes_nothing_at_all(effects: MixEffects) -> None:
    effect = effects.compare(MIRA, replace(DEFAULT_POLICY, id="draft", name="Draft"), DEFAULT_POLICY, now=NOW)
    assert (effect.engagement.value, effect.engagement.low, effect.engagement.high) == (0, 0, 0)
    assert effect.before == effect.after


def test_pages_are_kept_until_the_policy_or_the_catalogue_changes(shop: World, effects: MixEffects) -> None:
    told: list[float] = []

    def compare() -> int:
        told.clear()
        effects.compare(MIRA, more_promotions(0.2), DEFAULT_POLICY, now=NOW, progress=told.append)  # type: ignore[arg-type]
        return len(told)

    assert compare() == 2 * VIEWERS
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] < 1
    assert compare() == 0
    shop.change("post-0001", title="Changed")
    shop.feed.page("anybody", now=NOW, record=False)
    assert compare() == 2 * VIEWERS


def test_a_rule_that_binds_nowhere_changes_nothing_after_a_viewer_has_acted(shop: World, effects: MixEffects) -> None:
    effects.compare(MIRA, DEFAULT_POLICY, DEFAULT_POLICY, now=NOW)
    for number in range(20):
        shop.act(f"sample-{number:02}", "like", f"post-{(number * 7 + 3) % 240:04}")
    idle = replace(DEFAULT_POLICY, per_brand=20)
    effect = effects.compare(MIRA, idle, DEFAULT_POLICY, now=NOW)
    assert (effect.engagement.value, effect.engagement.low, effect.engagement.high) == (0, 0, 0)
    assert effect.before == effect.after


def test_both_sides_are_of_one_moment_while_trends_move(shop: World, effects: MixEffects) -> None:
    effects.compare(MIRA, DEFAULT_POLICY, DEFAULT_POLICY, now=NOW)
    shop.stores.live.trending.bump({f"post-{number:04}": 500.0 for number in range(0, 240, 9)}, now=NOW)
    effect = effects.compare(MIRA, replace(DEFAULT_POLICY, per_brand=20), DEFAULT_POLICY, now=NOW + 90_000)
    assert (effect.engagement.value, effect.engagement.low, effect.engagement.high) == (0, 0, 0)


@pytest.mark.parametrize("happens", ["a viewer acts", "a model is put in force"])
def test_pages_are_made_anew_when_people_change_what_they_are_made_of(
    shop: World, effects: MixEffects, happens: str
) -> None:
    told: list[float] = []
    effects.compare(MIRA, DEFAULT_POLICY, DEFAULT_POLICY, now=NOW)
    if happens == "a viewer acts":
        shop.act("sample-00", "like", "post-0100")
    else:
        shop.stores.live.signals.bump("models")
    effects.compare(MIRA, DEFAULT_POLICY, DEFAULT_POLICY, now=NOW, progress=told.append)
    assert len(told) == 2 * VIEWERS


def test_looking_at_effects_counts_for_no_viewer(shop: World, effects: MixEffects) -> None:
    before = shop.stores.live.viewers.read("sample-00").viewer
    effects.compare(MIRA, DEFAULT_POLICY, DEFAULT_POLICY, now=NOW)
    assert shop.stores.live.viewers.read("sample-00").viewer == before


def test_without_sample_viewers_nothing_is_claimed() -> None:
    empty = world()
    effect = MixEffects(empty.stores, empty.feed).compare(MIRA, DEFAULT_POLICY, DEFAULT_POLICY, now=NOW)
    assert effect.viewers == 0
    assert math.isnan(effect.engagement.value)
    assert effect.prices == {}


def test_effects_are_for_product_managers(effects: MixEffects) -> None:
    with pytest.raises(Forbidden):
        effects.compare(BELA, DEFAULT_POLICY, DEFAULT_POLICY, now=NOW)


def test_an_interval_takes_two_values() -> None:
    assert math.isnan(estimate([]).value)
    assert (estimate([0.5]).value, math.isnan(estimate([0.5]).low)) == (0.5, True)
    three = estimate([1.0, 2.0, 3.0])
    assert (three.value, three.low, three.high) == pytest.approx((2.0, 2 - 2.4841377, 2 + 2.4841377))


def test_every_price_of_a_page_is_found_at_a_field_and_rules_that_gave_way_as_well(
    shop: World, effects: MixEffects
) -> None:
    policy = replace(
        DEFAULT_POLICY, per_publisher=1, per_brand=2, per_topic=2, pins=(Pin(position=3, post="post-0001"),),
        shares={kind: Share(least=0.2, most=0.3) for kind in PostKind},
        session_shares={kind: Share(least=0.2, most=0.3) for kind in PostKind},
    )  # fmt: skip
    known = dict(rules(policy))
    effect = effects.compare(MIRA, policy, DEFAULT_POLICY, now=NOW)
    page = shop.feed.preview(MIRA, "sample-00", policy=policy, now=NOW)
    assert page.prices
    assert set(page.prices) <= set(known.values())
    assert set(effect.prices) | set(effect.gave_way) <= set(known)
    assert {field.split(".")[0] for field in (*effect.prices, *effect.gave_way)} & {"pins", "per_topic", "shares"}
