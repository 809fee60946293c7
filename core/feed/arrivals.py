"""Posts that came after a model's training: placed in it by their content, beside the requests, until the next training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.feed.arrival_links import Places, Steps, carried, joined, linked, stronger
from core.feed.index import Index
from core.feed.near import Spoken, spoken_for, strengths_of, strongest_reason
from core.models.content_features import ContentDoc
from core.models.placing import LATE_STRENGTH, LEAST_ALIKE, ONE, Placing
from core.pipeline.candidates import FloatArray, IntArray

MOST = 8_192
"""Arrivals that have room, in 8 MB at most; when it is full, the newer half stays."""
NEIGHBOURS = 64
"""Posts that an arrival is linked to, the most alike."""
SPOKEN_FOR = 64
"""Arrivals that an act on one post speaks for, the newest."""
ROOM = NEIGHBOURS + SPOKEN_FOR
"""Posts that an act on one post may add to those that the model found."""


class Tables:
    """Links as `core.feed.arrival_links` describes them, for `room` arrivals. Memory is taken as it fills."""

    def __init__(self, trained: int, wide: int, room: int) -> None:
        self.rows = np.zeros((room, NEIGHBOURS), np.int32)
        self.weights = np.zeros((room, NEIGHBOURS), np.float32)
        self.nexts = np.zeros(room * NEIGHBOURS, np.int32)
        self.head = np.zeros(trained + room, np.int32)
        self.vectors: Steps = np.zeros((room, wide), np.int8)
        self.gone = np.zeros(room, np.bool_)
        self.ids: list[str] = []
        self.places: dict[str, int] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """The first `count` arrivals of the tables, as one page sees them. `numbers` (room,) are post numbers of the index whose
    numbers are `known`, -1 for a post that was placed anew after an edit."""

    tables: Tables
    trained: int
    count: int
    numbers: IntArray
    known: Mapping[str, int]

    def place(self, post: str) -> int:
        """The post's place, behind those of the model; -1 if it is no arrival."""
        arrival = self.tables.places.get(post, self.count)
        return self.trained + arrival if arrival < self.count else -1

    def join(self, spoken: Spoken, history: Places, counts: FloatArray, tied: IntArray, end: int) -> None:
        """Add what the history says of arrivals and they of others to what the model found, which has room for `ROOM` posts for
        each of the history.

        `tied` (n,) are the numbers of the model's places, `end` the first number that the page's index does not know.
        """
        held = self.tables
        spoken.count = joined(
            spoken.table, spoken.found, spoken.sums, spoken.count, history, counts, tied, self.numbers, end,
            held.rows, held.weights, held.nexts, held.head, self.count, SPOKEN_FOR,
        )  # fmt: skip

    def stronger(self, best: Places, said: FloatArray, wanted: Places, history: Places, counts: FloatArray) -> None:
        """Put into `best` and `said` (w,) the element of the history that speaks most for each wanted place, where an arrival is
        involved and says more than stands there."""
        stronger(best, said, wanted, history, counts, self.trained, self.tables.rows, self.tables.weights)

    def living(self, index: Index) -> int:
        """How many of them are live in this snapshot."""
        if index.known is not self.known:
            return 0
        numbers = self.numbers[: self.count]
        numbers = numbers[(numbers >= 0) & (numbers < len(index.row_of))]
        return int(np.count_nonzero(index.live[index.row_of[numbers]]))


class Arrivals:
    """Keeps `seen` up to date. One thread at a time may call what changes it; readers take `seen` as it is."""

    def __init__(self, placing: Placing, numbers: Callable[[Index], IntArray], *, room: int = MOST) -> None:
        """`numbers` ties the model's places to an index, see `ServingModel.numbers`."""
        self._placing, self._tied, self._room = placing, numbers, room
        # One sort of array, whoever opened it, so that the compiled code exists once.
        self._vectors = np.ascontiguousarray(placing.vectors).view()
        self._vectors.flags.writeable = False
        self._tables = self._empty()
        self._count = 0
        self._numbers = np.full(room, -1, np.int32)
        self._known: Mapping[str, int] | None = None
        self._looked = 0
        self._waiting: list[int] = []
        self.seen: Arrived | None = None

    def behind(self, index: Index) -> bool:
        """Whether this snapshot may hold posts that have no place yet."""
        return index.known is not self._known or index.size > self._looked or bool(self._waiting)

    def follow(self, index: Index) -> None:
        """Look through rows that were added since the last call; those of an index that was built anew are all new."""
        if index.known is not self._known:
            self._numbers = np.full(self._room, -1, np.int32)
            held = self._tables
            for arrival, id in enumerate(held.ids[: self._count]):
                if not held.gone[arrival]:
                    self._numbers[arrival] = index.known.get(id, -1)
            self._known, self._looked, self._waiting = index.known, 0, []
            self._show()
        if index.size <= self._looked:
            return
        rows = np.arange(self._looked, index.size)
        tied = self._tied(index)
        trained = np.zeros(len(index.row_of), np.bool_)
        trained[tied[(tied >= 0) & (tied < len(trained))]] = True
        rows = rows[index.live[rows] & ~trained[index.number[rows]]]
        rows = rows[np.argsort(index.published_at[rows], kind="stable")]
        self._waiting = (self._waiting + rows.tolist())[-self._room :]
        self._looked = index.size

    def waiting(self, index: Index, count: int) -> list[str]:
        """The posts that have waited longest for a place, at most `count`."""
        return [index.ids[row] for row in self._waiting[:count] if index.live[row]]

    def place(self, index: Index, docs: Sequence[ContentDoc], done: int) -> None:
        """Give these posts places; `done` of those waiting are then through, whether they still exist or not.

        A post that is placed already is placed anew if it says something else now. Costs .6 ms per post and 100,000 posts of the
        model, and holds nobody up meanwhile.
        """
        for doc, vector in zip(docs, self._placing.of(docs), strict=True):
            self._put(index, doc.id, vector)
        self._waiting = self._waiting[done:]
        self._show()

    def _put(self, index: Index, id: str, vector: Steps) -> None:
        if (number := index.known.get(id, -1)) < 0:
            return
        held = self._tables
        if (before := held.places.get(id, -1)) >= 0:
            if np.array_equal(held.vectors[before], vector):
                return
            held.gone[before], self._numbers[before] = True, -1
            del held.places[id]
        if not vector.any():
            return
        if self._count == self._room:
            self._make_room(index)
            held = self._tables
        arrival = self._count
        held.vectors[arrival] = vector
        linked(
            self._vectors, held.vectors, held.gone, arrival, int(LEAST_ALIKE * ONE * ONE), LATE_STRENGTH / (ONE * ONE),
            held.rows, held.weights, held.nexts, held.head,
        )  # fmt: skip
        held.ids.append(id)
        self._numbers[arrival] = number
        self._count += 1
        held.places[id] = arrival

    def _make_room(self, index: Index) -> None:
        """The newer half of the living, in tables of their own: pages under way go on with the old ones."""
        old, numbers = self._tables, self._numbers
        alive = np.array([number >= 0 and index.live[index.row_of[number]] for number in numbers.tolist()], np.bool_)
        kept = np.flatnonzero(alive & ~old.gone)[-max(self._room // 2, 1) :].astype(np.int32)
        moved = np.full(len(old.head), -1, np.int32)
        moved[: len(self._vectors)] = np.arange(len(self._vectors))
        moved[len(self._vectors) + kept] = len(self._vectors) + np.arange(len(kept))
        held = self._empty()
        carried(old.rows, old.weights, kept, moved, held.rows, held.weights, held.nexts, held.head)
        held.vectors[: len(kept)] = old.vectors[kept]
        held.ids = [old.ids[arrival] for arrival in kept.tolist()]
        held.places = {id: arrival for arrival, id in enumerate(held.ids)}
        self._tables, self._count = held, len(kept)
        self._numbers = np.full(self._room, -1, np.int32)
        self._numbers[: len(kept)] = numbers[kept]

    def _empty(self) -> Tables:
        return Tables(len(self._vectors), self._vectors.shape[1], self._room)

    def _show(self) -> None:
        """Let pages see what is there now."""
        if self._known is not None and self._count:
            self.seen = Arrived(self._tables, len(self._vectors), self._count, self._numbers, self._known)


def compiled() -> None:
    """Have the compiled code ready, so that no viewer waits for it."""
    nobody: IntArray = np.empty(0, np.int32)
    one = Tables(1, 64, 1)
    vectors = np.zeros((1, 64), np.int8)
    vectors.flags.writeable = False
    linked(
        vectors, one.vectors, one.gone, 0, 1, 1.0 / ONE, one.rows, one.weights, one.nexts, one.head
    )  # fmt: skip
    carried(one.rows, one.weights, nobody, nobody, one.rows, one.weights, one.nexts, one.head)
    seen = Arrived(one, 1, 1, np.full(1, -1, np.int32), {})
    acts, counts = np.zeros(1, np.int64), np.zeros(1)
    seen.join(Spoken.nothing(ROOM), acts, counts, np.full(1, -1, np.int32), 0)
    seen.stronger(np.full(1, -1), np.zeros(1), acts, acts, counts)
    rows, weights = one.rows[:1], one.weights[:1]  # as a mapped model has them: not to be written to
    rows.flags.writeable = weights.flags.writeable = False
    spoken = spoken_for(rows, weights, acts, counts, np.full(1, -1, np.int32), 0)
    strongest_reason(rows, weights, acts, counts, acts)
    strengths_of((0,), (0.0,), (0,), 0)
    spoken.of(nobody, nobody)
