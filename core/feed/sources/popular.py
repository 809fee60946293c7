"""The best of each kind for anybody: what a new viewer gets, and what fills every kind's share."""

from __future__ import annotations

from dataclasses import dataclass

from core.feed.index import ALL_KINDS
from core.feed.query import FeedQuery
from core.pipeline.candidates import Proposal


@dataclass(frozen=True, slots=True)
class Popular:
    """The best posts of every kind by measured quality and age: `slots` for each slot of the page, at most `each`."""

    each: int = 50
    slots: float = 2.5
    least: int = 10

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, kind by kind, best first."""
        index = query.index
        want = min(self.each, max(int(self.slots * query.size), self.least))
        return Proposal(*index.by_kind.take(ALL_KINDS, want, query.gate, index.size))
