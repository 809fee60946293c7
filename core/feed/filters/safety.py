"""The last look before a page goes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.feed.query import FeedQuery
from core.pipeline.candidates import BoolArray, Candidates, Kept

Verdicts = Callable[[list[str], list[int]], set[str]]
"""Those of these post ids whose newest verdict allows them to be shown. The second list says for each post when the index
last saw it change: a verdict older than that does not count."""


@dataclass(frozen=True, slots=True)
class Safety:
    """Drop what no verdict allows. Fails closed: a post whose verdict cannot be read is not shown."""

    verdicts: Verdicts

    def filter(self, query: FeedQuery, candidates: Candidates) -> Kept:
        """What is allowed."""
        ids = query.index.ids
        shown = [ids[row] for row in candidates.rows.tolist()]
        allowed = self.verdicts(shown, query.index.updated_at[candidates.rows].tolist())
        if allowed.issuperset(shown):
            return Kept(candidates)
        refused: BoolArray = np.array([id not in allowed for id in shown], np.bool_)
        return Kept.of(candidates, ("no verdict that allows it", refused))
