"""The writer of the index: adds, replaces and removes posts and hands out snapshots. One thread at a time, but for `arrange`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from core.domain.ids import Millis
from core.domain.mix import DEFAULT_WEIGHTS
from core.feed.actions import ACTIONS, USUAL_RATES, catalogue_rates, log_odds, post_rates, weights_of
from core.feed.columns import Column, Ragged, Vocabulary
from core.feed.entry import Entry, Sale, brand_of, sale_of
from core.feed.index import KIND_NUMBER, KINDS, Index
from core.feed.shelving import Shelving
from core.pipeline.candidates import FloatArray, IntArray

MOST_SHOWN = 2**31 - 1
BLOCK = 65_536
"""Rows whose rates are renewed at a time: all of a million at once would take 300 MB for a moment."""
Turn = AbstractContextManager[object]
"""Whoever holds it is alone with the writer."""
ALONE: Turn = nullcontext()
"""For a writer that nobody else has."""


class ColumnWriter:
    """Posts as growing columns.

    Adding a post appends a row, replacing one appends a row and lets the old one die, removing lets it die. `snapshot` copies
    two masks and one table of row numbers and shares everything else: .4 ms at a million posts.
    """

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._known: dict[str, int] = {}
        self._stamps = Column(np.int32)
        self._number = Column(np.int32)
        self._kind, self._publisher = Column(np.int8), Column(np.int32)
        self._language, self._region = Column(np.int16), Column(np.int16)
        self._published_at, self._updated_at = Column(np.int64), Column(np.int64)
        self._value, self._price, self._quality = Column(np.float32), Column(np.float32), Column(np.float32)
        self._brand, self._topic = Column(np.int32), Column(np.int32)
        self._live, self._sellable = Column(np.bool_), Column(np.bool_)
        self._row_of = Column(np.int32)
        # By post number, not by row: a post keeps its counts when it is edited.
        self._impressions, self._counts = Column(np.float32), Column(np.float32, width=len(ACTIONS))
        self._tallies = Column(np.int32, width=3)
        self._row_impressions, self._likes = Column(np.float32), Column(np.float32)
        self._log_odds = Column(np.float32, width=len(ACTIONS))
        self._tags, self._products = Ragged(), Ragged()
        self._sales: dict[str, Sale] = {}
        self.tags, self.publishers = Vocabulary(), Vocabulary()
        self.languages, self.regions = Vocabulary(), Vocabulary()
        self.products, self.brands = Vocabulary(), Vocabulary()
        self._reputation = Column(np.float32)
        self._multipliers: dict[str, float] = {}
        self._mean: FloatArray = USUAL_RATES.copy()
        self._shelving, self._shelved = Shelving.empty(), 0

    @property
    def size(self) -> int:
        """Rows held, dead ones included."""
        return self._number.size

    @property
    def loose(self) -> int:
        """Rows that are not yet sorted onto the shelves' bases."""
        return self.size - self._shelved

    def sell(self, products: Mapping[str, Sale]) -> None:
        """Take products in: the posts that link them follow their stock, margin, price and brand."""
        changed = {id: sale for id, sale in products.items() if self._sales.get(id) != sale}
        self._sales.update(changed)
        numbers = [number for id in changed if (number := self.products.find(id)) >= 0]
        if not numbers or not self.size:
            return
        touched = np.flatnonzero(np.isin(self._products.flat.view(), numbers))
        rows = np.unique(np.searchsorted(self._products.starts.view(), touched, side="right") - 1)
        for row in rows[self._live.view()[rows]]:
            entry = self._entry(int(row))
            self._sellable.data[row], self._value.data[row], self._price.data[row] = sale_of(entry, self._sales)
            self._brand.data[row] = self.brands.number(brand_of(entry.publisher, entry.products, self._sales))

    def trust(self, multipliers: Mapping[str, float]) -> int:
        """Take reputations in: the multiplier of exposure by publisher; returns how many changed. Others have 1."""
        changed = {id: value for id, value in multipliers.items() if self._multipliers.get(id, 1.0) != value}
        self._multipliers.update(changed)
        by_number = np.full(len(self.publishers) + 1, np.nan, np.float32)
        by_number[self.publishers.find_all(changed)] = list(
            changed.values()
        )  # the last place is for those without a number
        fresh = by_number[self._publisher.view()]
        rows = np.flatnonzero(~np.isnan(fresh))
        self._reputation.data[rows] = fresh[rows]
        return len(changed)

    def put(self, entries: Iterable[Entry], *, shelve: bool = True) -> int:
        """Add or replace posts; returns how many changed anything. Without `shelve`, `arrange` must follow."""
        fresh = [
            entry for entry in {entry.id: entry for entry in entries}.values() if self._stamp(entry.id) != entry.stamp
        ]
        if not fresh:
            return 0
        first = self.size
        numbers = self._numbers_for(fresh)
        before = self._row_of.view()[numbers]
        self._live.data[before[before >= 0]] = False
        self._ids.extend(entry.id for entry in fresh)
        rows = np.arange(first, first + len(fresh), dtype=np.int32)
        sales = [sale_of(entry, self._sales) for entry in fresh]
        self._kind.extend(np.array([KIND_NUMBER[entry.kind] for entry in fresh]))
        self._publisher.extend(np.array([self.publishers.number(entry.publisher) for entry in fresh]))
        self._reputation.extend(np.array([self._multipliers.get(entry.publisher, 1.0) for entry in fresh]))
        self._language.extend(np.array([self.languages.number(entry.language) for entry in fresh]))
        self._region.extend(np.array([self.regions.number(entry.region) for entry in fresh]))
        self._published_at.extend(np.array([entry.published_at for entry in fresh]))
        self._updated_at.extend(np.array([entry.updated_at for entry in fresh]))
        self._stamps.extend(np.array([entry.stamp for entry in fresh]))
        self._sellable.extend(np.array([shown for shown, _, _ in sales]))
        self._value.extend(np.array([value for _, value, _ in sales]))
        self._price.extend(np.array([price for _, _, price in sales]))
        brands = [brand_of(entry.publisher, entry.products, self._sales) for entry in fresh]
        self._brand.extend(np.array([self.brands.number(brand) for brand in brands]))
        self._topic.extend(np.array([self.tags.number(entry.tags[0]) if entry.tags else -1 for entry in fresh]))
        self._tags.extend([self.tags.number(tag) for tag in entry.tags] for entry in fresh)
        self._products.extend([self.products.number(product) for product in entry.products] for entry in fresh)
        impressions, counts = self._impressions.data[numbers], self._counts.data[numbers]
        rates = post_rates(impressions, counts, self._mean)
        self._log_odds.extend(log_odds(rates))
        self._row_impressions.extend(impressions)
        self._likes.extend(counts[:, 0])
        self._quality.extend(rates @ weights_of(DEFAULT_WEIGHTS))
        self._live.extend(np.ones(len(fresh), np.bool_))
        self._number.extend(numbers)
        self._row_of.data[numbers] = rows
        if shelve:
            for row in rows.tolist():
                self._shelve(row)
        return len(fresh)

    def remove(self, ids: Iterable[str]) -> int:
        """Let posts die; returns how many were alive."""
        numbers = [number for id in ids if (number := self._known.get(id, -1)) >= 0]
        rows = self._row_of.view()[np.array(numbers, np.int64)] if numbers else np.empty(0, np.int32)
        alive = int(np.count_nonzero(self._live.view()[rows]))
        self._live.data[rows] = False
        self._stamps.data[rows] = 0
        return alive

    def count(self, totals: Mapping[str, tuple[float, FloatArray]]) -> None:
        """Take measured totals in: impressions and counts per action of posts, by id."""
        known = [(number, id) for id in totals if (number := self._known.get(id, -1)) >= 0]
        if not known:
            return
        numbers = np.array([number for number, _ in known], np.int64)
        self._impressions.data[numbers] = [totals[id][0] for _, id in known]
        self._counts.data[numbers] = [totals[id][1] for _, id in known]
        self._rate(self._row_of.view()[numbers], self._mean)

    def tally(self, shown: Mapping[str, tuple[int, int, int]]) -> None:
        """Take in what viewers read under posts: likes, comments and shares, by id."""
        for id, three in shown.items():
            if (number := self._known.get(id, -1)) >= 0:
                self._tallies.data[number] = [min(one, MOST_SHOWN) for one in three]

    def arrange(self, now: Millis, turn: Turn = ALONE) -> None:
        """Rate all posts and sort the shelves anew. Snapshots taken before keep theirs.

        `turn` is held for moments only: others may add, replace and remove posts in between, and those are on the shelves too.
        """
        with turn:
            seen, impressions, counts = self.snapshot(-1), self._impressions.view(), self._counts.view()
        mean = catalogue_rates(impressions, counts)
        rows = np.flatnonzero(seen.live).astype(np.int32)
        for start in range(0, len(rows), BLOCK):
            self._rate(rows[start : start + BLOCK], mean, turn)
        shelving = Shelving.of(seen, now)
        with turn:
            self._mean, self._shelving, self._shelved = mean, shelving, seen.size
            for row in range(seen.size, self.size):
                self._shelve(row)

    def snapshot(self, version: int) -> Index:
        """The catalogue as it is now."""
        return Index(
            version=version,
            size=self.size,
            ids=self._ids,
            known=self._known,
            row_of=self._row_of.view().copy(),
            live=self._live.view().copy(),
            sellable=self._sellable.view().copy(),
            number=self._number.view(),
            kind=self._kind.view(),
            publisher=self._publisher.view(),
            brand=self._brand.view(),
            topic=self._topic.view(),
            language=self._language.view(),
            region=self._region.view(),
            published_at=self._published_at.view(),
            updated_at=self._updated_at.view(),
            value=self._value.view(),
            price=self._price.view(),
            reputation=self._reputation.view(),
            quality=self._quality.view(),
            tallies=self._tallies.view(),
            impressions=self._row_impressions.view(),
            likes=self._likes.view(),
            log_odds=self._log_odds.view(),
            tag_flat=self._tags.flat.view(),
            tag_starts=self._tags.starts.view(),
            tag_counts=self._tags.counts.view(),
            tags=self.tags,
            publishers=self.publishers,
            brands=self.brands,
            languages=self.languages,
            regions=self.regions,
            tag_shares=self._shelving.tag_shares,
            by_tag=self._shelving.by_tag,
            by_publisher=self._shelving.by_publisher,
            by_kind=self._shelving.by_kind,
            newest=self._shelving.newest,
        )

    def _rate(self, rows: IntArray, mean: FloatArray, turn: Turn = ALONE) -> None:
        numbers = self._number.view()[rows]
        impressions, counts = self._impressions.view()[numbers], self._counts.view()[numbers]
        rates = post_rates(impressions, counts, mean)
        odds, quality = log_odds(rates), rates @ weights_of(DEFAULT_WEIGHTS)
        with turn:
            self._log_odds.data[rows] = odds
            self._row_impressions.data[rows] = impressions
            self._likes.data[rows] = counts[:, 0]
            self._quality.data[rows] = quality

    def _stamp(self, id: str) -> int:
        """The version that the living row was made from; 0 for a post that is dead or unknown."""
        number = self._known.get(id, -1)
        row = int(self._row_of.data[number]) if number >= 0 else -1
        return int(self._stamps.data[row]) if row >= 0 and self._live.data[row] else 0

    def _numbers_for(self, entries: list[Entry]) -> IntArray:
        """The posts' own numbers; new posts get the next ones."""
        fresh = [entry.id for entry in entries if entry.id not in self._known]
        first = self._row_of.size
        self._row_of.extend(np.full(len(fresh), -1))
        self._impressions.extend(np.zeros(len(fresh)))
        self._counts.extend(np.zeros((len(fresh), len(ACTIONS))))
        self._tallies.extend(np.zeros((len(fresh), 3)))
        self._known.update(zip(fresh, range(first, first + len(fresh)), strict=True))
        return np.array([self._known[entry.id] for entry in entries], np.int32)

    def _shelve(self, row: int) -> None:
        start, count = int(self._tags.starts.data[row]), int(self._tags.counts.data[row])
        tags = self._tags.flat.data[start : start + count].tolist()
        self._shelving.add(row, tags, int(self._publisher.data[row]), int(self._kind.data[row]))

    def _entry(self, row: int) -> Entry:
        """Kind, publisher and products of a row, as far as its sale needs them."""
        publisher = self.publishers.names[self._publisher.data[row]]
        start, count = int(self._products.starts.data[row]), int(self._products.counts.data[row])
        products = tuple(self.products.names[number] for number in self._products.flat.data[start : start + count])
        return Entry(self._ids[row], 0, KINDS[self._kind.data[row]], publisher, "", "", 0, 0, (), products)
