"""The score of what comes again: below everything new, and what was seen longest ago first."""

from __future__ import annotations

import numpy as np

from core.feed.query import FeedQuery
from core.feed.seen_numbers import seen_numbers
from core.pipeline.candidates import Candidates, FloatArray

AGAIN = 1_000.0
"""Scores below −AGAIN mark posts that come again."""


def rank_again(query: FeedQuery, candidates: Candidates, again: int, score: FloatArray) -> None:
    """Put the scores of what comes again (source bit `again`) into `score` (n,)."""
    old, index = (candidates.sources & again) != 0, query.index
    seen, wanted = seen_numbers.of(index, query.viewer), index.number[candidates.rows[old]]
    places = np.zeros(len(index.row_of) + 1)
    places[seen] = np.arange(len(seen))
    score[old] = -AGAIN - places[wanted]
