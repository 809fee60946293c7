"""What one request asks: for whom, how much, under which policy, and the chance it may use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b

import msgspec
import numpy as np
from msgspec import field
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import DTypeLike, NDArray

from core.domain.ids import Millis
from core.domain.lazily import lazily
from core.domain.mix import MixPolicy
from core.domain.viewer import FeedSession, ViewerState
from core.feed.calibrated import AS_PREDICTED, Calibration
from core.feed.campaign_table import CampaignTable
from core.feed.columns import Vocabulary
from core.feed.gate import Gate
from core.feed.gate_kernels import HIDDEN, REASONS, SEEN, mark
from core.feed.index import Index
from core.feed.seen_numbers import seen_numbers
from core.feed.serving_model import Near
from core.pipeline.candidates import BoolArray, FloatArray, IntArray


class FeedQuery(msgspec.Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """One request for a page. `marks` (post numbers,) says which posts are seen or hidden; see `marked`.

    `region` empty means anywhere; `languages` empty means any. `tags` and `publishers` are the viewer's affinities as vectors
    over the index's numbers, decayed to `now`, those to tags above what is usual; `usual_tags` is what they make of a
    usual post, see `above_usual`. `near` is what a model makes of the last acts, None without a model. `priced` asks for the price
    of every binding rule, some milliseconds. `calibration` corrects predicted chances; `campaigns` are those
    that take part, None if none does; `session` is what was served before in this session. `gate` judges rows by all of it.
    """

    viewer: ViewerState
    index: Index
    policy: MixPolicy
    size: int
    now: Millis
    rng: np.random.Generator
    marks: NDArray[np.uint8]
    trending: Mapping[str, float]
    tags: FloatArray
    publishers: FloatArray
    usual_tags: float = 0.0
    region: str = ""
    language: str = ""
    languages: tuple[str, ...] = ()
    priced: bool = False
    near: Near | None = None
    calibration: Calibration = AS_PREDICTED
    campaigns: CampaignTable | None = None
    session: FeedSession = field(default_factory=FeedSession)

    @lazily
    def gate(self) -> Gate:
        """What this viewer may be shown of this index."""
        return Gate(self.index, self.marks, self.publishers, self.region, self.languages)

    def reasons(self, rows: IntArray) -> tuple[tuple[str, BoolArray], ...]:
        """Why each of these rows may not be shown to this viewer, as a mask per reason; seen posts are not among them."""
        bits, _ = self.gate.judged(rows)
        return tuple((reason, (bits & 1 << bit) != 0) for bit, reason in enumerate(REASONS) if 1 << bit != SEEN)

    def unfit(self, rows: IntArray) -> BoolArray:
        """Which of these rows may not be shown, seen ones included."""
        return np.asarray(self.gate.judged(rows)[0] != 0)

    def fit(self, rows: IntArray) -> BoolArray:
        """Which of these rows may be shown."""
        return np.asarray(self.gate.judged(rows)[0] == 0)

    def seen(self, rows: IntArray) -> BoolArray:
        """Which of these rows this viewer was already served."""
        return np.asarray((self.gate.judged(rows)[0] & SEEN) != 0)

    def publisher_affinity(self, rows: IntArray) -> FloatArray:
        """The viewer's affinity to each row's publisher; publishers newer than the vector weigh nothing."""
        if not len(self.publishers):
            return np.zeros(len(rows))
        numbers = self.index.publisher[rows]
        last = len(self.publishers) - 1
        return np.where(numbers <= last, self.publishers[np.minimum(numbers, last)], 0.0)

    def passed_over(self, rows: IntArray) -> dict[str, int]:
        """Counts by reason of those of these rows that may not be shown; a seen one counts as seen alone."""
        return self.gate.passed_over(rows)


def lots(request: str) -> np.random.Generator:
    """The chance that a request may use: the same request always draws the same lots."""
    seed = _Seed(request)
    return np.random.Generator(np.random.PCG64(seed))  # type: ignore[arg-type]  # documented: any ISeedSequence


class _Seed(ISeedSequence):
    """256 bits of a hash of the request. numpy's own way from a number to a generator's state takes longer."""

    def __init__(self, request: str) -> None:
        self._words = np.frombuffer(blake2b(request.encode(), digest_size=32).digest(), np.uint64)

    def generate_state(self, n_words: int, dtype: DTypeLike = np.uint64) -> NDArray[np.uint64]:
        """The four words that the generator asks for."""
        if (n_words, np.dtype(dtype)) != (4, np.dtype(np.uint64)):
            raise ValueError(f"a request's lots give 4 words of 64 bits, not {n_words} of {np.dtype(dtype)}")
        return self._words


KEPT_ROOMS = 32
"""Wiped arrays that wait for the next requests; as many are in use as pages are made at the same moment."""
_rooms: list[NDArray[np.uint8]] = []
_NO_ROOM: NDArray[np.uint8] = np.empty(0, np.uint8)


@contextmanager
def marked(index: Index, state: ViewerState) -> Iterator[NDArray[np.uint8]]:
    """One byte per post number: SEEN and HIDDEN bits of this viewer.

    The array belongs to the request for as long as it lasts and is wiped where it was written, so that a request costs as much as
    the viewer has seen and not as much as the catalogue holds.
    """
    need = len(index.row_of)
    try:
        room = _rooms.pop()
    except IndexError:
        room = _NO_ROOM
    if len(room) < need:
        room = np.zeros(need + need // 4 + 1_024, np.uint8)
    seen = seen_numbers.of(index, state)
    hidden = index.numbers_of(state.hidden) if state.hidden else None
    mark(room, seen, 0, SEEN)
    if hidden is not None:
        mark(room, hidden, SEEN, HIDDEN)
    try:
        yield room
    finally:
        mark(room, seen, 0, 0)
        if hidden is not None:
            mark(room, hidden, 0, 0)
        if len(_rooms) < KEPT_ROOMS:
            _rooms.append(room)


def marks_of(index: Index, state: ViewerState) -> NDArray[np.uint8]:
    """The same as `marked` in an array of its own: for explanations, not for pages."""
    marks = np.zeros(len(index.row_of), np.uint8)
    marks[index.numbers_of(state.seen)] |= SEEN
    marks[index.numbers_of(state.hidden)] |= HIDDEN
    return marks


def affinity_vector(affinities: Mapping[str, float], names: Vocabulary, fade: float) -> FloatArray:
    """Affinities by name, faded, as a vector over the index's numbers; names without a number are left out."""
    found = names.find_all(affinities)
    # One place more than there are numbers: the last takes the values of unknown names (-1), and is cut off.
    vector = np.zeros(max(found, default=-1) + 2)
    vector[found] = np.fromiter(affinities.values(), np.float64, len(found)) * fade
    return vector[:-1]


LEAST_USUAL = 1e-9
"""Tags per post; a catalogue with fewer has none."""


def above_usual(tags: FloatArray, shares: FloatArray) -> tuple[FloatArray, float]:
    """Affinities to tags (t,) less what somebody would have who acted on posts by lot, and their sum over a usual post's tags.

    `shares` (s,) is the part of the posts that wear each tag; tags from s on are too new to have one.

    u = tags − w · shares, w = Σ tags / Σ shares and at least 0: what acts on usual posts, of Σ shares tags each, would have left.
    Then Σ u over a post's tags − Σ u · shares is how much more the viewer likes it than a usual post; without this, tags that
    every second post wears would say most.
    """
    usual = float(shares.sum())
    weight = max(float(tags.sum()), 0.0) / usual if usual > LEAST_USUAL else 0.0
    if not weight:
        return tags, float(tags[: len(shares)] @ shares[: len(tags)])
    above = np.zeros(max(len(tags), len(shares)))
    above[: len(tags)] = tags
    above[: len(shares)] -= weight * shares
    return above, float(above[: len(shares)] @ shares)
