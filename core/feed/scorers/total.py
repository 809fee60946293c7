"""The one score that the page is made by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from core.domain.ids import DAY, Millis
from core.domain.mix import DEFAULT_WEIGHTS
from core.feed.query import FeedQuery
from core.feed.scorers.again import rank_again
from core.pipeline.candidates import Candidates


@dataclass(frozen=True, slots=True)
class Total:
    """`score` = engagement × reputation × freshness + weight · business + weight · campaign.

    `reputation` is the multiplier of the post's publisher, .5 to 1; engagement below 0 is divided by it, so that a bad name never
    helps. Freshness falls from 1 to `floor` with half-life `half_life`. What comes again (source bit `again`) ranks below
    everything new, the longest ago first.
    """

    again: int
    floor: float = 0.6
    half_life: Millis = 7 * DAY

    def score(self, query: FeedQuery, candidates: Candidates) -> Candidates:
        """Writes `reputation`, `freshness` and `score`."""
        index, weights = query.index, query.policy.weights
        (reputation, freshness, score), comes_again = _totals(
            candidates.rows,
            candidates.sources,
            np.uint32(self.again),
            index.published_at,
            index.reputation,
            candidates["engagement"],
            candidates["business"],
            candidates["campaign"],
            (
                float(query.now),
                self.floor,
                float(self.half_life),
                float(weights.get("business", DEFAULT_WEIGHTS["business"])),
                float(weights.get("campaign", DEFAULT_WEIGHTS["campaign"])),
            ),
        )
        if comes_again:
            rank_again(query, candidates, self.again, score)
        return candidates.scored(reputation=reputation, freshness=freshness, score=score)


@njit(cache=True, nogil=True)
def _totals(  # type: ignore[no-untyped-def]
    rows, sources, again, published_at, reputations, engagement, business, campaign, told
):
    """(3, n) reputation, freshness and score, and whether any comes `again`; `told` are now, the floor, the half-life and the two
    weights."""
    now, floor, half_life, margin, bonus = told
    any_of = np.uint32(0)
    found = np.empty((3, len(rows)))
    for at in range(len(rows)):
        reputation = np.float64(reputations[rows[at]])
        freshness = floor + (1 - floor) * np.exp2(-max(now - published_at[rows[at]], 0.0) / half_life)
        exposed = engagement[at] * reputation if engagement[at] >= 0 else engagement[at] / reputation
        any_of |= sources[at] & again
        found[0, at] = reputation
        found[1, at] = freshness
        found[2, at] = exposed * freshness + margin * business[at] + bonus * campaign[at]
    return found, any_of != 0
