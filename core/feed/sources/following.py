"""New posts of the publishers that the viewer follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.query import FeedQuery
from core.pipeline.candidates import Proposal


@dataclass(frozen=True, slots=True)
class Following:
    """The newest posts of up to `publishers` followed publishers, the most recently followed first."""

    each: int = 8
    publishers: int = 40

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, publisher by publisher, newest first."""
        index = query.index
        followed = index.publishers.find_all(query.viewer.follows[-self.publishers :])
        keys = np.array([number for number in reversed(followed) if number >= 0], np.int64)
        return Proposal(*index.by_publisher.take(keys, self.each, query.gate, index.size))
