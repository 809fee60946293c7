"""Every rule of the mix at once: kept or reported, near the integer optimum, and never worse for being looser."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from core.domain.mix import MixPolicy, Share
from core.domain.post import PostKind
from core.domain.viewer import FeedSession
from core.feed.index import KINDS
from core.feed.mix import MixedPage, Problem, best_page
from core.feed.mix_asked import Asked
from tests.feed.mix_reference import groups_of, optimum, random_problem, units_of, upper_bound

BARE = MixPolicy(id="p", name="p", per_publisher=99)


def broken_rules(one: Problem, page: MixedPage) -> set[str]:
    """The fields of the rules that a page does not keep, worked out without the code under test."""
    asked, kinds = Asked(one.policy, one.slots, one.session), one.kinds[page.places].tolist()
    found = set()
    for group, (least, most) in (("shares", asked.page), ("session_shares", asked.in_session)):
        for place, kind in enumerate(KINDS):
            found |= {f"{group}.{kind}.least"} if kinds.count(place) < least[place] else set()
            found |= {f"{group}.{kind}.most"} if kinds.count(place) > most[place] else set()
    line = [*one.session.last, *(KINDS[kind].value for kind in kinds)]
    for kind in KINDS:
        places = [place for place, name in enumerate(line) if name == kind.value]
        near = [b for a, b in itertools.pairwise(places) if b - a <= one.policy.gap.get(kind, 0)]
        found |= {f"gap.{kind}"} if any(place >= len(one.session.last) for place in near) else set()
    caps = {
        "per_publisher": one.policy.per_publisher,
        "per_brand": one.policy.per_brand,
        "per_topic": one.policy.per_topic,
    }
    for (field, cap), names in zip(caps.items(), groups_of(one), strict=True):
        held = names[page.places][names[page.places] >= 0]
        found |= {field} if cap is not None and len(held) and np.bincount(held).max() > cap else set()
    return found | {f"pins.{slot}" for slot, place in one.pins if page.places[slot] != place}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([(14, 40), (60, 150)]))
def test_every_rule_is_kept_or_reported_and_the_page_is_whole(seed: int, count: tuple[int, int]) -> None:
    one = random_problem(seed, sizes=(6, 16), count=count)
    page = best_page(one)
    assert len(set(page.places.tolist())) == one.slots
    assert {relaxed.field for relaxed in page.relaxed} == broken_rules(one, page)
    assert page.value == pytest.approx(float(np.dot(one.scores[page.places], one.attention)))
    assert bool(page.relaxed) == (units_of(one, page.places) > 0) == bool(page.notes)
    if not page.relaxed:
        assert page.value <= upper_bound(one) + 1e-6


@pytest.mark.parametrize("seed", range(30))
def test_under_all_rules_the_page_is_near_the_integer_optimum(seed: int) -> None:
    one = random_problem(seed, sizes=(8, 14), count=(60, 100))
    page, best = best_page(one), optimum(one)
    assert bool(page.relaxed) == (best is None)
    if best is not None:
        assert 0.99 * best <= page.value <= best * (1 + 1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(KINDS), st.sampled_from(["least", "most", "gap", "pin"]))
@example(5095, PostKind.PROMOTIONAL, "least")
def test_loosening_a_rule_of_an_exact_page_never_lowers_its_value(seed: int, kind: PostKind, what: str) -> None:
    one = random_problem(seed, sizes=(6, 12), count=(60, 100))
    policy = replace(one.policy, per_publisher=99, per_brand=None, per_topic=None, session_shares={})
    one = structs.replace(one, policy=policy, session=FeedSession())
    share = policy.shares[kind]
    looser = {
        "least": structs.replace(
            one, policy=replace(policy, shares={**policy.shares, kind: replace(share, least=0.0)})
        ),
        "most": structs.replace(one, policy=replace(policy, shares={**policy.shares, kind: replace(share, most=1.0)})),
        "gap": structs.replace(one, policy=replace(policy, gap={**policy.gap, kind: max(policy.gap[kind] - 1, 0)})),
        "pin": structs.replace(one, pins=one.pins[1:]),
    }[what]
    before, after = best_page(one), best_page(looser)
    assume(not before.relaxed)
    # Shares become whole slots. Where all minima rounded up do not fit, some are rounded down, and those of a looser mix may fit.
    rounded_alike = all(low <= held for low, held in zip(after.limits.least, before.limits.least, strict=True))
    assume(rounded_alike and all(top >= held for top, held in zip(after.limits.most, before.limits.most, strict=True)))
    assert not after.relaxed
    assert after.value >= before.value - 1e-9


def test_a_session_share_makes_up_for_the_pages_before() -> None:
    rng = np.random.default_rng(1)
    policy = replace(BARE, session_shares={PostKind.PRODUCT: Share(least=0.2, most=0.3)})
    one = Problem(
        scores=np.sort(rng.random(200))[::-1].copy(),
        kinds=np.arange(200) % 4,
        publishers=np.arange(200),
        new=np.ones(200, np.bool_),
        size=10,
        policy=policy,
    )
    few = best_page(structs.replace(one, session=FeedSession(id="s", kinds={"ugc": 20})))
    many = best_page(structs.replace(one, session=FeedSession(id="s", kinds={"ugc": 10, "product": 10})))
    product = KINDS.index(PostKind.PRODUCT)
    assert np.count_nonzero(one.kinds[few.places] == product) == 6  # of 30 slots at least 20%
    assert np.count_nonzero(one.kinds[many.places] == product) == 0  # of 30 slots at most 30%, 10 were served
    assert not few.relaxed


def test_a_gap_reaches_over_the_border_of_pages() -> None:
    policy = replace(BARE, gap={PostKind.PRODUCT: 3})
    one = Problem(
        scores=np.linspace(2, 1, 40),
        kinds=np.where(np.arange(40) < 10, KINDS.index(PostKind.PRODUCT), 0),
        publishers=np.arange(40),
        new=np.ones(40, np.bool_),
        size=8,
        policy=policy,
        session=FeedSession(id="s", kinds={"ugc": 1, "product": 1}, last=("product", "ugc")),
    )
    kinds = [KINDS[kind] for kind in one.kinds[best_page(one).places]]
    assert [place for place, kind in enumerate(kinds) if kind is PostKind.PRODUCT] == [2, 6]
