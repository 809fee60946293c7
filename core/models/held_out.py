"""How well neighbours name what viewers did last, when it was kept from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.models.interactions import Interactions
from core.models.neighbours import Neighbours
from core.statistics.ranking import Ranked, best_items, rank_metrics

Scores = Callable[[sparse.csr_matrix], NDArray[np.floating]]

MOST_VIEWERS = 3_000
LEAST_ITEMS = 3
"""Viewers with fewer items keep all: little would be left to go by."""
LATEST_PART, MOST_ITEMS = 0.1, 5
"""Of the others the latest tenth is held out, at least one item and at most five: one alone makes the comparison noisy."""
BATCH = 256


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """`train` lacks the latest items of the viewers at the places `viewers`; `last` (viewers, items) has only those items."""

    train: Interactions
    viewers: NDArray[np.int64]
    last: sparse.csr_matrix

    @classmethod
    def of(cls, interactions: Interactions, *, most: int = MOST_VIEWERS, seed: int = 0) -> HeldOut:
        """Hold out the latest items of up to `most` viewers, chosen at random; of items of one time, those in higher places."""
        known = interactions.items_per_viewer()
        chosen = np.flatnonzero(known >= LEAST_ITEMS)
        if len(chosen) > most:
            chosen = np.sort(np.random.default_rng(seed).choice(chosen, most, replace=False))
        owners = np.repeat(np.arange(len(known)), known)
        order = np.lexsort((interactions.matrix.indices, interactions.times, owners))
        from_end = np.empty(len(order), dtype=np.int64)
        from_end[order] = np.cumsum(known)[owners[order]] - np.arange(len(order))
        taken = np.zeros(len(known), dtype=np.int64)
        taken[chosen] = np.clip((known[chosen] * LATEST_PART).astype(np.int64), 1, MOST_ITEMS)
        last = from_end <= taken[owners]
        return cls(interactions.where(~last), chosen, interactions.where(last).matrix[chosen])

    def measure(self, neighbours: Neighbours, k: int = 10) -> Ranked:
        """The first k of each viewer, in the form that is served: the train part's weights of neighbours added up."""
        weights = neighbours.matrix()
        return self._measured(lambda history: (history @ weights).toarray(), k)

    def measure_popularity(self, k: int = 10) -> Ranked:
        """The same for the items of most viewers."""
        counts = self.train.viewers_per_item().astype(np.float64)
        return self._measured(lambda history: np.tile(counts, (history.shape[0], 1)), k)

    def _measured(self, scores: Scores, k: int) -> Ranked:
        history = self.train.matrix[self.viewers]
        lists = [
            best_items(scores(history[start : start + BATCH]), k, history[start : start + BATCH])
            for start in range(0, len(self.viewers), BATCH)
        ]
        return rank_metrics(np.concatenate(lists), self.last)
