"""What a post earns, kept apart from engagement so that its price can be told."""

from __future__ import annotations

from dataclasses import dataclass

from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates


@dataclass(frozen=True, slots=True)
class BusinessValue:
    """`business`: chance of an order × margin of the best linked product in stock, in major currency units."""

    def score(self, query: FeedQuery, candidates: Candidates) -> Candidates:
        """Writes `business`."""
        return candidates.scored(business=candidates["order"] * query.index.value[candidates.rows])
