"""The best page under every rule of the mix: shares, gaps and pins exactly, caps by a guided search around them.

Measured by `tests/benchmarks/mix_gap.py` against an integer programme.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
from msgspec import field
from numpy.typing import NDArray

from core.domain.feed import Relaxation
from core.domain.lazily import lazily
from core.domain.mix import CAPS, MixPolicy
from core.domain.post import PostKind
from core.domain.viewer import FeedSession
from core.feed.index import KIND_NUMBER, KINDS
from core.feed.mix_asked import Asked
from core.feed.mix_bounds import Bounds, bounds
from core.feed.mix_relax import least_relaxed
from core.feed.mix_search import Board
from core.pipeline.candidates import BoolArray, FloatArray

ATTENTION = 0.97
"""Each slot is looked at by this share of the viewers who looked at the one before."""

Places = NDArray[np.int64]


@lru_cache(maxsize=64)
def _attention(size: int) -> FloatArray:
    weights: FloatArray = np.power(ATTENTION, np.arange(size, dtype=np.float64))
    return weights


class Problem(msgspec.Struct, frozen=True, eq=False, dict=True):
    """What a page is made from: candidates ranked by score, highest first.

    `scores`, `kinds` (numbers of KINDS), `publishers` and `new` have one element per candidate; `new` is false for what comes
    again, which is placed only after everything new. So have `brands` and `topics`, where they are given; below 0 is none.
    `pins` are (slot, candidate); `session` is what the viewer was served before. `groups` (3, n) are publishers, brands and topics
    where they are one array already, `counts` (4,) the candidates of each kind where these are counted already.
    """

    scores: FloatArray
    kinds: NDArray[np.int64]
    publishers: NDArray[np.int64]
    new: BoolArray
    size: int
    policy: MixPolicy
    brands: NDArray[np.int64] | None = None
    topics: NDArray[np.int64] | None = None
    pins: tuple[tuple[int, int], ...] = ()
    session: FeedSession = field(default_factory=FeedSession)
    groups: NDArray[np.int64] | None = None
    counts: list[int] | None = None

    @lazily
    def asked(self) -> Asked:
        """The policy's rules for this page."""
        return Asked(self.policy, self.slots, self.session)

    @property
    def slots(self) -> int:
        """How many slots can be filled."""
        return min(self.size, len(self.scores))

    @property
    def attention(self) -> FloatArray:
        """Weight per slot."""
        return _attention(self.slots)

    @lazily
    def available(self) -> list[int]:
        """How many candidates of each kind there are."""
        if self.counts is not None:
            return self.counts
        counts: list[int] = np.bincount(self.kinds, minlength=len(KINDS)).tolist()
        return counts

    @lazily
    def names(self) -> NDArray[np.int64]:
        """(3, n) publishers, brands and topics."""
        if self.groups is not None:
            return self.groups
        names = np.full((3, len(self.scores)), -1, np.int64)
        names[0] = self.publishers
        if self.brands is not None:
            names[1] = self.brands
        if self.topics is not None:
            names[2] = self.topics
        return names

    def board(self, asked: Asked, pins: Sequence[tuple[int, int]] | None = None, soft: bool = False) -> Board:
        """The candidates under the caps and these pins, by default all; with `soft` rules may give way."""
        held = self.kept_pins if pins is None else tuple(pins)
        return Board(asked, self.scores, self.kinds, self.names, self.attention, asked.caps, held, soft)

    @lazily
    def kept_pins(self) -> tuple[tuple[int, int], ...]:
        """Pins within the page."""
        return tuple(pin for pin in self.pins if pin[0] < self.slots)


class MixedPage(msgspec.Struct, frozen=True, eq=False):
    """`places` among the candidates in slot order, the page's `value`, and the slots each kind was allowed.

    `relaxed` are the rules that could not be kept, `notes` the same in sentences, and `broken` how many gaps are among them. It is
    `lacking` choice if candidates of other publishers, brands or topics might have let it keep more of them.
    """

    places: Places
    value: float
    limits: Bounds
    broken: int = 0
    relaxed: tuple[Relaxation, ...] = ()
    lacking: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be kept, for people."""
        return tuple(dict.fromkeys(one.note for one in self.relaxed))


def best_page(problem: Problem, *, start: Places | None = None) -> MixedPage:
    """The page with the highest value that keeps every rule; if there is none, the best one under the least relaxation.

    Without a cap that binds, the page is exact. `start` is a page to begin with too, for a longer search.
    """
    asked, available = problem.asked, problem.available
    board = problem.board(asked)
    must = None if np.count_nonzero(problem.new) == len(problem.new) else board.greedy_new(problem.new)
    if must is not None and sum(must) >= problem.slots:
        must = None
    limits = _limits(problem, must)
    without: tuple[int, ...] | None
    found = board.search(limits.least, limits.most, start=start) if not board.overdrawn else None
    if found is None or not found.clean:
        needed = must or (0,) * len(KINDS)
        relaxed = least_relaxed(problem.board, asked, problem.kept_pins, available, needed)
        places, value, without = relaxed.places, relaxed.value, relaxed.without
    else:
        places, value, without = board.long(found), found.value, None
    kinds: list[int] = problem.kinds[places].tolist()
    gives: tuple[Relaxation, ...] = ()
    if without is not None or not (limits.sure or asked.keeps_shares(kinds)):
        gives = asked.relaxed(kinds, available, board.highest(places), without or ())
    broken = sum(often for often, _ in asked.broken(kinds).values()) if without is not None else 0
    return MixedPage(places, value, limits, broken, gives, _lacking(gives, available))


def _lacking(gives: Sequence[Relaxation], available: Sequence[int]) -> bool:
    """Whether a cap was passed, or a kind fell short of which there were candidates left."""
    for one in gives:
        if one.field in CAPS:
            return True
        _, kind, *end = one.field.split(".")
        if end == ["least"] and available[KIND_NUMBER[PostKind(kind)]] > one.given:
            return True
    return False


def _limits(problem: Problem, must: tuple[int, ...] | None) -> Bounds:
    """The slots that each kind may have; that more candidates than slots are there makes no difference."""
    size, policy, session = problem.slots, problem.policy, problem.session
    there = tuple([min(count, size) for count in problem.available])
    served = tuple([session.kinds.get(kind, 0) for kind in KINDS]) if policy.session_shares else ()
    return problem.asked.standing.once(
        ("limits", there, must, served), lambda: bounds(policy, size, problem.available, must, session)
    )
