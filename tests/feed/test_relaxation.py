"""What can never hold together, told before it is saved."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.mix import MixPolicy, Pin, Share
from core.domain.post import PostKind
from core.feed.default_policy import DEFAULT_POLICY
from core.feed.index import KINDS
from core.feed.mix_bounds import whole_slots
from core.feed.relaxation import contradictions, possible

BARE = MixPolicy(id="p", name="p")


def test_the_default_mix_contradicts_nothing_on_any_page() -> None:
    assert [size for size in range(1, 51) if contradictions(DEFAULT_POLICY, size)] == []


def test_a_gap_that_leaves_too_little_for_a_least_share_is_told_with_both_remedies() -> None:
    policy = replace(BARE, shares={PostKind.PRODUCT: Share(least=0.5)}, gap={PostKind.PRODUCT: 3})
    (found,) = contradictions(policy, 20)
    assert found.field == "gap.product"
    assert "at most 5 of 20 slots can be Product" in found.message
    assert found.remedy == "Lower the least share to 25%, or the gap to 1."


def test_gaps_that_no_order_keeps_name_the_least_change() -> None:
    policy = replace(BARE, gap=dict.fromkeys(PostKind, 3) | {PostKind.PRODUCT: 4})
    (found,) = contradictions(policy, 20)
    assert found.field == "gap.product"
    assert found.remedy == "Lower the gap between Product posts to 3."


def test_a_session_share_out_of_reach_of_the_pages_is_told() -> None:
    policy = replace(
        BARE,
        shares={PostKind.UGC: Share(most=0.2), PostKind.PRODUCT: Share(least=0.4)},
        session_shares={PostKind.UGC: Share(least=0.3), PostKind.PRODUCT: Share(most=0.3)},
    )
    found = contradictions(policy, 20)
    assert [one.field for one in found] == ["session_shares.ugc.least", "session_shares.product.most"]


def test_a_pin_beyond_the_page_is_told() -> None:
    (found,) = contradictions(replace(BARE, pins=(Pin(position=12, post="a"),)), 10)
    assert found.field == "pins"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
    st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=4, max_size=4),
    st.integers(2, 6),
)
def test_a_policy_is_possible_exactly_if_some_page_keeps_it(
    gaps: list[int], shares: list[tuple[int, int]], size: int
) -> None:
    made = {kind: Share(least=min(pair) / 20, most=max(pair) / 10) for kind, pair in zip(KINDS, shares, strict=True)}
    if sum(share.least for share in made.values()) > 1 or sum(share.most for share in made.values()) < 1:
        return
    policy = replace(BARE, shares=made, gap=dict(zip(KINDS, gaps, strict=True)))
    least, most = whole_slots(policy, size)
    pages = (
        page
        for page in itertools.product(range(4), repeat=size)
        if all(least[kind] <= page.count(kind) <= most[kind] for kind in range(4))
        and all(
            page[one] != page[two]
            for one in range(size)
            for two in range(one + 1, min(one + 1 + gaps[page[one]], size))
        )
    )
    assert possible(policy, size) == (next(pages, None) is not None)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_rounding_on_short_pages_is_no_contradiction(size: int) -> None:
    shares = {kind: Share(least=0.25, most=0.25) for kind in PostKind}
    assert contradictions(replace(BARE, shares=shares), size) == ()
