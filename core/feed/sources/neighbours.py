"""Posts near to what the viewer lately did: an act counts on the very next page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.query import FeedQuery
from core.pipeline.candidates import Proposal
from core.pipeline.ranking import best_of


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The posts that the viewer's last acts speak for most, `slots` for each slot of the page and at most `want`; see
    `core.feed.near` for what an act counts.

    A viewer of whom little is known is lent acts of their segment. Without a model, or without acts, it proposes nothing.
    """

    want: int = 200
    slots: int = 10
    least: int = 50

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, the most spoken for first."""
        if query.near is None:
            return Proposal(np.empty(0, np.int32))
        found = query.near.found()
        want = min(self.want, max(self.slots * query.size, self.least))
        rows = query.index.row_of[found.numbers[best_of(found.values, 3 * want)]]
        return Proposal(*query.gate.sifted(rows, want))
