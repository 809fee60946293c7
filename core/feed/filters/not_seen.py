"""No post twice, until there is nothing new."""

from __future__ import annotations

from dataclasses import dataclass

from core.feed.gate_kernels import SEEN
from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates, Kept


@dataclass(frozen=True, slots=True)
class NotSeen:
    """Drop what this viewer was already served, unless the source with bit `again` brought it back on purpose."""

    again: int

    def filter(self, query: FeedQuery, candidates: Candidates) -> Kept:
        """What is new to the viewer, and what comes again on purpose."""
        _, reasons = query.gate.judged(candidates.rows)
        if not reasons & SEEN:
            return Kept(candidates)
        seen = query.seen(candidates.rows) & ((candidates.sources & self.again) == 0)
        return Kept.of(candidates, ("seen", seen))
