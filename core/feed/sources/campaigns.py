"""Posts of running campaigns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.query import FeedQuery
from core.pipeline.candidates import Proposal

_NOTHING = Proposal(np.empty(0, np.int32))


@dataclass(frozen=True, slots=True)
class Campaigns:
    """For each campaign as many posts as it may have slots on this page, those that suit the viewer best.

    Whether they get a slot is for the scorers and the mix. A post that another source proposes too still belongs to its campaign
    only if it is among these.
    """

    taste: float = 1.0

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, campaign by campaign, best first by measured quality and the viewer's tags."""
        table, index = query.campaigns, query.index
        if table is None or not table.slots.any():
            return _NOTHING
        open_ = table.slots[table.owners] > 0
        rows, owners = index.row_of[table.numbers[open_]], table.owners[open_]
        unfit = query.unfit(rows)
        passed = rows[unfit]
        rows, owners = rows[~unfit], owners[~unfit]
        if not len(rows):
            return Proposal(rows, query.passed_over(passed))
        suits = index.quality[rows].astype(np.float64)
        if len(query.tags):
            near = index.tag_sums(rows, query.tags) / np.sqrt(np.maximum(index.tag_counts[rows], 1))
            suits = suits * (1 + self.taste * near / (1 + np.abs(near)))
        order = np.lexsort((-suits, owners))
        rows, owners = rows[order], owners[order]
        first = np.searchsorted(owners, owners, side="left")
        return Proposal(
            rows[np.arange(len(rows)) - first < table.slots[owners]], query.passed_over(passed) if len(passed) else {}
        )
