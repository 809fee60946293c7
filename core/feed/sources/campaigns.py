"""Posts of running campaigns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.mix import DEFAULT_WEIGHTS
from core.feed.query import FeedQuery
from core.pipeline.candidates import IntArray, Proposal

_NOTHING = Proposal(np.empty(0, np.int32))


@dataclass(frozen=True, slots=True)
class Campaigns:
    """For each campaign as many posts as it may have slots on this page, of all together as many as may be sponsored.

    Chosen are those that would score best, by measured quality, the viewer's tags and what the campaign pays. Whether they get
    a slot is for the scorers and the mix. A post that another source proposes, too, belongs to its campaign only if it is among
    these.
    """

    taste: float = 1.0

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows, best first."""
        table, index = query.campaigns, query.index
        if table is None or not table.slots.any():
            return _NOTHING
        numbers, owners = table.numbers, table.owners
        if not table.slots.all():
            open_ = table.slots[owners] > 0
            numbers, owners = numbers[open_], owners[open_]
        rows = index.row_of[numbers]
        fit = query.fit(rows)
        passed = rows[~fit]
        rows, owners = rows[fit], owners[fit]
        if len(rows):
            chosen = self._best(query, rows, owners)
            rows = rows[chosen]
        return Proposal(rows, query.passed_over(passed) if len(passed) else {})

    def _best(self, query: FeedQuery, rows: IntArray, owners: IntArray) -> NDArray[np.int64]:
        """Places of the best, at most `slots` of each owner and `most` of all."""
        index, table = query.index, query.campaigns
        assert table is not None  # noqa: S101 - propose has looked
        suits = index.quality[rows].astype(np.float64)
        if len(query.tags):
            counts = index.tag_counts[rows]
            above = np.where(counts, index.tag_sums(rows, query.tags) - query.usual_tags, 0.0)
            near = above / np.sqrt(np.maximum(counts, 1))
            suits = suits * (1 + self.taste * near / (1 + np.abs(near)))
        weight = query.policy.weights.get("campaign", DEFAULT_WEIGHTS["campaign"])
        best = np.argsort(-(suits + weight * table.bonus[owners]), kind="stable")
        grouped = best[np.argsort(owners[best], kind="stable")]
        first = np.searchsorted(owners[grouped], owners[grouped])
        within = np.zeros(len(rows), np.bool_)
        within[grouped] = np.arange(len(rows)) - first < table.slots[owners[grouped]]
        return best[within[best]][: table.most]
