"""From scored candidates to a page: the best order under the mix, exploration slots, and the rule behind each slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.domain.mix import CAPS, MixPolicy
from core.domain.mix_rules import cap_name, gap_name, pin_name, share_name
from core.feed.exploration import tried_out
from core.feed.index import KINDS
from core.feed.mix import MixedPage, Problem, best_page
from core.feed.mix_asked import Asked
from core.feed.prices import prices
from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates, IntArray, Selection
from core.pipeline.ranking import best_first

EXPLORED = "exploration"
BEST = "best score"
PINNED = "pin at"
Places = NDArray[np.int64]


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
        """The page in slot order."""
        if not len(candidates):
            return Selection(candidates, (), np.ones(0))
        order = best_first(candidates["score"])
        problem, fresh = self._posed(query, candidates, order)
        mixed = best_page(problem)
        rules, displaced = _rules(problem, mixed)
        rows = candidates.rows[order]
        page, propensities, tried = tried_out(problem, mixed, fresh, query.policy.explore, query.index, rows, query.rng)
        for slot, instead_of in tried.items():
            rules[slot], displaced[slot] = EXPLORED, instead_of
        return Selection(
            page=candidates.at(order[page]),
            rules=tuple(rules),
            propensities=propensities,
            displaced=tuple([int(rows[place]) if place >= 0 else -1 for place in displaced]),
            notes=mixed.notes,
            prices=prices(problem, mixed) if query.priced else {},
            relaxed=mixed.relaxed,
            lacking=mixed.lacking,
        )

    def _posed(self, query: FeedQuery, candidates: Candidates, order: Places) -> tuple[Problem, Places]:
        """The mix's problem for candidates in the `order` of their scores, and the places in it of the new posts that have never
        been served to this viewer."""
        index = query.index
        scores, kinds, names, new, fresh, counts = _columns(
            order,
            candidates.rows,
            candidates.sources,
            candidates["score"],
            index.kind,
            index.publisher,
            index.brand,
            index.topic,
            np.uint32(self.again),
            np.uint32(self.fresh),
        )
        problem = Problem(
            scores=scores,
            kinds=kinds,
            publishers=names[0],
            brands=names[1],
            topics=names[2],
            new=new,
            size=query.size,
            policy=query.policy,
            pins=_pins(query, candidates.rows[order]) if query.policy.pins else (),
            session=query.session,
            groups=names,
            counts=counts.tolist(),
        )
        return problem, fresh


def _pins(query: FeedQuery, rows: IntArray) -> tuple[tuple[int, int], ...]:
    """(slot, place) of the pinned posts among the candidates, on the first page of a session."""
    if query.session.slots:
        return ()
    found = []
    for pin in query.policy.pins:
        row = query.index.row(pin.post)
        place = np.flatnonzero(rows == row)
        if row >= 0 and len(place) and not query.seen(rows[place]).any():
            found.append((pin.position, int(place[0])))
    return tuple(found)


def _rules(problem: Problem, mixed: MixedPage) -> tuple[list[str], list[int]]:
    """Per slot the rule that placed the post and the place in the ranking of the better post it displaced, −1 for none.

    Compared with the page of the best scores: each post that is on the page only because of a rule stands against one that
    would be there without rules.
    """
    page = mixed.places
    displaced, full = _against(page, problem.names, problem.asked.caps)
    kinds = problem.kinds
    counts = np.bincount(kinds[page], minlength=len(KINDS)).tolist()
    rules, instead_of = [BEST] * len(page), displaced.tolist()
    known: dict[tuple[int, int, int], str] = {}
    why = zip(kinds[page].tolist(), kinds[displaced].tolist(), full.tolist(), strict=True)
    for slot, (cut, key) in enumerate(zip(instead_of, why, strict=True)):
        if cut >= 0:
            if key not in known:
                known[key] = _rule_of(problem, counts, *key)
            rules[slot] = known[key]
    for slot, place in problem.kept_pins:
        if page[slot] == place:
            rules[slot] = pin_name(slot)
    return rules, instead_of


def _rule_of(problem: Problem, counts: list[int], kind: int, cut: int, full: int) -> str:
    """The same as `_rule`, in words that are kept: pages of one policy ask for the same few."""
    asked = problem.asked
    session: tuple[int, ...] = ()
    if problem.policy.session_shares:
        least, most = asked.in_session
        session = (least[kind], most[cut])

    def words() -> str:
        return _rule(problem.policy, asked, counts, kind, cut, [bool(full >> dim & 1) for dim in range(len(CAPS))])

    return asked.standing.once(("rule", kind, cut, counts[kind], counts[cut], full, session), words)


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


@njit(cache=True, nogil=True)
def _columns(order, rows, sources, scores, kind, publisher, brand, topic, again, fresh):  # type: ignore[no-untyped-def]
    """Scores (n,), kinds (n,), publishers, brands and topics (3, n), and what is new (n,), in this order; the places (m,) of
    what is `fresh` and does not come again; and how many there are of each kind."""
    count, counts = len(order), np.zeros(len(KINDS), np.int64)
    ranked, kinds = np.empty(count), np.empty(count, np.int64)
    names, new = np.empty((3, count), np.int64), np.empty(count, np.bool_)
    untried, found = np.empty(count, np.int64), 0
    for place in range(count):
        at = order[place]
        row = rows[at]
        ranked[place], kinds[place], new[place] = scores[at], kind[row], sources[at] & again == 0
        counts[kind[row]] += 1
        names[0, place], names[1, place], names[2, place] = publisher[row], brand[row], topic[row]
        if new[place] and sources[at] & fresh:
            untried[found] = place
            found += 1
    return ranked, kinds, names, new, untried[:found].copy(), counts


@njit(cache=True, nogil=True)
def _against(page, names, caps):  # type: ignore[no-untyped-def]
    """Per slot the place that the page of the best scores would have instead, −1 for none, and its groups at their caps as bits.

    The worst of the page that the best scores alone would not show stand against the best that the page leaves out.
    """
    size = len(page)
    on = np.zeros(size, np.bool_)
    for place in page:
        if place < size:
            on[place] = True
    displaced, full = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    before, cut = -1, -1
    while True:
        # The next better of what stands on the page only because of a rule.
        slot = -1
        for one in range(size):
            if page[one] >= size and page[one] > before and (slot < 0 or page[one] < page[slot]):
                slot = one
        if slot < 0:
            break
        before = page[slot]
        cut += 1
        while on[cut]:
            cut += 1
        displaced[slot] = cut
        for dim in range(len(caps)):
            held, own = 0, names[dim, cut]
            for other in page:
                held += own >= 0 and names[dim, other] == own
            if held >= caps[dim]:
                full[slot] |= 1 << dim
    return displaced, full
