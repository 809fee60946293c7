"""The best of each kind for anybody: what a new viewer gets, and what fills every kind's share."""

from __future__ import annotations

from dataclasses import dataclass

from core.feed.index import KINDS
from core.feed.query import FeedQuery
from core.pipeline.candidates import Proposal


@dataclass(frozen=True, slots=True)
class Popular:
    """The `each` best posts of every kind by measured quality and age."""

    each: int = 50

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, kind by kind, best first."""
        index = query.index
        rows, passed = index.by_kind.take(range(len(KINDS)), self.each, query.fit, index.size)
        return Proposal(rows, query.passed_over(passed))
