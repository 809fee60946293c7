"""What the demo world consists of, and that it fits together."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from core.demo import people, posts, products, taxonomy
from core.demo.art.product import SHAPES
from core.demo.art.text import missing
from core.demo.clips.film import LAYOUTS
from core.demo.material import read
from core.demo.posts import Fate
from core.domain.account import Role
from core.domain.ids import DAY
from core.domain.post import PostKind
from core.domain.publisher import PublisherKind
from core.models.text_matcher import default_matcher
from tests.demo.world import NOW

TAGS = {tag.id for tag in taxonomy.read()}
PLANS = posts.plans()
SHOP = products.items(NOW)


def test_the_world_has_the_size_it_promises() -> None:
    assert len(SHOP) == 120
    assert len(PLANS) == 60
    assert len(people.viewers(NOW)) == 24
    assert len(people.publishers(NOW)) == 14
    assert {account.role for account in people.accounts(NOW, "hash")} == set(Role)


def test_posts_and_products_refer_to_what_exists() -> None:
    publishers = {publisher.id for publisher in people.publishers()}
    for item in SHOP.values():
        assert set(item.product.tags) <= TAGS, item.product.id
        assert item.looks.shape in SHAPES
        assert item.publisher in publishers
    for plan in PLANS.values():
        assert set(plan.tags) <= TAGS, plan.id
        assert set(plan.products) <= set(SHOP), plan.id
        assert plan.publisher in publishers
        assert plan.layout in LAYOUTS


def test_everything_says_that_it_is_generated() -> None:
    assert all(item.product.generated for item in SHOP.values())
    assert all(plan.post(NOW).generated for plan in PLANS.values())
    assert all(publisher.generated for publisher in people.publishers())
    assert all(viewer.generated for viewer in people.viewers(NOW))
    assert all(account.demo for account in people.accounts(NOW, "hash"))


def test_the_four_kinds_take_turns_and_cases_for_review_come_among_the_first() -> None:
    kinds = [plan.kind for plan in PLANS.values()]
    assert set(kinds[:4]) == set(PostKind)
    assert min(Counter(kinds).values()) >= 10
    assert sum(plan.fate is Fate.REVIEW for plan in list(PLANS.values())[:8]) == 3


def test_posts_are_spread_over_the_last_weeks() -> None:
    days = sorted(plan.days for plan in PLANS.values())
    assert days[0] < 1
    assert 20 < days[-1] < 28
    assert max(later - earlier for earlier, later in pairwise(days)) < 2


def test_a_live_post_keeps_the_time_at_which_it_was_published() -> None:
    plan = next(plan for plan in PLANS.values() if plan.fate is Fate.LIVE)
    assert plan.post(NOW).published_at == NOW - round(plan.days * DAY)


def test_posts_are_written_in_four_languages() -> None:
    assert Counter(plan.language for plan in PLANS.values()).keys() == {"en", "hi", "hi-Latn", "uk"}


@pytest.mark.parametrize("plan", PLANS.values(), ids=lambda plan: str(plan.id))
def test_the_fonts_can_draw_all_words_of_a_clip(plan: posts.Plan) -> None:
    words = " ".join((plan.headline, *plan.lines))
    names = {publisher.id: publisher.name for publisher in people.publishers()}
    assert missing(words + names[plan.publisher]) == set()


def test_a_character_without_a_glyph_is_noticed() -> None:
    assert missing("chai ✨ चाय ₹") == {"✨"}


def test_some_products_are_out_of_stock_and_most_have_a_list_price_above_the_price() -> None:
    empty = [item for item in SHOP.values() if item.product.stock == 0]
    assert 5 <= len(empty) <= 20
    for item in SHOP.values():
        listed = item.product.list_price_minor
        assert listed is None or listed > item.product.price_minor


def test_only_what_is_meant_for_review_has_words_that_screening_holds() -> None:
    matcher = default_matcher()
    for plan in PLANS.values():
        if plan.fate in (Fate.LIVE, Fate.WITHDRAWN):
            severe = [match for match in matcher.find(f"{plan.title} {plan.caption}") if match.severity >= 2]
            assert severe == [], plan.id


def test_each_brand_sells_its_own_products_and_creators_sell_none() -> None:
    kinds = {publisher.id: publisher.kind for publisher in people.publishers()}
    assert all(kinds[brand] is PublisherKind.BRAND for brand in read("products"))
