"""More publishers: asked when those that the other sources found are too few for the rules of the mix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.index import ALL_KINDS
from core.feed.query import FeedQuery
from core.pipeline.candidates import Proposal
from core.pipeline.ranking import times_before


@dataclass(frozen=True, slots=True)
class Others:
    """The best posts of every kind, a few of each publisher: as many as a page may show, or `each` if that is not limited.

    It looks `deep` into what is best of a kind and takes up to `most`. Where the shop has too few publishers to fill a page by the
    rules it proposes nothing, since more posts of the same ones would not help.
    """

    each: int = 3
    most: int = 100
    deep: int = 1_000

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, kind by kind, best first."""
        index, cap = query.index, query.policy.per_publisher
        if cap is not None and cap * len(index.publishers) < query.size:
            return Proposal(np.empty(0, np.int32))
        found = [index.by_kind.take(kind, self.deep, query.gate, index.size)[0] for kind in ALL_KINDS[:, None]]
        each = cap or self.each
        return Proposal(
            np.concatenate([rows[times_before(index.publisher[rows]) < each][: self.most] for rows in found])
        )
