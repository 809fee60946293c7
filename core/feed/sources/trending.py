"""What everybody watches now."""

from __future__ import annotations

from dataclasses import dataclass

from core.feed.query import FeedQuery
from core.pipeline.candidates import Proposal


@dataclass(frozen=True, slots=True)
class Trending:
    """The posts with the highest decayed counters, as the live store keeps them."""

    most: int = 100

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, the hottest first."""
        rows = query.index.rows_of(list(query.trending))
        unfit = query.unfit(rows)
        return Proposal(rows[~unfit][: self.most], query.passed_over(rows[unfit]))
