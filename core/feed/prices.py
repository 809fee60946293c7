"""What each binding rule of the mix costs: the engagement that one more percentage point of it takes from the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from msgspec import structs

from core.domain.mix import CAPS, MixPolicy, Share
from core.domain.mix_rules import cap_name, gap_name, pin_name, share_name
from core.feed.index import KINDS
from core.feed.mix import MixedPage, Problem, best_page
from core.feed.mix_asked import Asked

TINY = 1e-9


def prices(problem: Problem, page: MixedPage) -> dict[str, float]:
    """Price per binding rule of this page, in units of the score, highest first.

    A share's price is (value with the share one slot looser − value) / percentage points of a slot: what the page loses for each
    point that the share is as tight as it is; for a share of the session, a slot of the whole session so far. Gaps are priced per
    slot, caps per post, and a pin with all that it takes from the page. Rules whose loosening would change nothing, and rules
    that gave way, are left out. Pages are made again with a longer search, each from the page before, so that chance has no part.
    """
    gave = {one.field for one in page.relaxed}
    base = best_page(problem, start=page.places)
    found = {}
    for field, name, looser, points in _loosened(problem, base):
        if field in gave:
            continue
        other = best_page(looser, start=base.places)
        if len(other.relaxed) <= len(page.relaxed) and (gain := other.value - max(base.value, page.value)) > TINY:
            found[name] = gain / points
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _loosened(problem: Problem, page: MixedPage) -> Iterator[tuple[str, str, Problem, float]]:
    """Each rule that may bind: field, name, the problem with it one step looser, and how many points that step is."""
    policy, size = problem.policy, len(page.places)
    asked = Asked(policy, size, problem.session)
    counts = np.bincount(problem.kinds[page.places], minlength=len(KINDS)).tolist()
    for group, (least, most) in (("shares", asked.page), ("session_shares", asked.in_session)):
        session = group == "session_shares"
        before = {kind: problem.session.kinds.get(kind, 0) if session else 0 for kind in KINDS}
        total = size + (problem.session.slots if session else 0)
        for place, kind in enumerate(KINDS):
            share: Share = getattr(policy, group).get(kind, Share())
            points = 100 / total
            if 0 < least[place] == counts[place] and share.least > 0:
                looser = Share(least=max(before[kind] + least[place] - 1, 0) / total, most=share.most)
                yield (
                    f"{group}.{kind}.least",
                    share_name(kind, share.least, "least", session=session),
                    _with(problem, group, place, looser),
                    points,
                )
            if share.most < 1 and most[place] == counts[place]:
                top = min((before[kind] + most[place] + 1) / total, 1.0)
                looser = Share(least=min(share.least, top), most=top)
                yield (
                    f"{group}.{kind}.most",
                    share_name(kind, share.most, "most", session=session),
                    _with(problem, group, place, looser),
                    points,
                )
    for kind in KINDS:
        if gap := policy.gap.get(kind, 0):
            wider = replace(policy, gap={**policy.gap, kind: gap - 1})
            yield f"gap.{kind}", gap_name(kind), structs.replace(problem, policy=wider), 1.0
    highest = problem.board(asked).highest(page.places)
    for field, cap, held in zip(CAPS, asked.caps.tolist(), highest, strict=True):
        if held >= cap:
            more: MixPolicy = replace(policy, **{field: cap + 1})
            yield field, cap_name(field, cap), structs.replace(problem, policy=more), 1.0
    for slot, place in problem.kept_pins:
        pins = tuple(pin for pin in problem.pins if pin != (slot, place))
        yield f"pins.{slot}", pin_name(slot), structs.replace(problem, pins=pins), 1.0


def _with(problem: Problem, group: str, place: int, share: Share) -> Problem:
    policy = problem.policy
    if group == "shares":
        changed = replace(policy, shares={**policy.shares, KINDS[place]: share})
    else:
        changed = replace(policy, session_shares={**policy.session_shares, KINDS[place]: share})
    return structs.replace(problem, policy=changed)
