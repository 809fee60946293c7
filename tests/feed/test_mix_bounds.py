"""Shares as whole slots."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from core.domain.mix import MixPolicy, Share
from core.domain.post import PostKind
from core.feed.default_policy import DEFAULT_POLICY
from core.feed.index import KINDS
from core.feed.mix_asked import KEPT, standing
from core.feed.mix_bounds import bounds


@st.composite
def policies(draw: st.DrawFn) -> MixPolicy:
    """Any policy that the domain accepts."""
    least = [draw(st.integers(0, 100)) for _ in KINDS]
    total = max(sum(least), 100)
    floors = [part / total for part in least]
    tops = [floor + draw(st.floats(0, 1)) * (1 - floor) for floor in floors]
    if sum(tops) < 1:
        tops = [1.0] * len(tops)
    shares = {
        kind: Share(least=floor, most=min(top, 1.0)) for kind, floor, top in zip(KINDS, floors, tops, strict=True)
    }
    return MixPolicy(id="p", name="p", shares=shares)


@given(policies(), st.integers(1, 50), st.lists(st.integers(0, 60), min_size=4, max_size=4))
def test_bounds_always_leave_a_page_that_can_be_filled(policy: MixPolicy, size: int, available: list[int]) -> None:
    found = bounds(policy, size, available)
    slots = min(size, sum(available))
    assert sum(found.least) <= slots <= sum(found.most)
    assert all(
        0 <= least <= most <= there for least, most, there in zip(found.least, found.most, available, strict=True)
    )


@given(policies(), st.integers(1, 50))
def test_with_posts_enough_no_bound_is_off_by_a_whole_slot(policy: MixPolicy, size: int) -> None:
    found = bounds(policy, size, [99] * 4)
    assert not found.notes
    for place, kind in enumerate(KINDS):
        share = policy.shares[kind]
        assert math.floor(share.least * size + 1e-9) <= found.least[place] <= math.ceil(share.least * size - 1e-9)
        assert math.floor(share.most * size + 1e-9) <= found.most[place] <= math.ceil(share.most * size - 1e-9)


def test_a_page_of_twenty_keeps_the_default_shares_exactly() -> None:
    found = bounds(DEFAULT_POLICY, 20, [99] * 4)
    assert dict(zip(KINDS, zip(found.least, found.most, strict=True), strict=True)) == {
        PostKind.UGC: (8, 14),
        PostKind.PROMOTIONAL: (0, 4),
        PostKind.EDUCATIONAL: (2, 6),
        PostKind.PRODUCT: (2, 8),
    }


def test_too_few_posts_of_a_kind_are_told() -> None:
    found = bounds(DEFAULT_POLICY, 20, [3, 99, 99, 99])
    assert found.least[0] == 3
    assert "UGC: the mix asks for at least 8 of 20 slots, but only 3 can be shown." in found.notes


def test_posts_that_must_be_on_the_page_have_room() -> None:
    found = bounds(DEFAULT_POLICY, 20, [30, 9, 30, 30], must=[0, 9, 0, 0])
    assert found.least[1] == found.most[1] == 9
    assert any("Promotional" in note for note in found.notes)


def test_what_policies_ask_of_pages_is_kept_and_makes_room_one_for_one() -> None:
    policies = [MixPolicy(id=f"p{number}", name="Mix") for number in range(KEPT + 1)]
    held = [standing(policy, 20) for policy in policies]
    assert all(standing(policy, 20) is one for policy, one in zip(policies[1:], held[1:], strict=True))
    answers = [held[0].once(("last", number), lambda number=number: [number]) for number in range(KEPT + 1)]  # type: ignore[misc]
    assert answers[-1] == [KEPT]
    assert all(held[0].once(("last", number), list) is answers[number] for number in range(1, KEPT + 1))
