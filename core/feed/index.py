"""The catalogue in columns: every live post as a row of a few arrays, as one moment saw it.

Rows never move. An edited post gets a new row and its old one dies, so that a page that is being made keeps a consistent
view; which rows are alive is a mask of the snapshot. Only numbers that are estimates anyway (rates, quality, impressions)
are renewed in place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.domain.post import PostKind
from core.feed.columns import Vocabulary
from core.feed.shelves import Shelves
from core.pipeline.candidates import BoolArray, FloatArray, IntArray

KINDS: tuple[PostKind, ...] = tuple(PostKind)
ALL_KINDS = np.arange(len(KINDS), dtype=np.int64)
KIND_NUMBER: Mapping[PostKind, int] = {kind: number for number, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A snapshot of `size` rows; all arrays have that length (`log_odds`: (size, actions), tags and products: end to end).

    `known` gives a post's own number, the same for all rows it ever had and kept in `number`; `row_of` (numbers,) is the
    newest row of each, as of this snapshot. `tallies` (numbers, 3) are likes, comments and shares as viewers read them. `value`
    is the margin of its best linked product in stock and `price` the price of the cheapest, in major currency units, 0 if it has
    none in stock; `reputation` is the multiplier of exposure of its publisher.
    `brand` numbers the brand of its first linked product, else its publisher; `topic` is the number of its first tag, −1 for none.
    `tag_shares` (tags,) is the part of the live posts that wear each tag, as of when the shelves were last sorted.
    `version` is the catalogue's version that the snapshot has caught up with.
    """

    version: int
    size: int
    ids: Sequence[str]
    known: Mapping[str, int]
    row_of: IntArray
    live: BoolArray
    sellable: BoolArray
    number: IntArray
    kind: NDArray[np.int8]
    publisher: IntArray
    brand: IntArray
    topic: IntArray
    language: NDArray[np.int16]
    region: NDArray[np.int16]
    published_at: NDArray[np.int64]
    updated_at: NDArray[np.int64]
    value: NDArray[np.float32]
    price: NDArray[np.float32]
    reputation: NDArray[np.float32]
    quality: NDArray[np.float32]
    tallies: NDArray[np.int32]
    impressions: NDArray[np.float32]
    likes: NDArray[np.float32]
    log_odds: NDArray[np.float32]
    tag_flat: IntArray
    tag_starts: NDArray[np.int64]
    tag_counts: NDArray[np.int16]
    tag_shares: FloatArray
    tags: Vocabulary
    publishers: Vocabulary
    brands: Vocabulary
    languages: Vocabulary
    regions: Vocabulary
    by_tag: Shelves
    by_publisher: Shelves
    by_kind: Shelves
    newest: Shelves

    @property
    def count(self) -> int:
        """How many posts are live."""
        return int(np.count_nonzero(self.live))

    def numbers_of(self, ids: Collection[str]) -> IntArray:
        """Numbers of those posts that this snapshot knows, in the given order, dead ones included."""
        found = self.found(ids)
        return found if not len(found) or found.min() >= 0 else found[found >= 0]

    def found(self, ids: Collection[str]) -> IntArray:
        """(n,) the number of each post, -1 for those that this snapshot does not know."""
        found = np.fromiter(map(self.known.get, ids, repeat(-1)), np.int32, len(ids))
        if len(found) and found.max() >= len(self.row_of):
            found[found >= len(self.row_of)] = -1
        return found

    def rows_of(self, ids: Collection[str]) -> IntArray:
        """Newest rows of those posts that this snapshot knows, in the given order, dead ones included."""
        return self.row_of[self.numbers_of(ids)]

    def row(self, id: str) -> int:
        """The post's newest row, -1 if this snapshot does not know it."""
        number = self.known.get(id, -1)
        return int(self.row_of[number]) if 0 <= number < len(self.row_of) else -1

    def tags_of(self, row: int) -> list[str]:
        """The tags of one row."""
        start, names = self.tag_starts.item(row), self.tags.names
        return [names[tag] for tag in self.tag_flat[start : start + self.tag_counts.item(row)].tolist()]

    def tags_within(self, rows: IntArray) -> IntArray:
        """The tag numbers of these rows, end to end."""
        return np.asarray(_within(rows, self.tag_starts, self.tag_counts, self.tag_flat))

    def tag_sums(self, rows: IntArray, weights: FloatArray) -> FloatArray:
        """Σ weights over each row's tags: (n,). `weights` is over tag numbers; tags beyond its end weigh nothing."""
        return np.asarray(_sums(rows, self.tag_starts, self.tag_counts, self.tag_flat, weights))


@njit(cache=True, nogil=True)
def _within(rows: IntArray, starts: NDArray[np.int64], counts: NDArray[np.int16], flat: IntArray) -> IntArray:
    total = 0
    for row in rows:
        total += counts[row]
    found = np.empty(total, np.int32)
    place = 0
    for row in rows:
        for at in range(starts[row], starts[row] + counts[row]):
            found[place] = flat[at]
            place += 1
    return found


@njit(cache=True, nogil=True)
def _sums(  # type: ignore[no-untyped-def]
    rows, starts, counts, flat, weights
):
    sums = np.zeros(len(rows))
    for place in range(len(rows)):
        row = rows[place]
        for at in range(starts[row], starts[row] + counts[row]):
            if flat[at] < len(weights):
                sums[place] += weights[flat[at]]
    return sums
