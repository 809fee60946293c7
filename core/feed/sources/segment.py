"""What viewers of the same segment take to, for viewers of whom little is known yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.query import FeedQuery
from core.pipeline.candidates import Proposal


@dataclass(frozen=True, slots=True)
class Segment:
    """The segment's favourite posts, until the viewer has acted on ten posts."""

    want: int = 60

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, the segment's favourites first."""
        if query.near is None or not query.near.prior_share:
            return Proposal(np.empty(0, np.int32))
        rows = query.index.rows_of(query.near.prior.posts)
        return Proposal(*query.gate.sifted(rows, self.want))
