"""The best of each kind for anybody: what a new viewer gets, and what fills every kind's share."""

from __future__ import annotations

from dataclasses import dataclass

from core.feed.index import ALL_KINDS
from core.feed.query import FeedQuery
from core.pipeline.candidates import Proposal


@dataclass(frozen=True, slots=True)
class Popular:
    """The `each` best posts of every kind by measured quality and age."""

    each: int = 50

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, kind by kind, best first."""
        index = query.index
        return Proposal(*index.by_kind.take(ALL_KINDS, self.each, query.gate, index.size))
