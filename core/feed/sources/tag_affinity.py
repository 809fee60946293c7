"""Posts with the tags that the viewer has lately liked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
        weights = query.tags
        strongest = np.argsort(-weights)[: self.tags]
        keys = [int(tag) for tag in strongest if weights[tag] >= self.least]
        rows, passed = query.index.by_tag.take(keys, self.each, query.fit, query.index.size)
        return Proposal(rows, query.passed_over(passed))
