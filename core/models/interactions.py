"""Who did something with what, as a sparse matrix: the one thing that every model learns from."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

IntArray = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """Positive feedback. `matrix` is CSR float32 (viewers, items) with sorted indices and no zeros; `times` (nnz,) holds the
    latest time of each entry in ms, in the order of `matrix.data`. Ids are sorted: the order of the log does not matter."""

    viewers: tuple[str, ...]
    items: tuple[str, ...]
    matrix: sparse.csr_matrix
    times: IntArray

    @classmethod
    def of(
        cls,
        rows: Iterable[tuple[str, str, float, int]],
        *,
        cap: float | None = None,
        min_viewers: int = 1,
        min_items: int = 1,
    ) -> Interactions:
        """From rows (viewer, item, weight, time in ms). Weights of a pair are added, negative ones too; a pair that is not above
        0 in the end is left out, one above `cap` counts `cap`. Items with fewer than `min_viewers` viewers are left out, then
        viewers with fewer than `min_items` items. Takes about 20 bytes per row beside the ids."""
        viewer_codes, item_codes = array("i"), array("i")
        weights, times = array("d"), array("q")
        viewer_of: dict[str, int] = {}
        item_of: dict[str, int] = {}
        for viewer, item, weight, at in rows:
            viewer_codes.append(viewer_of.setdefault(viewer, len(viewer_of)))
            item_codes.append(item_of.setdefault(item, len(item_of)))
            weights.append(weight)
            times.append(at)
        viewers, viewer_rank = _sorted_ids(viewer_of)
        items, item_rank = _sorted_ids(item_of)
        made = cls._summed(
            viewers,
            items,
            viewer_rank[np.frombuffer(viewer_codes, dtype=np.int32)] if viewer_codes else np.empty(0, np.int64),
            item_rank[np.frombuffer(item_codes, dtype=np.int32)] if item_codes else np.empty(0, np.int64),
            np.array(weights, dtype=np.float64),
            np.array(times, dtype=np.int64),
            cap,
        )
        return made.with_enough(min_viewers=min_viewers, min_items=min_items)

    @classmethod
    def _summed(
        cls,
        viewers: tuple[str, ...],
        items: tuple[str, ...],
        viewer_rows: IntArray,
        item_rows: IntArray,
        weights: NDArray[np.float64],
        times: IntArray,
        cap: float | None,
    ) -> Interactions:
        """One entry per pair: weights added, the latest time kept."""
        key = viewer_rows * max(len(items), 1) + item_rows
        pairs, place = np.unique(key, return_inverse=True)
        total = np.bincount(place, weights=weights, minlength=len(pairs))
        latest = np.full(len(pairs), np.iinfo(np.int64).min)
        np.maximum.at(latest, place, times)
        kept = total > 0
        pairs, total, latest = pairs[kept], total[kept], latest[kept]
        if cap is not None:
            total = np.minimum(total, cap)
        rows, columns = np.divmod(pairs, max(len(items), 1))
        starts = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=len(viewers)))))
        matrix = sparse.csr_matrix(
            (total.astype(np.float32), columns.astype(np.int32), starts), shape=(len(viewers), len(items))
        )
        return cls(viewers, items, matrix, latest).with_enough()

    def __len__(self) -> int:
        """How many pairs of viewer and item there are."""
        return int(self.matrix.nnz)

    def with_enough(self, *, min_viewers: int = 1, min_items: int = 1) -> Interactions:
        """Without items of fewer than `min_viewers` viewers, then without viewers of fewer than `min_items` items."""
        columns = np.flatnonzero(self.viewers_per_item() >= min_viewers)
        narrowed = self.where(np.isin(self.matrix.indices, columns))
        rows = np.flatnonzero(narrowed.items_per_viewer() >= min_items)
        kept = np.repeat(np.isin(np.arange(len(self.viewers)), rows), narrowed.items_per_viewer())
        chosen = narrowed.where(kept)
        columns = np.flatnonzero(chosen.viewers_per_item() > 0)
        if len(rows) == len(self.viewers) and len(columns) == len(self.items):
            return chosen
        return Interactions(
            tuple(self.viewers[row] for row in rows),
            tuple(self.items[column] for column in columns),
            chosen.matrix[rows][:, columns],
            chosen.times,
        )

    def where(self, entries: NDArray[np.bool_]) -> Interactions:
        """The entries for which `entries` (nnz,) is true, over the same viewers and items: how a split is made."""
        row_of = np.repeat(np.arange(len(self.viewers)), self.items_per_viewer())
        starts = np.concatenate(([0], np.cumsum(np.bincount(row_of[entries], minlength=len(self.viewers)))))
        matrix = sparse.csr_matrix(
            (self.matrix.data[entries], self.matrix.indices[entries], starts), shape=self.matrix.shape
        )
        return Interactions(self.viewers, self.items, matrix, self.times[entries])

    def viewers_per_item(self) -> IntArray:
        """How many viewers each item has, (items,)."""
        return np.bincount(self.matrix.indices, minlength=len(self.items))

    def items_per_viewer(self) -> IntArray:
        """How many items each viewer has, (viewers,)."""
        return np.asarray(np.diff(self.matrix.indptr), dtype=np.int64)


def _sorted_ids(codes: dict[str, int]) -> tuple[tuple[str, ...], IntArray]:
    """Ids in order, and for each code its place in that order."""
    ids = tuple(sorted(codes))
    rank = np.empty(len(ids), dtype=np.int64)
    rank[[codes[each] for each in ids]] = np.arange(len(ids))
    return ids, rank


def latest(interactions: Interactions, count: int) -> Interactions:
    """Only the `count` latest entries of each viewer; of entries of one time, those of the higher item places."""
    known = interactions.items_per_viewer()
    if not len(known) or known.max() <= count:
        return interactions
    owners = np.repeat(np.arange(len(known)), known)
    order = np.lexsort((interactions.matrix.indices, interactions.times, owners))
    ends = np.cumsum(known)
    from_end = np.empty(len(order), dtype=np.int64)
    from_end[order] = ends[owners[order]] - np.arange(len(order))
    return interactions.where(from_end <= count)
