"""Random pages under every rule, and integer programmes that know the best answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from msgspec import structs
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from core.domain.mix import MixPolicy, Pin, Share
from core.domain.viewer import FeedSession
from core.feed.index import KINDS
from core.feed.mix import Problem
from core.feed.mix_asked import CAP_UNIT, GAP_UNIT, PIN_UNIT, SESSION_UNIT, SHARE_UNIT, UNCAPPED, Asked
from core.feed.mix_bounds import bounds


def random_problem(seed: int, *, sizes: tuple[int, int] = (8, 20), count: tuple[int, int] = (80, 200)) -> Problem:
    """A page of a random size under shares of page and session, gaps, pins and caps on publisher, brand and topic.

    Few publishers have most of the posts, brands mostly are publishers, topics are skewed, and viewers like some of all three
    more than others, so that caps bind.
    """
    rng = np.random.default_rng(seed)
    size, many = int(rng.integers(sizes[0], sizes[1] + 1)), int(rng.integers(count[0], count[1] + 1))
    names = int(rng.integers(10, 50))
    publishers = rng.pareto(1.1, many).astype(np.int64) % names
    brands = np.where(rng.random(many) < 0.7, publishers, rng.integers(0, names, many))
    topics = np.minimum(rng.exponential(5, many).astype(np.int64), 19)
    topics[rng.random(many) < 0.15] = -1
    liked = rng.gamma(6, 1 / 6, names)[publishers] * rng.gamma(8, 1 / 8, 20)[np.maximum(topics, 0)]
    scores = liked * rng.gamma(3, 0.4, many)
    order = np.argsort(-scores, kind="stable")
    least = rng.dirichlet([4, 1.5, 1.5, 2]) * rng.uniform(0.3, 0.7)
    most = np.minimum(least + rng.uniform(0.15, 0.6, 4), 1)
    most[0] = max(most[0], 1 - most[1:].sum() + 0.1)
    shares = [Share(least=float(low), most=float(min(top, 1))) for low, top in zip(least, most, strict=True)]
    session_shares, session = {}, FeedSession()
    if rng.random() < 0.6:
        session_shares = {
            kind: Share(least=0.9 * share.least, most=min(1.05 * share.most, 1.0))
            for kind, share in zip(KINDS, shares, strict=True)
        }
        session = random_session(rng, shares, int(rng.integers(1, 4)) * size)
    slots = rng.choice(size, int(rng.integers(0, 3)), replace=False).tolist()
    return Problem(
        scores=scores[order],
        kinds=rng.choice(4, many, p=rng.dirichlet([8, 3, 3, 4])),
        publishers=publishers[order],
        brands=brands[order],
        topics=topics[order],
        new=np.ones(many, np.bool_),
        size=size,
        policy=MixPolicy(
            id="random",
            name="Random",
            shares=dict(zip(KINDS, shares, strict=True)),
            session_shares=session_shares,
            gap=dict(zip(KINDS, [0, *rng.integers(0, 3, 3).tolist()], strict=True)),
            per_publisher=int(rng.integers(1, 4)),
            per_brand=int(rng.integers(2, 5)) if rng.random() < 0.8 else None,
            per_topic=int(rng.integers(2, 6)) if rng.random() < 0.8 else None,
            pins=tuple(Pin(position=slot, post=f"pinned-{slot}") for slot in slots),
        ),
        pins=tuple((slot, int(place)) for slot, place in zip(slots, rng.choice(many, len(slots), False), strict=True)),
        session=session,
    )


def random_session(rng: np.random.Generator, shares: Sequence[Share], slots: int) -> FeedSession:
    """A session that nearly kept these shares."""
    middle = np.array([(share.least + share.most) / 2 for share in shares])
    kinds = rng.choice(4, slots, p=middle / middle.sum())
    counts = np.bincount(kinds, minlength=4)
    return FeedSession(
        id="s",
        kinds={kind.value: int(count) for kind, count in zip(KINDS, counts, strict=True)},
        last=tuple(KINDS[kind].value for kind in kinds[-10:]),
    )


@dataclass
class Programme:
    """Rows of an integer programme over (candidate, slot) and further variables."""

    problem: Problem
    rows: list[tuple[np.ndarray, np.ndarray, float, float]] = field(default_factory=list)
    extra: list[tuple[float, float, bool]] = field(default_factory=list)
    """Cost, upper bound, and whether a whole number is needed."""

    @property
    def grid(self) -> np.ndarray:
        """(candidates, slots) the number of each variable."""
        return np.arange(len(self.problem.scores) * self.problem.slots).reshape(-1, self.problem.slots)

    def another(self, cost: float, most: float = 1.0, *, whole: bool = True) -> int:
        """A further variable from 0 up; returns its number."""
        self.extra.append((cost, most, whole))
        return self.grid.size + len(self.extra) - 1

    def rule(self, places: np.ndarray, least: float, most: float, *slack: tuple[int, float]) -> None:
        """least ≤ Σ variables + Σ slack · factor ≤ most."""
        numbers = np.concatenate((np.ravel(places), [number for number, _ in slack])).astype(np.int64)
        factors = np.concatenate((np.ones(np.size(places)), [factor for _, factor in slack]))
        self.rows.append((numbers, factors, least, most))

    def page(self) -> None:
        """Each slot holds one candidate, each candidate is in one slot at most."""
        for slot in range(self.problem.slots):
            self.rule(self.grid[:, slot], 1, 1)
        for place in range(len(self.problem.scores)):
            self.rule(self.grid[place], 0, 1)

    def solved(self, cost: np.ndarray) -> tuple[float, np.ndarray] | None:
        """The least cost and the candidates in slot order; None if nothing is possible."""
        count = self.grid.size + len(self.extra)
        lines = np.repeat(np.arange(len(self.rows)), [len(row[0]) for row in self.rows])
        matrix = csr_matrix(
            (np.concatenate([row[1] for row in self.rows]), (lines, np.concatenate([row[0] for row in self.rows]))),
            shape=(len(self.rows), count),
        )
        found = milp(
            np.concatenate((cost, [one[0] for one in self.extra])),
            constraints=LinearConstraint(matrix, [row[2] for row in self.rows], [row[3] for row in self.rows]),
            integrality=np.concatenate((np.ones(self.grid.size), [float(one[2]) for one in self.extra])),
            bounds=Bounds(0, np.concatenate((np.ones(self.grid.size), [one[1] for one in self.extra]))),
            options={"mip_rel_gap": 1e-6, "time_limit": 60},
        )
        if found.x is None:
            return None
        return float(found.fun), found.x[: self.grid.size].reshape(self.grid.shape).argmax(axis=0)


def groups_of(problem: Problem) -> list[np.ndarray]:
    """Publishers, brands and topics."""
    nothing = np.full(len(problem.scores), -1)
    return [problem.publishers, *(nothing if one is None else one for one in (problem.brands, problem.topics))]


def optimum(problem: Problem) -> float | None:
    """The value of the best page that keeps every rule; None if there is none."""
    asked, programme = Asked(problem.policy, problem.slots, problem.session), Programme(problem)
    grid = programme.grid
    programme.page()
    for kind in range(len(KINDS)):
        own, gap = grid[problem.kinds == kind], int(asked.gaps[kind])
        for least, most in (asked.page, asked.in_session):
            programme.rule(own, least[kind], most[kind])
        programme.rule(own[:, : asked.cooling[kind]], 0, 0)
        for slot in range(problem.slots if gap else 0):
            programme.rule(own[:, slot : slot + gap + 1], 0, 1)
    for names, cap in zip(groups_of(problem), asked.caps, strict=True):
        for name in np.unique(names[names >= 0]):
            programme.rule(grid[names == name], 0, cap)
    for slot, place in problem.pins:
        programme.rule(grid[place, slot], 1, 1)
    found = programme.solved(-(problem.scores[:, None] * problem.attention[None, :]).ravel())
    return None if found is None else -found[0]


def least_units(problem: Problem) -> float:
    """How little the rules have to give way: the units of `core.feed.mix_asked`, by slack variables on every rule."""
    asked, programme = Asked(problem.policy, problem.slots, problem.session), Programme(problem)
    grid, slots = programme.grid, problem.slots
    programme.page()
    for kind in range(len(KINDS)):
        own, gap = grid[problem.kinds == kind], int(asked.gaps[kind])
        for (least, most), unit in ((asked.page, SHARE_UNIT), (asked.in_session, SESSION_UNIT)):
            programme.rule(own, least[kind], np.inf, (programme.another(unit, slots, whole=False), 1.0))
            programme.rule(own, -np.inf, most[kind], (programme.another(unit, slots, whole=False), -1.0))
        for slot in range(slots if gap else 0):
            broken = programme.another(GAP_UNIT, whole=False)
            if slot < asked.cooling[kind]:
                programme.rule(own[:, slot], -np.inf, 0, (broken, -1.0))
            for before in range(max(slot - gap, 0), slot):
                programme.rule(own[:, [before, slot]], -np.inf, 1, (broken, -1.0))
    for names, cap in zip(groups_of(problem), asked.caps, strict=True):
        for name in np.unique(names[names >= 0]):
            above = programme.another(CAP_UNIT, slots, whole=False)
            programme.rule(grid[names == name], -np.inf, cap, (above, -1.0))
    for slot, place in problem.pins:
        programme.rule(grid[place, slot], 1, np.inf, (programme.another(PIN_UNIT), 1.0))
    found = programme.solved(np.zeros(grid.size))
    assert found is not None
    return found[0]


def units_of(problem: Problem, places: np.ndarray) -> float:
    """How much a page gives way, in the same units."""
    asked, kinds = Asked(problem.policy, problem.slots, problem.session), problem.kinds[places]
    counts = np.bincount(kinds, minlength=len(KINDS))
    units = GAP_UNIT * sum(often for often, _ in asked.broken(kinds.tolist()).values())
    for (least, most), unit in ((asked.page, SHARE_UNIT), (asked.in_session, SESSION_UNIT)):
        units += unit * (np.maximum(np.array(least) - counts, 0) + np.maximum(counts - np.array(most), 0)).sum()
    for names, cap in zip(groups_of(problem), asked.caps, strict=True):
        held = names[places]
        if (held >= 0).any():
            units += CAP_UNIT * np.maximum(np.bincount(held[held >= 0]) - cap, 0).sum()
    return float(units + PIN_UNIT * sum(places[slot] != place for slot, place in problem.pins))


def upper_bound(problem: Problem) -> float:
    """A value that no page exceeds which keeps the rules: the exact best page without caps."""
    board = structs.replace(problem.board(problem.asked), caps=np.full(3, UNCAPPED, np.int64))
    limits = bounds(problem.policy, problem.slots, problem.available, None, problem.session)
    toll = np.zeros((len(KINDS), problem.slots + 3))
    found = board.order(board.everything, board.frame(limits.least, limits.most, toll))
    return np.inf if found is None or found.broken else found.value
