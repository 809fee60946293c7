"""Posts with the tags that the viewer has lately liked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.feed.query import FeedQuery
from core.pipeline.candidates import Proposal


@dataclass(frozen=True, slots=True)
class TagAffinity:
    """The best posts of the viewer's `tags` strongest tags; which of them suit best is for the scorers."""

    each: int = 40
    tags: int = 10
    least: float = 0.05

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, strongest tag first."""
        return Proposal(*query.index.by_tag.take(self.strongest(query), self.each, query.gate, query.index.size))

    def strongest(self, query: FeedQuery) -> NDArray[np.int64]:
        """The numbers of the viewer's strongest tags, the strongest first."""
        weights = query.tags
        liked = np.flatnonzero(weights >= self.least)
        return liked[np.argsort(-weights[liked], kind="stable")[: self.tags]]
