"""What everybody watches now."""

from __future__ import annotations

from dataclasses import dataclass

from core.feed.query import FeedQuery
from core.feed.trends import trends_of
from core.pipeline.candidates import Proposal


@dataclass(frozen=True, slots=True)
class Trending:
    """The posts with the highest decayed counters, as the live store keeps them."""

    most: int = 100

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, the hottest first."""
        return Proposal(*query.gate.sifted(trends_of(query.index, query.trending).rows, self.most))
