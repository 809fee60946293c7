"""Fallbacks: asked only while the page cannot be filled, so that it is never empty while something may be shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.gate_kernels import SEEN
from core.feed.index import ALL_KINDS, KINDS
from core.feed.query import FeedQuery
from core.feed.seen_numbers import seen_numbers
from core.pipeline.candidates import BoolArray, IntArray, Proposal
from core.pipeline.ranking import times_before


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
    """The posts that this viewer saw longest ago, when there is nothing new left.

    The mix needs a choice, or rules give way for which there are posts enough: so besides the page that was seen longest ago come
    up to a page of each kind, with no more posts of one publisher, brand or topic than a page may show. The score then prefers
    what was seen longest ago. It looks at `deep` posts.
    """

    deep: int = 1_000

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, longest ago first."""
        index = query.index
        rows = index.row_of[seen_numbers.of(index, query.viewer)]
        bits, _ = query.gate.judged(rows)
        rows = rows[bits <= SEEN][: self.deep]
        rows = rows[self._chosen(query, rows)]
        note = "Everything that can be shown has been seen; the posts seen longest ago come again." if len(rows) else ""
        return Proposal(rows, note=note)

    def _chosen(self, query: FeedQuery, rows: IntArray) -> BoolArray:
        """Which of these rows a page may need."""
        index, policy, kinds = query.index, query.policy, query.index.kind[rows].astype(np.int64)
        caps = (policy.per_publisher, policy.per_brand, policy.per_topic)
        varied = np.ones(len(rows), np.bool_)
        for names, cap in zip((index.publisher, index.brand, index.topic), caps, strict=True):
            if cap is not None:
                own = names[rows].astype(np.int64)
                varied &= (own < 0) | (times_before(own * len(KINDS) + kinds) < cap)
        chosen: BoolArray = np.arange(len(rows)) < query.size
        places = np.flatnonzero(varied)
        chosen[places[times_before(kinds[places]) < query.size]] = True
        return chosen
