"""How much the viewer's last acts speak for each candidate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates


@dataclass(frozen=True, slots=True)
class Nearness:
    """Writes `neighbours`: in units of one strong act, below 0 where not-interested acts outweigh the others."""

    def hydrate(self, query: FeedQuery, candidates: Candidates) -> Candidates:
        """The same rows with one more column."""
        near = query.near
        return candidates.scored(neighbours=near.of(candidates.rows) if near is not None else np.zeros(len(candidates)))
