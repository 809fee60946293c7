"""From scored candidates to a page: the exact best order under the mix, exploration slots, and the rule behind each slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.mix import MixPolicy
from core.feed.exploration import draw, slots_to_explore, thompson, weakest_slots
from core.feed.index import KINDS
from core.feed.mix_bounds import Bounds, bounds
from core.feed.mix_solver import solve
from core.feed.query import FeedQuery
from core.pipeline.candidates import BoolArray, Candidates, FloatArray, Selection

ATTENTION = 0.97
"""Each slot is looked at by this share of the viewers who looked at the one before."""

RESERVE = 40


@dataclass(frozen=True, slots=True)
class Slotting:
    """Choose and order the page.

    1. Per publisher at most `per_publisher` posts (the best of each; the cap rises only if the page could not be filled).
    2. Shares become whole slots (`mix_bounds`); the best sequence under shares and gaps is computed exactly (`mix_solver`).
    3. `explore` of the slots try a new post (source bit `fresh`) in place of the weakest post of the same kind, so every rule still
       holds and its propensity is known exactly. All other slots are certain given the request: propensity 1, or the chance
       that the slot was not explored.

    What comes again (source bit `again`) is placed only after everything new.
    """

    fresh: int
    again: int
    explore: float = 0.1

    def select(self, query: FeedQuery, candidates: Candidates) -> Selection:
        """The page in slot order, and the best of the rest."""
        if not len(candidates):
            return Selection(candidates, candidates, (), np.ones(0))
        size = min(query.size, len(candidates))
        order = np.argsort(-candidates["score"], kind="stable")
        ranked = candidates.at(order)
        page, notes = self._best_page(query, ranked, size)
        rules, displaced = _rules(query, ranked, page, size)
        propensities = np.ones(size)
        self._try_new(query, ranked, page, rules, displaced, propensities)
        rest = np.setdiff1d(np.arange(len(ranked)), page)[:RESERVE]
        rows = tuple(int(ranked.rows[place]) if place >= 0 else -1 for place in displaced)
        return Selection(ranked.at(page), ranked.at(rest), tuple(rules), propensities, rows, notes)

    def _best_page(self, query: FeedQuery, ranked: Candidates, size: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Places in `ranked`, in slot order."""
        index = query.index
        kinds, publishers = index.kind[ranked.rows].astype(np.int64), index.publisher[ranked.rows]
        new = (ranked.sources & self.again) == 0
        cap = query.policy.per_publisher
        usable, raised = _capped(publishers, kinds, cap, size)
        notes: list[str] = []
        if raised > cap:
            notes.append(
                f"One publisher may have {raised} instead of {cap} posts, because too few others can be shown."
            )
        attention: FloatArray = np.power(ATTENTION, np.arange(size, dtype=np.float64))
        gaps = [query.policy.gap.get(kind, 0) for kind in KINDS]
        banned = ~usable
        # A publisher with posts of several kinds can exceed the cap; the weakest extra post is banned and the page made again.
        for _ in range(4 * size):
            lists = [np.flatnonzero((kinds == kind) & ~banned) for kind in range(len(KINDS))]
            limits = _limits(query.policy, size, lists, new)
            solution = solve([ranked["score"][one[:size]] for one in lists], limits.least, limits.most, gaps, attention)
            page = _places(solution.kinds, lists)
            over = _over_cap(publishers[page], raised)
            if over < 0 or np.count_nonzero(~banned) <= size:
                break
            banned[page[publishers[page] == over].max()] = True
        if solution.broken:
            notes.append(
                f"{solution.broken} gap{'s' * (solution.broken > 1)} between posts of one kind could not be kept."
            )
        return page, (*notes, *limits.notes)

    def _try_new(
        self,
        query: FeedQuery,
        ranked: Candidates,
        page: NDArray[np.int64],
        rules: list[str],
        displaced: list[int],
        propensities: FloatArray,
    ) -> None:
        """Put drawn new posts into the weakest slots of their kind; changes the four last arguments in place."""
        index, size = query.index, len(page)
        pool = np.setdiff1d(np.flatnonzero((ranked.sources & self.fresh) != 0), page)
        count, chance = slots_to_explore(size, self.explore)
        pool = pool[(ranked.sources[pool] & self.again) == 0]
        if not count or not len(pool):
            return
        kinds, publishers = index.kind[ranked.rows], index.publisher[ranked.rows]
        allowed = np.isin(kinds[page], kinds[pool])
        for slot in weakest_slots(ranked["score"][page], count, allowed):
            arms = pool[kinds[pool] == kinds[page[slot]]]
            held = np.delete(page, slot)
            full = [
                one
                for one in np.unique(publishers[held])
                if (publishers[held] == one).sum() >= query.policy.per_publisher
            ]
            arms = arms[~np.isin(publishers[arms], full)]
            if not len(arms):
                continue
            if query.rng.random() >= chance:
                propensities[slot] = 1 - chance
                continue
            rows = ranked.rows[arms]
            mean = float(index.rates[rows, 0].mean())
            likes, seen = index.likes[rows].astype(np.float64), index.impressions[rows].astype(np.float64)
            chances = thompson(likes, seen, mean, query.rng)
            chosen = draw(chances, query.rng)
            displaced[slot], page[slot] = int(page[slot]), int(arms[chosen])
            rules[slot] = EXPLORED
            propensities[slot] = chance * chances[chosen]
            pool = pool[pool != arms[chosen]]


EXPLORED = "exploration"
BEST = "best score"


def _capped(publishers: NDArray[np.int32], kinds: NDArray[np.int64], cap: int, size: int) -> tuple[BoolArray, int]:
    """Which of the ranked candidates can be on the page at all, and the cap that it takes to fill `size` slots.

    No page needs more than a publisher's best `cap` posts of one kind.
    """
    overall = _place_within(publishers)
    while np.count_nonzero(overall < cap) < size:
        cap += 1
    return _place_within(publishers.astype(np.int64) * len(KINDS) + kinds) < cap, cap


def _place_within(groups: NDArray[np.int64] | NDArray[np.int32]) -> NDArray[np.int64]:
    """How many earlier elements belong to the same group."""
    order = np.argsort(groups, kind="stable")
    grouped = groups[order]
    starts = np.flatnonzero(np.concatenate(([True], grouped[1:] != grouped[:-1])))
    place = np.empty(len(groups), np.int64)
    place[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.concatenate((starts, [len(order)]))))
    return place


def _limits(policy: MixPolicy, size: int, lists: list[NDArray[np.int64]], new: BoolArray) -> Bounds:
    """Slots per kind; while anything new is left, it goes before what comes again."""
    available = [len(one) for one in lists]
    unseen = [int(np.count_nonzero(new[one])) for one in lists]
    must = unseen if sum(unseen) < size and sum(unseen) < sum(available) else None
    return bounds(policy, size, available, must)


def _places(kinds: NDArray[np.int8], lists: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    taken = [0] * len(lists)
    page = np.empty(len(kinds), np.int64)
    for slot, kind in enumerate(kinds):
        page[slot] = lists[kind][taken[kind]]
        taken[kind] += 1
    return page


def _over_cap(publishers: NDArray[np.int32], cap: int) -> int:
    """A publisher with more than `cap` posts on the page, -1 if there is none."""
    names, counts = np.unique(publishers, return_counts=True)
    return int(names[counts.argmax()]) if counts.max() > cap else -1


def _rules(query: FeedQuery, ranked: Candidates, page: NDArray[np.int64], size: int) -> tuple[list[str], list[int]]:
    """Per slot the rule that placed the post and the place in `ranked` of the better post it displaced, -1 for none.

    Compared with the page of the best scores: each post that is on the page only because of a rule stands against one that
    would be there without rules.
    """
    kinds = query.index.kind[ranked.rows]
    extra = np.sort(page[page >= size])
    cut = np.setdiff1d(np.arange(size), page)
    counts = np.bincount(kinds[page], minlength=len(KINDS))
    against = dict(zip(extra.tolist(), cut.tolist(), strict=True))
    rules, displaced = [], []
    for place in page.tolist():
        better = against.get(place, -1)
        displaced.append(better)
        rules.append(BEST if better < 0 else _rule(query.policy, int(kinds[place]), int(kinds[better]), counts, size))
    return rules, displaced


def _rule(policy: MixPolicy, kind: int, cut: int, counts: NDArray[np.int64], size: int) -> str:
    """The rule by which a post of `kind` stands where one of kind `cut` had a better score."""
    mine, theirs = policy.shares.get(KINDS[kind]), policy.shares.get(KINDS[cut])
    if kind != cut and mine is not None and mine.least > 0 and counts[kind] <= np.ceil(mine.least * size - 1e-9):
        return f"{KINDS[kind].label} at least {mine.least:.0%}"
    if kind != cut and theirs is not None and theirs.most < 1 and counts[cut] >= np.floor(theirs.most * size + 1e-9):
        return f"{KINDS[cut].label} at most {theirs.most:.0%}"
    if kind == cut:
        return f"at most {policy.per_publisher} posts of one publisher"
    return f"gap between {KINDS[cut].label} posts" if policy.gap.get(KINDS[cut], 0) else "mix of kinds"
