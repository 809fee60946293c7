"""The one score that the page is made by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.ids import DAY, Millis
from core.feed.actions import DEFAULT_WEIGHTS
from core.feed.query import FeedQuery
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
        index, rows = query.index, candidates.rows
        age = np.maximum(query.now - index.published_at[rows], 0)
        freshness = self.floor + (1 - self.floor) * 0.5 ** (age / self.half_life)
        business = query.policy.weights.get("business", DEFAULT_WEIGHTS["business"])
        engagement, reputation = candidates["engagement"], index.reputation[rows].astype(np.float64)
        exposed = np.where(engagement >= 0, engagement * reputation, engagement / reputation)
        score = exposed * freshness + business * candidates["business"]
        if "campaign" in candidates.scores:
            score += query.policy.weights.get("campaign", DEFAULT_WEIGHTS["campaign"]) * candidates["campaign"]
        old = (candidates.sources & self.again) != 0
        if old.any():
            order = {int(number): place for place, number in enumerate(index.numbers_of(query.viewer.seen))}
            places = np.array([order.get(int(number), 0) for number in index.number[rows[old]]], np.float64)
            score[old] = -AGAIN - places
        return candidates.scored(reputation=reputation, freshness=freshness, score=score)


AGAIN = 1_000.0
"""Scores below −AGAIN mark posts that come again."""
