"""New posts that few have seen: the pool of exploration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.ids import DAY, Millis
from core.feed.query import FeedQuery
from core.pipeline.candidates import BoolArray, IntArray, Proposal


@dataclass(frozen=True, slots=True)
class Fresh:
    """The newest posts with fewer than `impressions` impressions and no older than `age`.

    Which of them are tried is drawn by the selector, with known chances.
    """

    most: int = 48
    impressions: int = 100
    age: Millis = 14 * DAY

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, newest first."""
        index = query.index

        def untried(rows: IntArray) -> BoolArray:
            return query.fit(rows) & (index.impressions[rows] < self.impressions)

        rows, passed = index.newest.take([0], self.most, untried, index.size)
        young = query.now - index.published_at[rows] <= self.age
        return Proposal(
            rows[young], query.passed_over(passed[query.unfit(passed)] if len(passed) else np.empty(0, np.int32))
        )
