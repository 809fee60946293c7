"""Fallbacks: asked only while the page cannot be filled, so that it is never empty while something may be shown."""

from __future__ import annotations

from dataclasses import dataclass

from core.feed.gate_kernels import SEEN
from core.feed.index import ALL_KINDS
from core.feed.query import FeedQuery
from core.feed.seen_numbers import seen_numbers
from core.pipeline.candidates import Proposal


@dataclass(frozen=True, slots=True)
class Everything:
    """Whatever is left that the viewer has not seen: each kind's shelf, walked to its end if need be."""

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, kind by kind, best first."""
        index = query.index
        rows, _ = index.by_kind.take(ALL_KINDS, max(query.size, 50), query.gate, index.size)
        return Proposal(rows)


@dataclass(frozen=True, slots=True)
class SeenAgain:
    """The posts that this viewer saw longest ago, when there is nothing new left."""

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, longest ago first; 4 pages of them, so that the mix has a choice."""
        index = query.index
        rows = index.row_of[seen_numbers.of(index, query.viewer)]
        bits, _ = query.gate.judged(rows)
        rows = rows[bits <= SEEN][: query.size]
        note = "Everything that can be shown has been seen; the posts seen longest ago come again." if len(rows) else ""
        return Proposal(rows, note=note)
