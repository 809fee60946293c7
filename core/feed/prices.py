"""What each binding rule of the mix costs: the engagement that one more percentage point of it takes from the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from core.domain.mix import MixPolicy, Share
from core.feed.index import KINDS
from core.feed.mix import MixedPage, Problem, best_page

TINY = 1e-9


def prices(problem: Problem, page: MixedPage) -> dict[str, float]:
    """Price per binding rule of this page, in units of the score, highest first.

    A share's price is (value with the share one slot looser − value) / percentage points of a slot: what the page loses for each
    point that the share is as tight as it is. Gaps and the publisher cap are priced per slot and per post. Rules whose
    loosening would change nothing are left out.
    """
    found = {}
    for name, policy, points in _loosened(problem, page):
        gain = best_page(replace(problem, policy=policy)).value - page.value
        if gain > TINY:
            found[name] = gain / points
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _loosened(problem: Problem, page: MixedPage) -> Iterator[tuple[str, MixPolicy, float]]:
    """Each rule that may bind, the policy with it one step looser, and how many points that step is."""
    policy, size = problem.policy, len(page.places)
    counts = np.bincount(problem.kinds[page.places], minlength=len(KINDS))
    points = 100 / size
    for place, kind in enumerate(KINDS):
        share = policy.shares.get(kind, Share())
        if 0 < page.limits.least[place] == counts[place] and share.least > 0:
            slots = page.limits.least[place] - 1
            yield f"{kind.label} at least {share.least:.0%}", _with(policy, place, least=slots / size), points
        if share.most < 1 and page.limits.most[place] == counts[place]:
            slots = page.limits.most[place] + 1
            yield f"{kind.label} at most {share.most:.0%}", _with(policy, place, most=min(slots / size, 1.0)), points
        if gap := policy.gap.get(kind, 0):
            yield f"gap between {kind.label} posts", replace(policy, gap={**policy.gap, kind: gap - 1}), 1.0
    name = f"at most {policy.per_publisher} posts of one publisher"
    yield name, replace(policy, per_publisher=policy.per_publisher + 1), 1.0


def _with(policy: MixPolicy, place: int, *, least: float | None = None, most: float | None = None) -> MixPolicy:
    kind = KINDS[place]
    share = policy.shares.get(kind, Share())
    floor = share.least if least is None else least
    looser = Share(least=floor, most=max(share.most if most is None else most, floor))
    return replace(policy, shares={**policy.shares, kind: looser})
