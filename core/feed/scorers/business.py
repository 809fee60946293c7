"""What a post earns, kept apart from engagement so that its price can be told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates


@dataclass(frozen=True, slots=True)
class BusinessValue:
    """Two columns in major currency units.

    `business`: chance of an order × margin of the best linked product in stock. `campaign`: what the campaign that proposed the
    post (source bit `sponsored`) pays for a delivery, times the multiplier by which it is paced; not written when no campaign takes
    part in the page.
    """

    sponsored: int = 0

    def score(self, query: FeedQuery, candidates: Candidates) -> Candidates:
        """Writes `business`, and `campaign` if there is any."""
        margin = np.multiply(candidates["order"], query.index.value[candidates.rows], dtype=np.float64)
        places = np.flatnonzero(candidates.sources & self.sponsored) if query.campaigns is not None else ()
        if query.campaigns is None or not len(places):
            return candidates.scored(business=margin)
        owners = query.campaigns.owners_of(query.index.number[candidates.rows[places]])
        campaign = np.zeros(len(candidates))
        campaign[places] = np.where(owners >= 0, query.campaigns.bonus[owners], 0.0)
        return candidates.scored(business=margin, campaign=campaign)
