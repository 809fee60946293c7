"""More publishers: asked when those that the other sources found are too few for the rules of the mix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.feed.index import ALL_KINDS, KINDS
from core.feed.query import FeedQuery
from core.pipeline.candidates import IntArray, Proposal
from core.pipeline.ranking import times_before


@dataclass(frozen=True, slots=True)
class Others:
    """The best posts of every kind, of each publisher as many as a page may show.

    It looks `deep` into what is best of a kind and takes up to `most`. Where the shop has too few publishers to fill a page by the
    rules it proposes nothing, since more posts of the same ones would not help.
    """

    most: int = 100
    deep: int = 1_000

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, kind by kind, best first."""
        if self.of_no_use(query):
            return Proposal(np.empty(0, np.int32))
        publisher, each = query.index.publisher, query.policy.per_publisher
        found = [self.varied(self.best(query, kind), publisher, each) for kind in range(len(KINDS))]
        return Proposal(np.concatenate(found))

    def of_no_use(self, query: FeedQuery) -> bool:
        """Whether the shop has too few publishers to fill the page by the rules."""
        return query.policy.per_publisher * len(query.index.publishers) < query.size

    def best(self, query: FeedQuery, kind: int) -> IntArray:
        """The rows of this kind that it looks at, best first."""
        return query.index.by_kind.take(ALL_KINDS[kind : kind + 1], self.deep, query.gate, query.index.size)[0]

    def varied(self, rows: IntArray, publisher: NDArray[np.int32], each: int) -> IntArray:
        """The first `most` of these rows, best first, with up to `each` of a publisher."""
        return rows[times_before(publisher[rows]) < each][: self.most]
