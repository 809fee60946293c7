"""New posts that few have seen: the pool of exploration."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.ids import DAY, Millis
from core.feed.query import FeedQuery
from core.pipeline.candidates import Proposal


@dataclass(frozen=True, slots=True)
class Fresh:
    """The newest posts with fewer than `impressions` impressions and no older than `age`.

    Which of them are tried is drawn by the selector, with known chances.
    """

    most: int = 48
    impressions: int = 100
    age: Millis = 14 * DAY

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, newest first."""
        index = query.index
        since = query.now - self.age
        return Proposal(*index.newest.take_untried(self.most, query.gate, index.size, self.impressions, since))
