"""Where a short test misleads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.mix import MixPolicy, Share
from core.domain.post import PostKind
from core.feed.default_policy import DEFAULT_POLICY
from core.statistics.cautions import cautions

BASE = MixPolicy(
    id="base", name="Base", explore=0.1, per_publisher=2, weights={"not_interested": -5.0, "click": 2.0},
    shares={PostKind.PROMOTIONAL: Share(most=0.2), PostKind.PRODUCT: Share(least=0.1, most=0.3)},
)  # fmt: skip
CHANGES: dict[str, tuple[dict[str, object], str]] = {
    "promotion up": (
        {"shares": BASE.shares | {PostKind.PROMOTIONAL: Share(most=0.4)}},
        "more promotional content (0% to 40%",
    ),
    "promotion down": ({"shares": BASE.shares | {PostKind.PROMOTIONAL: Share(most=0.1)}}, "less promotional content"),
    "products": (
        {"shares": BASE.shares | {PostKind.PRODUCT: Share(least=0.2, most=0.3)}},
        "more product content (20% to 30%",
    ),
    "over a session": (
        {"session_shares": {PostKind.PROMOTIONAL: Share(most=0.1)}},
        "less promotional content (0% to 10%",
    ),
    "less exploration": ({"explore": 0.02}, "fewer new posts (2% of slots instead of 10%)"),
    "more exploration": ({"explore": 0.3}, "the gain only when what was learned is used"),
    "less diverse": ({"per_publisher": 5}, "less diverse: more posts of one publisher"),
    "more diverse": ({"per_topic": 2}, "more diverse: fewer posts of one topic"),
    "annoyance": (
        {"weights": BASE.weights | {"not_interested": -1.0}},
        "minds not interested signals less (1 instead of 5)",
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_that_shows_only_after_weeks_is_named_with_what_to_watch(case: str) -> None:
    changes, words = CHANGES[case]
    (sentence,) = cautions(BASE, replace(BASE, **changes))  # type: ignore[arg-type]
    assert words in sentence
    assert sentence.endswith(".")


def test_each_change_has_its_sentence() -> None:
    assert len(cautions(BASE, replace(BASE, explore=0.3, per_publisher=5))) == 2


def test_a_weight_that_is_not_named_counts_as_its_default() -> None:
    unnamed, zero = replace(BASE, weights={}), replace(BASE, weights={"not_interested": -10.0, "report": 0.0})
    (sentence,) = cautions(unnamed, zero)
    assert "minds report signals less (0 instead of 40)" in sentence
    assert cautions(unnamed, replace(BASE, weights={"not_interested": -10.0, "report": -40.0})) == ()


@pytest.mark.parametrize("policy", [BASE, DEFAULT_POLICY], ids=["base", "default"])
def test_changes_that_show_at_once_need_no_caution(policy: MixPolicy) -> None:
    assert cautions(policy, policy) == ()
    assert cautions(policy, replace(policy, name="Other", weights=policy.weights | {"click": 3.0})) == ()
