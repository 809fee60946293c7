"""Campaigns as a feed process holds them: the board, and what this process has delivered that the board does not count yet."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.campaign_data import BOARD, CampaignBoard, Running
from core.domain.errors import ServiceError
from core.domain.feed import PackedSlot, Slot
from core.domain.ids import DAY, MINUTE, SECOND, Millis, new_id
from core.feed.campaign_table import CampaignTable, numbered
from core.feed.index import Index
from core.feed.pacing import allowance
from core.feed.served_record import ServedPage
from core.pipeline.candidates import FloatArray, IntArray
from core.services import feed_metrics as metrics
from core.services.stores import Stores

Counts = NDArray[np.int64]

STALE: Millis = 2 * MINUTE
"""A board older than this paces nobody: no campaign takes part until it is renewed."""

MOST_SPONSORED = 0.3
"""The greatest share of what one viewer is served that may be sponsored, by all campaigns together."""

RETRY: Millis = 1 * SECOND


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """A board in arrays over its c campaigns. `allowed` is what this process may have delivered of each, all its life."""

    version: int
    board: CampaignBoard
    places: dict[str, int]
    shares: FloatArray
    starts: Counts
    ends: Counts
    allowed: Counts
    table: CampaignTable


class Taken:
    """The slots that a page in the making holds, so that pages made at the same time do not all take the last one."""

    def __init__(self, owner: FeedCampaigns) -> None:
        self._owner = owner
        self.held: _Held | None = None
        self.slots: IntArray | None = None

    def count(self, slots: Sequence[Slot | PackedSlot]) -> None:
        """The page was served: these of its slots are deliveries."""
        self._owner.count(slots)


class FeedCampaigns:
    """Thread safe. Never raises: while the store is down the last known board holds, until it is STALE."""

    def __init__(self, stores: Stores) -> None:
        self._boards = stores.campaign_boards
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._numbers: tuple[_Held, object, int, CampaignTable] | None = None
        self._retry_at: Millis = 0
        self._own: dict[str, int] = {}
        self._own_at: dict[str, Millis] = {}
        self._used: Counts = np.zeros(0, np.int64)
        self._taken: Counts = np.zeros(0, np.int64)
        self._process = ""
        self._now: Millis = 0

    @contextmanager
    def page(self) -> Iterator[Taken]:
        """Around the making of one page that will count; what it took and did not use is given back."""
        taken = Taken(self)
        try:
            yield taken
        finally:
            self._give_back(taken)

    def table(
        self, version: int, index: Index, *, size: int, seen: int, now: Millis, taken: Taken | None = None
    ) -> CampaignTable | None:
        """The campaigns that take part in a page of `size` for a viewer who was served `seen` posts; None if none does.

        Of one campaign a viewer gets at most ⌊share · n⌋ of the first n posts, for every n that ends a page, and of all together
        ⌊MOST_SPONSORED · n⌋. With `taken`, the slots are held for the page.
        """
        held = self._at_least(version, now)
        if held is None or not held.places:
            return None
        if now - held.board.at > STALE:
            metrics.DEGRADED.labels("campaigns").inc()
            return None
        most = _part(MOST_SPONSORED, seen + size) - _part(MOST_SPONSORED, seen)
        wanted = np.floor(held.shares * (seen + size) + 1e-9) - np.floor(held.shares * seen + 1e-9)
        wanted[(now < held.starts) | (now >= held.ends)] = 0
        if taken is not None:
            self._give_back(taken)
        with self._lock:
            if held is not self._held:
                return None  # renewed by another request this very moment; the next page takes part again
            slots = np.maximum(np.minimum(wanted, held.allowed - self._used - self._taken), 0).astype(np.int32)
            if taken is not None:
                self._taken += slots
                taken.held, taken.slots = held, slots
        if not most or not slots.any():
            return None
        table = self._numbered(held, index)
        return replace(table, slots=slots, most=most) if len(table.numbers) else None

    def count(self, slots: Sequence[Slot | PackedSlot]) -> None:
        """Take note of what was just served, ahead of the worker's count."""
        sponsored = [slot.campaign for slot in slots if slot.campaign]
        if not sponsored:
            return
        with self._lock:
            places = self._held.places if self._held is not None else {}
            for id in sponsored:
                self._own[id] = self._own.get(id, 0) + 1
                self._own_at[id] = self._now
                if (place := places.get(id, -1)) >= 0:
                    self._used[place] += 1

    def signed(self, page: ServedPage) -> ServedPage:
        """The record of a page; one with deliveries names this process, so that its own count can be told from what was counted."""
        return (
            msgspec.structs.replace(page, process=self._process) if any(slot.campaign for slot in page.slots) else page
        )

    def _give_back(self, taken: Taken) -> None:
        if taken.held is None or taken.slots is None:
            return
        with self._lock:
            if taken.held is self._held:
                self._taken -= taken.slots
            elif self._held is not None:
                for id, count in zip(taken.held.places, taken.slots.tolist(), strict=True):
                    if (place := self._held.places.get(id, -1)) >= 0:
                        self._taken[place] -= count
        taken.held = taken.slots = None

    def _at_least(self, version: int, now: Millis) -> _Held | None:
        """The board, read anew if the signal has moved."""
        self._now = now
        held = self._held
        if held is not None and held.version >= version:
            return held
        with self._lock:
            held = self._held
            if (held is not None and held.version >= version) or now < self._retry_at:
                return held
            try:
                board = self._boards.find_one(BOARD) or CampaignBoard()
            except ServiceError:
                metrics.DEGRADED.labels("campaigns").inc()
                self._retry_at = now + RETRY
                return held
            self._process = self._process or new_id(now)
            before, self._held = self._held, self._arranged(version, board, now)
            ids = list(self._held.places)
            in_work = dict(zip(before.places, self._taken.tolist(), strict=True)) if before is not None else {}
            self._used = np.array([self._own.get(id, 0) for id in ids], np.int64)
            self._taken = np.array([in_work.get(id, 0) for id in ids], np.int64)
            return self._held

    def _arranged(self, version: int, board: CampaignBoard, now: Millis) -> _Held:
        running = board.running
        for one in running:
            if self._process not in one.processes and self._own_at.get(one.id, now) < now - DAY:
                self._own.pop(one.id, None)  # the worker forgets a process that has delivered nothing for two days
        bonus = np.array([one.value * one.multiplier for one in running], np.float64)
        nothing = np.empty(0, np.int32)
        return _Held(
            version=version,
            board=board,
            places={one.id: place for place, one in enumerate(running)},
            shares=np.array([one.max_share for one in running], np.float64),
            starts=np.array([one.starts_at for one in running], np.int64),
            ends=np.array([one.ends_at for one in running], np.int64),
            allowed=np.array([self._allowed(one, board.processes) for one in running], np.int64),
            table=CampaignTable(
                tuple(one.id for one in running), tuple(one.name for one in running), bonus, nothing, nothing, nothing
            ),
        )

    def _allowed(self, one: Running, processes: int) -> int:
        """What this process may have delivered, all its life: what is counted of it, and its part of what is left."""
        return one.processes.get(self._process, 0) + allowance(one.ceiling, one.delivered, processes)

    def _numbered(self, held: _Held, index: Index) -> CampaignTable:
        """The board's posts as numbers of this index; done anew when either has changed."""
        size = len(index.row_of)
        done = self._numbers
        if done is not None and done[0] is held and done[1] is index.known and done[2] == size:
            return done[3]
        posts = [one.posts for one in held.board.running]
        numbers, owners = numbered(posts, held.table.bonus, index.known, size)
        table = replace(held.table, numbers=numbers, owners=owners)
        self._numbers = (held, index.known, size, table)
        return table


def _part(share: float, posts: int) -> int:
    return int(share * posts + 1e-9)
