"""More publishers: asked when those that the other sources found are too few for the rules of the mix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.feed.index import ALL_KINDS
from core.feed.query import FeedQuery
from core.pipeline.candidates import IntArray, Proposal


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
        found = [
            self._varied(
                index.by_kind.take(kind, self.deep, query.gate, index.size)[0], index.publisher, cap or self.each
            )
            for kind in ALL_KINDS[:, None]
        ]
        return Proposal(np.concatenate(found))

    def _varied(self, rows: IntArray, publisher: NDArray[np.int32], each: int) -> IntArray:
        """The first `most` of these rows, best first, with up to `each` of a publisher."""
        order = np.argsort(publisher[rows], kind="stable")
        own = publisher[rows[order]]
        first = np.searchsorted(own, own)
        return rows[np.sort(order[np.arange(len(rows)) - first < each])[: self.most]]
