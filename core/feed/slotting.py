"""From scored candidates to a page: the exact best order under the mix, exploration slots, and the rule behind each slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.mix import MixPolicy
from core.feed.exploration import draw, slots_to_explore, thompson, weakest_slots
from core.feed.index import KINDS
from core.feed.mix import Problem, best_page
from core.feed.prices import prices
from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates, FloatArray, Selection

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
        ranked = candidates.at(np.argsort(-candidates["score"], kind="stable"))
        size = min(query.size, len(ranked))
        problem = self.problem(query, ranked)
        mixed = best_page(problem)
        page = mixed.places.copy()
        rules, displaced = _rules(query, ranked, page, size)
        propensities = np.ones(size)
        self._try_new(query, ranked, page, rules, displaced, propensities)
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
        )

    def problem(self, query: FeedQuery, ranked: Candidates) -> Problem:
        """The mix's problem for candidates ranked by score."""
        index = query.index
        return Problem(
            scores=ranked["score"],
            kinds=index.kind[ranked.rows].astype(np.int64),
            publishers=index.publisher[ranked.rows].astype(np.int64),
            new=(ranked.sources & self.again) == 0,
            size=query.size,
            policy=query.policy,
        )

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
        outside = np.ones(len(ranked), np.bool_)
        outside[page] = False
        pool = np.flatnonzero(outside & ((ranked.sources & (self.fresh | self.again)) == self.fresh))
        count, chance = slots_to_explore(size, self.explore)
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
