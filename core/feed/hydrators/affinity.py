"""How near each candidate is to what the viewer has shown to like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates, FloatArray, IntArray


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
        trend = _looked_up(index.number[rows], index.numbers_of(list(query.trending)), query)
        return candidates.scored(
            **{
                "tag affinity": tags,
                "publisher affinity": query.publisher_affinity(rows),
                "followed": np.isin(index.publisher[rows], followed).astype(np.float64),
                "trend": trend,
            }
        )


def _looked_up(wanted: IntArray, numbers: IntArray, query: FeedQuery) -> FloatArray:
    """The trend of each wanted post number; `numbers` are those of the trending posts that the index knows."""
    if not len(numbers):
        return np.zeros(len(wanted))
    known, end = query.index.known, len(query.index.row_of)
    values = np.array([value for id, value in query.trending.items() if known.get(id, end) < end])
    order = np.argsort(numbers)
    numbers, values = numbers[order], values[order]
    places = np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)
    return np.where(numbers[places] == wanted, values[places], 0.0)
