"""What would have brought a post onto a page: more score, or one rule less. Found by making the page again, not by guessing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from msgspec import structs

from core.domain.feed import MAX_PAGE
from core.domain.mix import CAPS, MixPolicy, Share
from core.domain.mix_rules import cap_name, gap_name, pin_name, share_name
from core.domain.post import PostKind
from core.feed.index import KINDS
from core.feed.query import FeedQuery
from core.feed.slotting import EXPLORED
from core.pipeline.candidates import Candidates
from core.pipeline.stages import Selector

STEPS = 24
"""Halvings of the interval: the score needed is told within a ten-millionth of the page's best score."""


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
    for rule, policy in without_each(query.policy, kind):
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


def without_each(policy: MixPolicy, kind: int) -> Iterator[tuple[str, MixPolicy]]:
    """Each rule of a policy by name, and the policy without it: those on the post's own kind first, all of them last."""
    own = [KINDS[kind], *(other for place, other in enumerate(KINDS) if place != kind)]
    for group in ("shares", "session_shares"):
        shares: dict[PostKind, Share] = getattr(policy, group)
        session = group == "session_shares"
        for one in own:
            share = shares.get(one, Share())
            if share.most < 1 and one is KINDS[kind]:
                name = share_name(one, share.most, "most", session=session)
                yield name, _with(policy, group, one, replace(share, most=1.0))
            if share.least > 0 and one is not KINDS[kind]:
                name = share_name(one, share.least, "least", session=session)
                yield name, _with(policy, group, one, replace(share, least=0.0))
    for field in CAPS:
        if (cap := getattr(policy, field)) is not None:
            uncapped: dict[str, Any] = {field: MAX_PAGE}
            yield cap_name(field, cap), replace(policy, **uncapped)
    for one in own:
        if policy.gap.get(one, 0):
            left = {other: gap for other, gap in policy.gap.items() if other is not one}
            yield gap_name(one), replace(policy, gap=left)
    for pin in policy.pins:
        yield pin_name(pin.position), replace(policy, pins=tuple([other for other in policy.pins if other is not pin]))
    free = replace(policy, shares={}, session_shares={}, gap={}, pins=(), per_brand=None, per_topic=None)
    yield "several rules together", replace(free, per_publisher=MAX_PAGE)


def _with(policy: MixPolicy, group: str, kind: PostKind, share: Share) -> MixPolicy:
    if group == "shares":
        return replace(policy, shares={**policy.shares, kind: share})
    return replace(policy, session_shares={**policy.session_shares, kind: share})
