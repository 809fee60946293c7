"""One search for the best page under given caps, pins and bounds: shortlist, exact order, exchanges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.feed.mix_asked import CAP_UNIT, GAP_UNIT, Asked, Ints
from core.feed.mix_bounds import room
from core.feed.mix_exchange import exchanged
from core.feed.mix_groups import SPARE, shortlist
from core.feed.mix_solver import PENALTY, best_order, cooldowns_within
from core.pipeline.candidates import BoolArray, FloatArray

PATIENCE, STAMINA, TIRED = 2, 60, 6
"""A search ends after so many laps without an improvement: when it began near the best page, otherwise, and when rules give way."""

THOROUGH = 30
"""Laps without an improvement from a page that is known already, where time matters less: for prices."""

ROUNDS = 3
"""How often a page that was hard to make is put into its exact best order and improved again at most."""

MOST_STATES = 1_000_000
"""States of the programme per layer; above that its gaps are shortened and the rest of them is left to the exchanges."""


@dataclass(frozen=True)
class Found:
    """A page: `places` in the shortlist, its `value`, its `toll` (shares), `broken` gaps, and posts `over` caps."""

    places: Ints
    value: float
    toll: float
    broken: int
    over: int

    @property
    def clean(self) -> bool:
        """Whether it keeps every rule it was asked for."""
        return not (self.toll or self.broken or self.over)

    @property
    def units(self) -> float:
        """How much its rules give way."""
        return round(self.toll / PENALTY + GAP_UNIT * self.broken + CAP_UNIT * self.over, 6)

    @property
    def worth(self) -> tuple[float, float]:
        """Less to give way first, then value."""
        return -self.units, self.value


@dataclass(frozen=True)
class Board:
    """The candidates under given caps and pins, as the searches see them.

    `scores` and `kinds` (n,) ranked by score, `names` (3, n) groups, `pins` (slot, place). With `soft` every rule but a pin may
    give way, at its price in units.
    """

    asked: Asked
    scores: FloatArray
    kinds: Ints
    names: Ints
    attention: FloatArray
    caps: Ints
    pins: Sequence[tuple[int, int]]
    soft: bool = False

    @cached_property
    def _short(self) -> tuple[Ints, NDArray[np.int32], BoolArray]:
        places = self._pinned_places
        size = self.asked.size
        kept, groups, greedy = shortlist(
            self.kinds, self.names, self.caps, places, size, 3 * size + 20, SPARE + size if self.soft else SPARE
        )
        return kept, groups, greedy

    @cached_property
    def _pinned_places(self) -> Ints:
        places = np.full(self.asked.size, -1, np.int64)
        for slot, place in self.pins:
            places[slot] = place
        return places

    @cached_property
    def pinned(self) -> Ints:
        """(size,) the shortlisted candidate that must stand in a slot, −1 for none."""
        places = self._pinned_places
        return np.where(places >= 0, np.searchsorted(self._short[0], places), -1) if self.pins else places

    @property
    def pool(self) -> Ints:
        """The shortlist, as places among all candidates."""
        return self._short[0]

    @cached_property
    def _columns(self) -> tuple[FloatArray, Ints]:
        kept = self._short[0]
        return self.scores[kept], self.kinds[kept]

    def greedy_new(self, new: BoolArray) -> tuple[int, ...]:
        """How many of each kind are `new` (n,) among those that can stand together under the caps."""
        kept, _, greedy = self._short
        return tuple(np.bincount(self._columns[1][greedy & new[kept]], minlength=4).tolist())

    def order(self, allowed: BoolArray, least: Ints, most: Ints, toll: FloatArray) -> Found | None:
        """The exact best page of these candidates without regard to caps; None if there is none."""
        scores, kinds = self._columns
        gaps, cells = tuple(self.asked.gaps.tolist()), int(np.prod(np.sort(most)[:3] + 1))
        follow, broken = cooldowns_within(gaps, self.asked.cooling, min(MOST_STATES // cells, 8_000))
        places, value, count = best_order(
            scores, kinds, allowed, self.pinned, least, most, toll, follow, broken, self.attention, self._gap_price
        )
        if places[0] < 0:
            return None
        counts = np.bincount(kinds[places], minlength=4)
        return Found(places, float(value), float(toll[np.arange(4), counts].sum()), int(count), 0)

    def search(
        self,
        least: Sequence[int],
        most: Sequence[int],
        toll: FloatArray,
        *,
        start: Ints | None = None,
    ) -> Found | None:
        """The best page with counts within `least` and `most`, paying `toll`; None if no order of kinds is possible.

        `start` is a page to begin with too, for a longer search.
        """
        low, high = np.asarray(least, np.int64), np.asarray(most, np.int64)
        if not self.soft:
            waits = zip(self.asked.gaps.tolist(), self.asked.cooling, strict=True)
            high = np.minimum(high, [room(self.asked.size, gap, wait) for gap, wait in waits])
        _, groups, greedy = self._short
        everything = np.ones(len(greedy), np.bool_)
        first = self.order(greedy, low, high, toll)
        if first is None or (first.broken and not self.soft):
            first = self.order(everything, low, high, toll)
        if first is None:
            return None
        best, hard = self._exchanged(first.places, toll)
        if self.soft and best.units and (other := self.order(everything, low, high, toll)) is not None:
            best = max(best, self._exchanged(other.places, toll)[0], key=lambda page: page.worth)
        if start is not None:
            best = max(best, self._exchanged(self.short(start), toll, THOROUGH)[0], key=lambda page: page.worth)
        for _ in range(ROUNDS if hard or start is not None else 0):
            again = self.order(self._open(best.places, groups), low, high, toll)
            if again is None or np.array_equal(again.places, best.places):
                break
            better, _ = self._exchanged(again.places, toll)
            if better.worth <= (best.worth[0], best.value + 1e-9):
                break
            best = better
        return best

    def highest(self, places: Ints) -> tuple[int, ...]:
        """(3,) the most posts of one publisher, brand and topic on a page of these places."""
        held = self.names[:, places]
        return tuple(int(np.unique(names[names >= 0], return_counts=True)[1].max(initial=0)) for names in held)

    def long(self, found: Found) -> Ints:
        """The page's places among all candidates."""
        return self._short[0][found.places]

    def short(self, places: Ints) -> Ints:
        """Places among all candidates as places of the shortlist; a place that is not on it stays out of the way."""
        kept = self._short[0]
        at = np.minimum(np.searchsorted(kept, places), len(kept) - 1)
        return at if (kept[at] == places).all() and len(np.unique(at)) == len(at) else self._pinned_first(at)

    def _pinned_first(self, at: Ints) -> Ints:
        """Some page with the pins, to start from where a page of another problem cannot be had."""
        free = np.setdiff1d(np.arange(len(self._short[0])), self.pinned)
        page = self.pinned.copy()
        page[page < 0] = free[: int((page < 0).sum())]
        return page

    def _exchanged(self, places: Ints, toll: FloatArray, patience: int = PATIENCE) -> tuple[Found, bool]:
        scores, kinds = self._columns
        price, above = self._gap_price, PENALTY * (CAP_UNIT if self.soft else 1_000)
        unit = float(scores[places].max() - scores[places].min()) / 4 + 1e-6
        # A lap of a short page costs less.
        stamina = max(TIRED if self.soft else STAMINA, patience) * 20 // len(places)
        page, value, broken, due, over, hard = exchanged(
            scores, kinds, self._short[1], self.caps, places, self.pinned >= 0, toll, self.asked.gaps, self.asked.last,
            self.attention, price, above, above / 8 if self.soft else unit, price / 8 if self.soft else unit,
            4 * stamina, patience, stamina,
        )  # fmt: skip
        return Found(page, float(value), float(due), int(broken), int(over)), bool(hard)

    @property
    def _gap_price(self) -> float:
        return PENALTY * (GAP_UNIT if self.soft else 1.0)

    def _open(self, places: Ints, groups: NDArray[np.int32]) -> BoolArray:
        """Which candidates may be on a page without any other change: on it already, or of no full group."""
        shut = np.zeros(len(groups), np.bool_)
        for dim in range(groups.shape[1]):
            own = groups[:, dim]
            held = np.bincount(own[places] + 1, minlength=int(own.max(initial=-1)) + 2)
            held[0] = 0
            shut |= (held >= self.caps[dim])[own + 1]
        shut[places] = False
        return ~shut
