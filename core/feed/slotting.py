"""From scored candidates to a page: the best order under the mix, exploration slots, and the rule behind each slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.mix import MixPolicy
from core.domain.mix_rules import CAPS, cap_name, gap_name, pin_name, share_name
from core.feed.exploration import tried_out
from core.feed.index import KINDS
from core.feed.mix import MixedPage, Problem, best_page
from core.feed.mix_asked import Asked
from core.feed.prices import prices
from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates, Selection

RESERVE = 40
EXPLORED = "exploration"
BEST = "best score"
PINNED = "pin at"


@dataclass(frozen=True, slots=True)
class Slotting:
    """Choose and order the page.

    1. The page of the highest value that keeps shares (of the page and of the session), gaps, pins, and the caps on publishers,
       brands and topics; or the best one under the least relaxation of these, which is told (`core.feed.mix`).
    2. `explore` of the slots, as the policy says, try a new post (source bit `fresh`) in place of the weakest post of the same
       kind, so every rule still holds and its propensity is known exactly. All other slots are certain given the request:
       propensity 1, or the chance that the slot was not explored.

    What comes again (source bit `again`) is placed only after everything new.
    """

    fresh: int
    again: int

    def select(self, query: FeedQuery, candidates: Candidates) -> Selection:
        """The page in slot order, and the best of the rest."""
        if not len(candidates):
            return Selection(candidates, candidates, (), np.ones(0))
        ranked = candidates.at(np.argsort(-candidates["score"], kind="stable"))
        problem = self.problem(query, ranked)
        mixed = best_page(problem)
        rules, displaced = _rules(problem, mixed)
        pool = np.flatnonzero((ranked.sources & (self.fresh | self.again)) == self.fresh)
        page, propensities, tried = tried_out(
            problem, mixed, pool, query.policy.explore, query.index, ranked, query.rng
        )
        for slot, instead_of in tried.items():
            rules[slot], displaced[slot] = EXPLORED, instead_of
        rest = np.ones(len(ranked), np.bool_)
        rest[page] = False
        rows = tuple(int(ranked.rows[place]) if place >= 0 else -1 for place in displaced)
        return Selection(
            page=ranked.at(page),
            reserve=ranked.at(np.flatnonzero(rest)[:RESERVE]),
            rules=tuple(rules),
            propensities=propensities,
            displaced=rows,
            notes=mixed.notes,
            prices=prices(problem, mixed) if query.priced else {},
            relaxed=mixed.relaxed,
        )

    def problem(self, query: FeedQuery, ranked: Candidates) -> Problem:
        """The mix's problem for candidates ranked by score."""
        index, rows = query.index, ranked.rows
        return Problem(
            scores=ranked["score"],
            kinds=index.kind[rows].astype(np.int64),
            publishers=index.publisher[rows].astype(np.int64),
            brands=index.brand[rows].astype(np.int64),
            topics=index.topic[rows].astype(np.int64),
            new=(ranked.sources & self.again) == 0,
            size=query.size,
            policy=query.policy,
            pins=_pins(query, ranked),
            session=query.session,
        )


def _pins(query: FeedQuery, ranked: Candidates) -> tuple[tuple[int, int], ...]:
    """(slot, place) of the pinned posts among the candidates, on the first page of a session."""
    if not query.policy.pins or query.session.slots:
        return ()
    found = []
    for pin in query.policy.pins:
        row = query.index.row(pin.post)
        place = np.flatnonzero(ranked.rows == row)
        if row >= 0 and len(place) and not query.seen(ranked.rows[place]).any():
            found.append((pin.position, int(place[0])))
    return tuple(found)


def _rules(problem: Problem, mixed: MixedPage) -> tuple[list[str], list[int]]:
    """Per slot the rule that placed the post and the place in the ranking of the better post it displaced, −1 for none.

    Compared with the page of the best scores: each post that is on the page only because of a rule stands against one that
    would be there without rules.
    """
    page, size = mixed.places, len(mixed.places)
    on = np.zeros(len(problem.scores), np.bool_)
    on[page] = True
    cut, extra = np.flatnonzero(~on[:size]), size + np.flatnonzero(on[size:])
    asked, names = Asked(problem.policy, size, problem.session), problem.names
    counts = np.bincount(problem.kinds[page], minlength=len(KINDS)).tolist()
    groups = names[:, cut, None]
    full = ((groups == names[:, None, page]) & (groups >= 0)).sum(axis=2) >= asked.caps[:, None]
    against = {int(place): number for number, place in enumerate(extra)}
    pinned = dict(problem.kept_pins)
    rules, displaced = [], []
    for slot, place in enumerate(page.tolist()):
        number = against.get(place, -1)
        better = int(cut[number]) if number >= 0 else -1
        displaced.append(better)
        if pinned.get(slot) == place:
            rules.append(pin_name(slot))
        elif better < 0:
            rules.append(BEST)
        else:
            kinds = int(problem.kinds[place]), int(problem.kinds[better])
            rules.append(_rule(problem.policy, asked, counts, *kinds, full[:, number].tolist()))
    return rules, displaced


def _rule(policy: MixPolicy, asked: Asked, counts: list[int], kind: int, cut: int, full: list[bool]) -> str:
    """The rule by which a post of `kind` stands where one of kind `cut` had a higher score.

    `full` (3,) says whether the other's publisher, brand and topic are at their caps.
    """
    capped = next(
        (cap_name(field, cap) for field, cap, at_cap in zip(CAPS, asked.caps.tolist(), full, strict=True) if at_cap), ""
    )
    if kind == cut:
        return capped or "mix of kinds"
    for group, (least, most) in (("shares", asked.page), ("session_shares", asked.in_session)):
        mine, theirs = (getattr(policy, group).get(KINDS[one]) for one in (kind, cut))
        session = group == "session_shares"
        if mine is not None and 0 < counts[kind] <= least[kind]:
            return share_name(KINDS[kind], mine.least, "least", session=session)
        if theirs is not None and theirs.most < 1 and counts[cut] >= most[cut]:
            return share_name(KINDS[cut], theirs.most, "most", session=session)
    if capped:
        return capped
    return gap_name(KINDS[cut]) if asked.gaps[cut] else "mix of kinds"
