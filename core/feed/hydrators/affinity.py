"""How near each candidate is to what the viewer has shown to like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates


@dataclass(frozen=True, slots=True)
class Affinity:
    """Writes `tag affinity`, `publisher affinity`, `followed` and `trend`.

    Tag affinity is the sum over a post's tags divided by √tags, so that a post does not win by wearing many. All of it as of now.
    """

    def hydrate(self, query: FeedQuery, candidates: Candidates) -> Candidates:
        """The same rows with four more columns."""
        index, rows = query.index, candidates.rows
        tags = index.tag_sums(rows, query.tags) if len(query.tags) else np.zeros(len(rows))
        tags /= np.sqrt(np.maximum(index.tag_counts[rows], 1))
        followed = [number for name in query.viewer.follows if (number := index.publishers.find(name)) >= 0]
        trend = np.zeros(len(rows))
        if query.trending:
            by_number = {index.known.get(id, -1): value for id, value in query.trending.items()}
            trend = np.array([by_number.get(int(number), 0.0) for number in index.number[rows]])
        return candidates.scored(
            **{
                "tag affinity": tags,
                "publisher affinity": query.publisher_affinity(rows),
                "followed": np.isin(index.publisher[rows], followed).astype(np.float64),
                "trend": trend,
            }
        )
