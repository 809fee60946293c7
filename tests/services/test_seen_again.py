"""When everything has been seen: what comes again keeps the rules of the mix, and what was seen longest ago comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from core.domain.account import Account, Role
from core.domain.feed import FeedPage
from core.domain.mix import MixPolicy
from core.domain.post import PostKind
from core.feed.default_policy import DEFAULT_POLICY
from core.feed.scorers.engagement import Engagement
from tests.feed.world import KINDS, NOW, World, make_post, world

MANAGER = Account(id="m", email="m@example.in", name="M", role=Role.PRODUCT_MANAGER)
PLAIN = MixPolicy(id="plain", name="Plain", per_publisher=50)


def seen_in_order(posts: Sequence[tuple[str, PostKind]]) -> tuple[World, list[str]]:
    """A shop of these (publisher, kind), all of which the viewer has seen in this order, and the posts' ids."""
    made = world(posts=0, publishers=0)
    ids = [f"post-{number:04}" for number in range(len(posts))]
    made.stores.posts.upsert_many(
        make_post(id, publisher=publisher, kind=kind) for id, (publisher, kind) in zip(ids, posts, strict=True)
    )
    return made, ids


def next_page(made: World, seen: list[str], policy: MixPolicy = DEFAULT_POLICY) -> FeedPage:
    return made.feed.preview(MANAGER, "v", shown=tuple(seen), policy=policy, now=NOW)


def test_the_shares_hold_although_all_that_was_seen_longest_ago_is_of_one_kind() -> None:
    kinds = [PostKind.UGC] * 100 + [kind for kind in KINDS if kind is not PostKind.UGC for _ in range(20)]
    made, ids = seen_in_order([(f"pub-{number}", kind) for number, kind in enumerate(kinds)])
    page = next_page(made, ids)
    counts = Counter(slot.kind for slot in page.slots)
    assert (len(page.slots), page.relaxed) == (20, ())
    assert counts[PostKind.UGC] == 14, "as many of what was seen longest ago as the share allows"
    for kind, share in DEFAULT_POLICY.shares.items():
        assert share.least * 20 <= counts[kind] <= share.most * 20
        longest_ago = [id for id, one in zip(ids, kinds, strict=True) if one is kind][: counts[kind]]
        assert {slot.post for slot in page.slots if slot.kind is kind} == set(longest_ago)


def test_the_cap_holds_although_all_that_was_seen_longest_ago_is_of_one_publisher() -> None:
    own = [("pub-0", KINDS[number % 4]) for number in range(200)]
    others = [(f"pub-{1 + number // 4}", KINDS[number % 4]) for number in range(80)]
    made, ids = seen_in_order(own + others)
    page = next_page(made, ids)
    publishers = Counter(slot.publisher for slot in page.slots)
    assert (len(page.slots), page.relaxed) == (20, ())
    assert max(publishers.values()) == publishers["pub-0"] == 3
    assert min(slot.post for slot in page.slots if slot.publisher == "pub-0") in ids[:4]


def test_without_rules_it_is_what_was_seen_longest_ago_in_that_order() -> None:
    made, ids = seen_in_order([(f"pub-{number % 9}", KINDS[number % 4]) for number in range(100)])
    assert [slot.post for slot in next_page(made, ids, PLAIN).slots] == ids[:20]
    assert [slot.post for slot in next_page(made, ids[50:] + ids[:50], PLAIN).slots] == ids[50:70]


def test_page_after_page_of_what_comes_again_no_rule_gives_way() -> None:
    made = world()
    pages = [made.feed.page("v", now=NOW) for _ in range(30)]
    again = [page for page in pages if any("come again" in note for note in page.notes)]
    assert len(again) >= 20
    assert [page.relaxed for page in again if page.relaxed] == []
    shown = Counter(slot.post for page in again for slot in page.slots)
    assert len(shown) == 120, "every post comes again"


def test_the_last_page_with_a_cursor_is_the_last_with_anything_new() -> None:
    made = world(posts=50)
    cursors = [made.feed.page("v", now=NOW).cursor is not None for _ in range(5)]
    assert cursors == [True, True, True, False, False]


def test_what_was_seen_longest_ago_comes_first_also_while_a_scorer_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    made, ids = seen_in_order([(f"pub-{number % 9}", KINDS[number % 4]) for number in range(100)])
    monkeypatch.setattr(Engagement, "score", broken)
    page = next_page(made, ids, PLAIN)
    assert any(stage.stage == "popularity" for stage in page.stages)
    assert [slot.post for slot in page.slots] == ids[:20]


def broken(*_: object) -> object:
    raise RuntimeError("broken")
