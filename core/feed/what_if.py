"""What would have brought a post onto a page: more score, or one rule less. Found by making the page again, not by guessing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from msgspec import structs

from core.domain.mix import MixPolicy, Share
from core.domain.post import PostKind
from core.feed.index import KINDS
from core.feed.query import FeedQuery
from core.feed.slotting import EXPLORED
from core.pipeline.candidates import Candidates
from core.pipeline.stages import Selector

STEPS = 24
"""Halvings of the interval: the score needed is told within a ten-millionth of the page's best score."""
NO_CAP = 10_000


def score_needed(query: FeedQuery, selector: Selector[FeedQuery], candidates: Candidates, place: int) -> float | None:
    """The least score with which the candidate at `place` would be chosen, everything else unchanged; None if no score suffices.

    Chosen means by the mix: a slot that is then given to a new post that is tried out counts.
    """
    scores = candidates["score"]
    low, high = float(scores[place]), 2 * float(np.abs(scores).max()) + 1.0
    if not _chosen(query, selector, candidates, place, high):
        return None
    for _ in range(STEPS):
        middle = (low + high) / 2
        if _chosen(query, selector, candidates, place, middle):
            high = middle
        else:
            low = middle
    return high


def kept_out_by(query: FeedQuery, selector: Selector[FeedQuery], candidates: Candidates, place: int) -> str:
    """The rule without which the candidate at `place` would be chosen with the score that it has; empty if there is none."""
    score = float(candidates["score"][place])
    kind = int(query.index.kind[candidates.rows[place]])
    for rule, policy in _without(query.policy, kind):
        if _chosen(structs.replace(query, policy=policy), selector, candidates, place, score):
            return rule
    return ""


def _chosen(query: FeedQuery, selector: Selector[FeedQuery], candidates: Candidates, place: int, score: float) -> bool:
    scores = candidates["score"].copy()
    scores[place] = score
    asked = structs.replace(query, priced=False, rng=np.random.default_rng(0))
    selection = selector.select(asked, candidates.scored(score=scores))
    row = int(candidates.rows[place])
    shown = zip(selection.page.rows.tolist(), selection.displaced, selection.rules, strict=True)
    return any(row == (displaced if rule == EXPLORED else one) for one, displaced, rule in shown)


def _without(policy: MixPolicy, kind: int) -> Iterator[tuple[str, MixPolicy]]:
    """Each rule of a policy in words, and the policy without it: those on the post's own kind first, all of them last."""
    own = [KINDS[kind], *(other for place, other in enumerate(KINDS) if place != kind)]
    for name, where in (("shares", ""), ("session_shares", " of a session")):
        shares: dict[PostKind, Share] = getattr(policy, name)
        for one in own:
            share = shares.get(one, Share())
            if share.most < 1 and one is KINDS[kind]:
                yield f"{one.label} at most {share.most:.0%}{where}", _with(policy, name, one, replace(share, most=1.0))
            if share.least > 0 and one is not KINDS[kind]:
                yield (
                    f"{one.label} at least {share.least:.0%}{where}",
                    _with(policy, name, one, replace(share, least=0.0)),
                )
    caps = (
        (policy.per_publisher, "publisher", replace(policy, per_publisher=NO_CAP)),
        (policy.per_brand, "brand", replace(policy, per_brand=None)),
        (policy.per_topic, "topic", replace(policy, per_topic=None)),
    )
    for cap, what, without in caps:
        if cap is not None:
            yield f"at most {cap} post{'s' * (cap > 1)} of one {what}", without
    for one in own:
        if slots := policy.gap.get(one, 0):
            left = {other: gap for other, gap in policy.gap.items() if other is not one}
            yield f"{slots} slot{'s' * (slots > 1)} between {one.label} posts", replace(policy, gap=left)
    if policy.pins:
        yield "pinned posts", replace(policy, pins=())
    free = replace(policy, shares={}, session_shares={}, gap={}, pins=(), per_brand=None, per_topic=None)
    yield "several rules together", replace(free, per_publisher=NO_CAP)


def _with(policy: MixPolicy, name: str, kind: PostKind, share: Share) -> MixPolicy:
    if name == "shares":
        return replace(policy, shares={**policy.shares, kind: share})
    return replace(policy, session_shares={**policy.session_shares, kind: share})
