"""One search for the best page under given caps, pins and bounds: shortlist, exact order, exchanges."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.lazily import lazily
from core.feed.mix_asked import CAP_UNIT, GAP_UNIT, Asked, Ints
from core.feed.mix_bounds import room
from core.feed.mix_exchange import exchanged
from core.feed.mix_groups import SPARE, shortlist
from core.feed.mix_solver import PENALTY, best_order, cooldowns_within
from core.pipeline.candidates import BoolArray, FloatArray

PATIENCE, STAMINA, TIRED = 0, 60, 6
"""A search ends after so many laps without an improvement: when it began near the best page, otherwise, and when rules give way."""

THOROUGH = 30
"""Laps without an improvement from a page that is known already, where time matters less: for prices."""

ROUNDS = 3
"""How often a page that was hard to make is put into its exact best order and improved again at most."""

MOST_STATES = 1_000_000
"""States of the programme per layer; above that its gaps are shortened and the rest of them is left to the exchanges."""


class Frame(msgspec.Struct, frozen=True, eq=False):
    """What a search keeps to: counts within `least` and `most` (4,), each paying its `toll` (4, size + 3), and the cooldowns."""

    least: Ints
    most: Ints
    toll: FloatArray
    follow: NDArray[np.int16]
    broken: NDArray[np.int8]


class Found(msgspec.Struct, frozen=True, eq=False):
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


class Board(msgspec.Struct, frozen=True, eq=False, dict=True):
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

    @lazily
    def _short(self) -> tuple[Ints, FloatArray, Ints, NDArray[np.int32], Ints, BoolArray]:
        """The shortlist: places, scores, kinds, groups under caps that may bind, these caps, and what a greedy walk takes."""
        size, spare = self.asked.size, SPARE + self.asked.size if self.soft else SPARE
        found: tuple[Ints, FloatArray, Ints, NDArray[np.int32], Ints, BoolArray] = shortlist(
            self.scores, self.kinds, self.names, self.caps, self._pinned_places, size, 3 * size + 20, spare
        )
        return found

    @lazily
    def _pinned_places(self) -> Ints:
        places = np.full(self.asked.size, -1, np.int64)
        for slot, place in self.pins:
            places[slot] = place
        return places

    @lazily
    def pinned(self) -> Ints:
        """(size,) the shortlisted candidate that must stand in a slot, −1 for none."""
        places = self._pinned_places
        return np.where(places >= 0, np.searchsorted(self._short[0], places), -1) if self.pins else places

    @property
    def pool(self) -> Ints:
        """The shortlist, as places among all candidates."""
        return self._short[0]

    @property
    def everything(self) -> BoolArray:
        """The whole shortlist."""
        return np.ones(len(self.pool), np.bool_)

    def greedy_new(self, new: BoolArray) -> tuple[int, ...]:
        """How many of each kind are `new` (n,) among those that can stand together under the caps."""
        kept, _, kinds, _, _, greedy = self._short
        return tuple(np.bincount(kinds[greedy & new[kept]], minlength=4).tolist())

    @lazily
    def overdrawn(self) -> int:
        """So many posts of any page are above some cap at least, because the candidates have too few groups."""
        _, _, _, groups, caps, greedy = self._short
        if np.count_nonzero(greedy) >= self.asked.size:
            return 0
        found = 0
        for dim, cap in enumerate(caps.tolist()):
            held = np.bincount(groups[:, dim] + 1)
            found = max(found, self.asked.size - int(held[0]) - int(np.minimum(held[1:], cap).sum()))
        return found

    def frame(self, least: Sequence[int], most: Sequence[int], toll: FloatArray | None = None) -> Frame:
        """For counts within `least` and `most`; without a `toll` these are hard, and what depends on rules alone is kept."""
        if toll is not None:
            return self._frame(least, most, toll)
        key = ("frame", self.soft, tuple(least), tuple(most), self.asked.cooling)
        return self.asked.standing.once(key, lambda: self._frame(least, most, self.asked.toll(least, most)))

    def _frame(self, least: Sequence[int], most: Sequence[int], toll: FloatArray) -> Frame:
        gaps, cooling, high = self.asked.standing.gap, self.asked.cooling, np.array(most, np.int64)
        if not self.soft:
            high = np.minimum(high, [room(self.asked.size, gap, wait) for gap, wait in zip(gaps, cooling, strict=True)])
        cells = int(np.prod(np.sort(high)[:3] + 1))
        follow, broken = cooldowns_within(gaps, cooling, min(MOST_STATES // cells, 8_000))
        return Frame(np.array(least, np.int64), high, toll, follow, broken)

    def order(self, allowed: BoolArray, frame: Frame) -> Found | None:
        """The exact best page of these candidates without regard to caps; None if there is none."""
        _, scores, kinds, _, _, _ = self._short
        places, value, count, due = best_order(
            scores, kinds, allowed, self.pinned, frame.least, frame.most, frame.toll, frame.follow, frame.broken,
            self.attention, self._gap_price,
        )  # fmt: skip
        return Found(places, value, due, count, 0) if places[0] >= 0 else None

    def search(
        self,
        least: Sequence[int],
        most: Sequence[int],
        toll: FloatArray | None = None,
        *,
        start: Ints | None = None,
        floor: float = 0.0,
    ) -> Found | None:
        """The best page with counts within `least` and `most`, paying `toll`; None if no order of kinds is possible.

        Without a `toll` the counts are hard. `start` is a page to begin with too, for a longer search. It is known that rules give
        way by `floor` units at least: a page where they do by no more is not searched much longer.
        """
        frame = self.frame(least, most, toll)
        first = self.order(self._short[-1], frame)
        if first is None or (first.broken and not self.soft):
            first = self.order(self.everything, frame)
        if first is None:
            return None
        best, hard = self._exchanged(first.places, frame.toll, floor=floor)
        if self.soft and best.units > floor + 1e-6 and (other := self.order(self.everything, frame)) is not None:
            best = max(best, self._exchanged(other.places, frame.toll, floor=floor)[0], key=lambda page: page.worth)
        if start is not None:
            best = max(best, self._exchanged(self.short(start), frame.toll, THOROUGH)[0], key=lambda page: page.worth)
        for _ in range(ROUNDS if hard or start is not None else 0):
            again = self.order(self._open(best.places), frame)
            if again is None or np.array_equal(again.places, best.places):
                break
            better, _ = self._exchanged(again.places, frame.toll, floor=floor)
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
        return at if (kept[at] == places).all() and len(np.unique(at)) == len(at) else self._pinned_first()

    def _pinned_first(self) -> Ints:
        """Some page with the pins, to start from where a page of another problem cannot be had."""
        free = np.setdiff1d(np.arange(len(self._short[0])), self.pinned)
        page = self.pinned.copy()
        page[page < 0] = free[: int((page < 0).sum())]
        return page

    def _exchanged(
        self, places: Ints, toll: FloatArray, patience: int = PATIENCE, *, floor: float = 0.0
    ) -> tuple[Found, bool]:
        _, scores, kinds, groups, caps, _ = self._short
        price, above = self._gap_price, PENALTY * (CAP_UNIT if self.soft else 1_000)
        stamina = max(TIRED if self.soft else STAMINA, patience) * 20 // max(len(places), 20)
        page, value, broken, due, over, hard = exchanged(
            scores, kinds, groups, caps, places, self.pinned >= 0, toll, self.asked.gaps, self.asked.last,
            self.attention, price, above, above / 8 if self.soft else 0.0, price / 8 if self.soft else 0.0,
            4 * stamina, patience, stamina, (floor + 1e-6) * PENALTY if floor else 0.0,
        )  # fmt: skip
        return Found(page, value, due, broken, over), hard

    @property
    def _gap_price(self) -> float:
        return PENALTY * (GAP_UNIT if self.soft else 1.0)

    def _open(self, places: Ints) -> BoolArray:
        """Which candidates may be on a page without any other change: on it already, or of no full group."""
        _, _, _, groups, caps, _ = self._short
        shut = np.zeros(len(groups), np.bool_)
        for dim in range(groups.shape[1]):
            own = groups[:, dim]
            held = np.bincount(own[places] + 1, minlength=int(own.max(initial=-1)) + 2)
            held[0] = 0
            shut |= (held >= caps[dim])[own + 1]
        shut[places] = False
        return ~shut
