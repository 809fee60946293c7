"""How near each candidate is to what the viewer has shown to like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from core.feed.query import FeedQuery
from core.feed.trends import trends_of
from core.pipeline.candidates import Candidates


@dataclass(frozen=True, slots=True)
class Affinity:
    """Writes `tag affinity`, `publisher affinity`, `followed` and `trend`.

    Tag affinity is the sum over a post's tags, less that of a usual post, divided by √tags, so that a post does not win by wearing
    many, nor by tags that most posts wear; 0 for a post without tags. All of it as of now.
    """

    def hydrate(self, query: FeedQuery, candidates: Candidates) -> Candidates:
        """The same rows with four more columns."""
        index = query.index
        followed = sorted([number for number in index.publishers.find_all(query.viewer.follows) if number >= 0])
        trends = trends_of(index, query.trending)
        tags, publisher, follows, trend = _affinities(
            candidates.rows,
            index.tag_flat,
            index.tag_starts,
            index.tag_counts,
            index.publisher,
            index.number,
            query.tags,
            query.usual_tags,
            query.publishers,
            np.array(followed, np.int32),
            trends.numbers,
            trends.values,
            trends.bits,
        )
        return candidates.scored(
            **{"tag affinity": tags, "publisher affinity": publisher, "followed": follows, "trend": trend}
        )


@njit(cache=True, nogil=True)
def _affinities(  # type: ignore[no-untyped-def]
    rows, tag_flat, tag_starts, tag_counts, publisher, number, tags, usual, publishers, followed, trending, trends, bits
):
    """(4, n): by tags, by publisher, 1 where the publisher is followed, trend. `followed` and `trending` ascend, `bits` are of
    Trends."""
    found = np.zeros((4, len(rows)))
    for at in range(len(rows)):
        row = rows[at]
        count = tag_counts[row]
        total = 0.0
        for place in range(tag_starts[row], tag_starts[row] + count):
            if tag_flat[place] < len(tags):
                total += tags[tag_flat[place]]
        if count:
            found[0, at] = (total - usual) / np.sqrt(count)
        own = publisher[row]
        if own < len(publishers):
            found[1, at] = publishers[own]
        if len(followed):
            place = np.searchsorted(followed, own)
            found[2, at] = place < len(followed) and followed[place] == own
        post = number[row]
        if post >> 3 < len(bits) and bits[post >> 3] >> (post & 7) & 1:
            found[3, at] = trends[np.searchsorted(trending, post)]
    return found
