"""The order of a page when a scorer has failed: what is good for anybody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.query import FeedQuery
from core.feed.scorers.again import rank_again
from core.pipeline.candidates import Candidates


@dataclass(frozen=True, slots=True)
class Popularity:
    """`score` = measured quality, the newer of two equals first. What comes again (bit `again`) stays below everything new, the
    longest ago first."""

    again: int

    def score(self, query: FeedQuery, candidates: Candidates) -> Candidates:
        """Writes `score`."""
        index, rows = query.index, candidates.rows
        newer = np.argsort(np.argsort(index.published_at[rows], kind="stable"), kind="stable") * 1e-9
        score = index.quality[rows].astype(np.float64) + newer
        if (candidates.sources & self.again).any():
            rank_again(query, candidates, self.again, score)
        return candidates.scored(score=score)
