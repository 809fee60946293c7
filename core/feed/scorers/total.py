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
    """`score` = engagement × freshness + weight · business.

    Freshness falls from 1 to `floor` with half-life `half_life`. What comes again (source bit `again`) ranks below everything
    new, the longest ago first.
    """

    again: int
    floor: float = 0.6
    half_life: Millis = 7 * DAY

    def score(self, query: FeedQuery, candidates: Candidates) -> Candidates:
        """Writes `freshness` and `score`."""
        index, rows = query.index, candidates.rows
        age = np.maximum(query.now - index.published_at[rows], 0)
        freshness = self.floor + (1 - self.floor) * 0.5 ** (age / self.half_life)
        business = query.policy.weights.get("business", DEFAULT_WEIGHTS["business"])
        score = candidates["engagement"] * freshness + business * candidates["business"]
        old = (candidates.sources & self.again) != 0
        if old.any():
            order = {int(number): place for place, number in enumerate(index.numbers_of(query.viewer.seen))}
            places = np.array([order.get(int(number), 0) for number in index.number[rows[old]]], np.float64)
            score[old] = -AGAIN - places
        return candidates.scored(freshness=freshness, score=score)


AGAIN = 1_000.0
"""Scores below −AGAIN mark posts that come again."""
