"""The whole mix: shares, gaps and publisher caps against an integer programme, and the price of each rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from core.domain.mix import MixPolicy, Share
from core.domain.post import PostKind
from core.feed.default_policy import DEFAULT_POLICY
from core.feed.mix import Problem, best_page
from core.feed.prices import prices
from tests.feed.mix_reference import optimum, upper_bound


def problem(
    seed: int, *, count: int = 90, publishers: int = 20, size: int = 12, policy: MixPolicy = DEFAULT_POLICY
) -> Problem:
    """Random candidates; a few publishers have most of the posts."""
    rng = np.random.default_rng(seed)
    return Problem(
        scores=np.sort(rng.gamma(3, 0.4, count))[::-1].copy(),
        kinds=rng.choice(4, count, p=[0.5, 0.2, 0.15, 0.15]),
        publishers=rng.pareto(1.1, count).astype(np.int64) % publishers,
        new=np.ones(count, np.bool_),
        size=size,
        policy=policy,
    )


def test_pages_are_close_to_the_integer_optimum_and_never_break_the_cap() -> None:
    ratios = []
    for seed in range(12):
        one = problem(seed, policy=replace(DEFAULT_POLICY, per_publisher=1 + seed % 3))
        page, best = best_page(one), optimum(one)
        if best is None:
            assert page.relaxed
            continue
        assert not page.relaxed
        assert np.bincount(one.publishers[page.places]).max() <= one.policy.per_publisher
        assert page.value <= best * (1 + 1e-6)
        assert upper_bound(one) >= best * (1 - 1e-6)
        ratios.append(page.value / best)
    assert len(ratios) >= 5
    assert np.mean(ratios) >= 0.999
    assert min(ratios) >= 0.985


@pytest.mark.parametrize("seed", range(8))
def test_without_a_binding_cap_the_page_is_the_optimum(seed: int) -> None:
    one = structs.replace(problem(seed), publishers=np.arange(90))
    page = best_page(one)
    best = optimum(one)
    assert best is not None
    assert page.value == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_a_price_is_what_a_slot_more_or_less_of_the_share_changes(seed: int) -> None:
    policy = MixPolicy(
        id="p", name="p", per_publisher=99, shares={PostKind.PRODUCT: Share(least=0.5), PostKind.UGC: Share(most=0.25)}
    )
    one = structs.replace(problem(seed, size=20, policy=policy), publishers=np.arange(90))
    page = best_page(one)
    found = prices(one, page)
    looser = {
        "Product at least 50%": {**policy.shares, PostKind.PRODUCT: Share(least=0.45)},
        "UGC at most 25%": {**policy.shares, PostKind.UGC: Share(most=0.30)},
    }
    assert found
    for name, price in found.items():
        relaxed = structs.replace(one, policy=replace(policy, shares=looser[name]))
        best, held = optimum(relaxed), optimum(one)
        assert best is not None
        assert held is not None
        assert price == pytest.approx((best - held) / 5, rel=1e-3, abs=1e-6)


def test_a_rule_that_binds_nothing_has_no_price() -> None:
    policy = MixPolicy(id="p", name="p", per_publisher=99, shares={PostKind.PROMOTIONAL: Share(most=0.99)})
    one = problem(3, policy=policy)
    assert prices(one, best_page(one)) == {}
