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
        follows = np.zeros(len(index.publishers), np.float64)
        follows[[number for name in query.viewer.follows if (number := index.publishers.find(name)) >= 0]] = 1.0
        return candidates.scored(
            **{
                "tag affinity": tags,
                "publisher affinity": query.publisher_affinity(rows),
                "followed": follows[index.publisher[rows]],
                "trend": _trend(index.number[rows], query),
            }
        )


def _trend(wanted: IntArray, query: FeedQuery) -> FloatArray:
    """The trend of each wanted post number, 0 for posts that are not trending."""
    known, end = query.index.known, len(query.index.row_of)
    found = sorted((number, value) for id, value in query.trending.items() if (number := known.get(id, end)) < end)
    if not found:
        return np.zeros(len(wanted))
    numbers, values = np.array([number for number, _ in found]), np.array([value for _, value in found])
    places = np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)
    return np.where(numbers[places] == wanted, values[places], 0.0)
