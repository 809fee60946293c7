"""When the rules cannot all be kept, as little as possible gives way, and the page says what."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from core.domain.mix import MixPolicy, Share
from core.domain.post import PostKind
from core.feed.index import KINDS
from core.feed.mix import Problem, best_page
from tests.feed.mix_reference import least_units, random_problem, units_of

BARE = MixPolicy(id="p", name="p", per_publisher=99)


@pytest.mark.parametrize("seed", range(60))
def test_no_smaller_loosening_is_found_by_an_integer_programme_with_slack(seed: int) -> None:
    one = random_problem(seed, sizes=(6, 10), count=(12, 40))
    assert units_of(one, best_page(one).places) == pytest.approx(least_units(one), abs=0.01)


@pytest.mark.parametrize("publishers", [1, 2, 3])
@pytest.mark.parametrize("seed", range(8))
def test_nor_where_a_shop_has_too_few_publishers_to_keep_the_caps(seed: int, publishers: int) -> None:
    one = random_problem(seed, sizes=(8, 10), count=(20, 40))
    policy = replace(one.policy, per_publisher=2, per_brand=None)
    one = structs.replace(one, publishers=one.publishers % publishers, brands=None, policy=policy)
    page = best_page(one)
    assert page.lacking
    assert units_of(one, page.places) == pytest.approx(least_units(one), abs=0.01)


def problem(kinds: list[PostKind], policy: MixPolicy, size: int, **more: object) -> Problem:
    """Posts of these kinds with falling scores, each of its own publisher."""
    count = len(kinds)
    fields: dict[str, object] = {
        "scores": np.linspace(2, 1, count),
        "kinds": np.array([KINDS.index(kind) for kind in kinds]),
        "publishers": np.arange(count),
        "new": np.ones(count, np.bool_),
    }
    return Problem(size=size, policy=policy, **(fields | more))  # type: ignore[arg-type]


UGC, ADS, PRODUCT = PostKind.UGC, PostKind.PROMOTIONAL, PostKind.PRODUCT


def test_a_share_gives_way_to_what_there_is_and_is_told_with_numbers() -> None:
    page = best_page(problem([ADS] * 9 + [UGC] * 2, replace(BARE, shares={UGC: Share(least=0.5)}), 8))
    (told,) = page.relaxed
    assert not page.lacking
    assert (told.field, told.asked, told.given) == ("shares.ugc.least", 4, 2)
    assert told.note == "UGC: the mix asks for at least 4 of 8 slots, but only 2 can be shown."


def test_a_gap_gives_way_before_a_share() -> None:
    policy = replace(BARE, shares={ADS: Share(least=0.6)}, gap={ADS: 1})
    (told,) = best_page(problem([ADS] * 9 + [UGC] * 9, policy, 10)).relaxed
    assert (told.field, told.asked, told.given) == ("gap.promotional", 1, 0)
    assert told.note == "1 gap between Promotional posts could not be kept."


def test_a_cap_gives_way_when_nobody_else_can_fill_the_page() -> None:
    page = best_page(problem([UGC] * 6, replace(BARE, per_publisher=2), 6, publishers=np.array([0, 0, 0, 0, 1, 2])))
    (told,) = page.relaxed
    assert page.lacking
    assert (told.field, told.asked, told.given) == ("per_publisher", 2, 4)
    assert told.note == "One publisher has 4 posts instead of at most 2, because too few others can be shown."


def test_a_kind_of_which_only_one_publisher_has_posts_is_short_for_lack_of_choice() -> None:
    publishers = np.array([*range(1, 13), *[0] * 8])
    policy = replace(BARE, per_publisher=2, shares={UGC: Share(least=0.5)})
    page = best_page(problem([ADS] * 12 + [UGC] * 8, policy, 8, publishers=publishers))
    (told,) = page.relaxed
    assert (told.field, told.given) == ("shares.ugc.least", 2)
    assert page.lacking


def test_a_topic_without_a_name_has_no_cap() -> None:
    topics = np.array([-1] * 8 + [3] * 8)
    page = best_page(problem([UGC] * 16, replace(BARE, per_topic=2), 8, topics=topics))
    assert not page.relaxed
    assert np.count_nonzero(topics[page.places] == 3) <= 2


def test_a_pin_yields_to_a_share_and_is_told() -> None:
    one = problem([UGC] * 10 + [ADS], replace(BARE, shares={ADS: Share(most=0.0)}), 5, pins=((1, 10),))
    (told,) = best_page(one).relaxed
    assert (told.field, told.given) == ("pins.1", 0)
    assert told.note == "The post pinned to slot 2 could not be kept with the other rules."


def test_pinned_posts_count_in_shares_gaps_and_caps() -> None:
    policy = replace(BARE, per_publisher=1, gap={PRODUCT: 1}, shares={PRODUCT: Share(most=0.4)})
    publishers = np.array([7, *range(1, 20), 7])
    kinds = [UGC, *[PRODUCT, UGC] * 9, UGC, PRODUCT]
    page = best_page(problem(kinds, policy, 5, publishers=publishers, pins=((2, 20),)))
    assert not page.relaxed
    assert page.places[2] == 20
    assert 0 not in page.places  # the best post is of the pinned post's publisher
    shown = [kinds[place] for place in page.places]
    assert shown.count(PRODUCT) == 2
    assert shown[1] is shown[3] is UGC


def test_what_is_new_goes_before_what_comes_again_whatever_the_shares() -> None:
    scores = np.concatenate((np.linspace(2, 1, 6), np.linspace(-1_000, -1_010, 10)))
    new = scores > 0
    policy = replace(BARE, shares={ADS: Share(most=0.25)})
    page = best_page(problem([ADS] * 6 + [UGC] * 10, policy, 8, scores=scores, new=new))
    assert new[page.places].sum() == 6
    assert page.relaxed
