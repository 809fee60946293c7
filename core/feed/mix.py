"""The best page under every rule of the mix: shares and gaps exactly, publisher caps by branch and bound around them."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from core.domain.mix import MixPolicy
from core.feed.index import KINDS
from core.feed.mix_bounds import Bounds, bounds
from core.feed.mix_solver import Solution, solve
from core.pipeline.candidates import BoolArray, FloatArray

ATTENTION = 0.97
"""Each slot is looked at by this share of the viewers who looked at the one before."""

CLOSE = 5e-4
"""A page within this part of the bound is good enough to stop searching."""

NODES = 12
"""Pages computed at most while the publisher cap is being met; each takes about .1 ms."""

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Problem:
    """What a page is made from: candidates ranked by score, highest first.

    `scores`, `kinds` (numbers of KINDS), `publishers` and `new` have one element per candidate; `new` is false for what comes
    again, which is placed only after everything new.
    """

    scores: FloatArray
    kinds: NDArray[np.int64]
    publishers: NDArray[np.int64]
    new: BoolArray
    size: int
    policy: MixPolicy

    @property
    def attention(self) -> FloatArray:
        """Weight per slot."""
        weights: FloatArray = np.power(ATTENTION, np.arange(self.size, dtype=np.float64))
        return weights


@dataclass(frozen=True, slots=True)
class MixedPage:
    """`places` among the candidates in slot order, the page's `value`, the best value that any page could have at most, notes."""

    places: Places
    value: float
    bound: float
    limits: Bounds
    broken: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Node:
    places: Places
    solution: Solution
    limits: Bounds
    banned: BoolArray

    @property
    def worth(self) -> tuple[int, float]:
        """Fewer broken gaps first, then value."""
        return -self.solution.broken, self.solution.value


def best_page(problem: Problem) -> MixedPage:
    """The page with the highest value, never with a publisher above the cap.

    Without the cap the page is exact. If a publisher is above the cap, its weakest posts are banned until none is (a page that
    keeps all rules), and then the search branches on which of its posts has to go, as long as the bound is more than CLOSE
    above the best page found and NODES are left.
    """
    size, cap = min(problem.size, len(problem.scores)), problem.policy.per_publisher
    overall = _place_within(problem.publishers)
    while np.count_nonzero(overall < cap) < size:
        cap += 1
    notes = []
    if cap > problem.policy.per_publisher:
        notes.append(
            f"One publisher may have {cap} instead of {problem.policy.per_publisher} posts, because too few others can be shown."
        )
    # No page needs more than a publisher's best `cap` posts of one kind.
    banned = _place_within(problem.publishers * len(KINDS) + problem.kinds) >= cap
    best, bound = _search(problem, size, banned, cap)
    if broken := best.solution.broken:
        notes.append(f"{broken} gap{'s' * (broken > 1)} between posts of one kind could not be kept.")
    return MixedPage(best.places, best.solution.value, bound, best.limits, broken, tuple((*notes, *best.limits.notes)))


def _search(problem: Problem, size: int, banned: BoolArray, cap: int) -> tuple[_Node, float]:
    root = node = _page(problem, size, banned)
    if not len(_over(problem, root, cap)):
        return root, root.solution.value
    while len(extra := _over(problem, node, cap)):
        kept = node.banned.copy()
        kept[extra] = True
        if len(kept) - np.count_nonzero(kept) < size:
            # Too many of one publisher for what is left: only the overall best `cap` of each can be used.
            node = _page(problem, size, _place_within(problem.publishers) >= cap)
            break
        node = _page(problem, size, kept)
    best = node
    numbers = count()
    open_nodes = [(_cost(root), next(numbers), root)]
    for _ in range(NODES):
        if not open_nodes or _close(best, open_nodes[0][2]):
            break
        _, _, node = heapq.heappop(open_nodes)
        for place in _branch(problem, node, cap):
            kept = node.banned.copy()
            kept[place] = True
            if len(kept) - np.count_nonzero(kept) < size:
                continue
            child = _page(problem, size, kept)
            if child.worth <= best.worth:
                continue
            if len(_over(problem, child, cap)):
                heapq.heappush(open_nodes, (_cost(child), next(numbers), child))
            else:
                best = child
    bound = open_nodes[0][2].solution.value if open_nodes else best.solution.value
    return best, max(bound, best.solution.value)


def _page(problem: Problem, size: int, banned: BoolArray) -> _Node:
    lists = [np.flatnonzero((problem.kinds == kind) & ~banned) for kind in range(len(KINDS))]
    limits = _limits(problem, size, lists)
    gaps = [problem.policy.gap.get(kind, 0) for kind in KINDS]
    solution = solve(
        [problem.scores[one[:size]] for one in lists], limits.least, limits.most, gaps, problem.attention[:size]
    )
    taken = [0] * len(KINDS)
    places = np.empty(size, np.int64)
    for slot, kind in enumerate(solution.kinds.tolist()):
        places[slot] = lists[kind][taken[kind]]
        taken[kind] += 1
    return _Node(places, solution, limits, banned)


def _limits(problem: Problem, size: int, lists: Sequence[Places]) -> Bounds:
    """Slots per kind; while anything new is left, it goes before what comes again."""
    available = [len(one) for one in lists]
    if problem.new.all():
        return bounds(problem.policy, size, available)
    unseen = [int(np.count_nonzero(problem.new[one])) for one in lists]
    return bounds(problem.policy, size, available, unseen if sum(unseen) < size else None)


def _over(problem: Problem, node: _Node, cap: int) -> Places:
    """Places on the page beyond their publisher's `cap`, the weakest of each publisher."""
    held: dict[int, list[int]] = {}
    for place, publisher in zip(node.places.tolist(), problem.publishers[node.places].tolist(), strict=True):
        held.setdefault(publisher, []).append(place)
    extra = [place for places in held.values() if len(places) > cap for place in sorted(places)[cap:]]
    return np.array(extra, np.int64)


def _branch(problem: Problem, node: _Node, cap: int) -> list[int]:
    """The `cap` + 1 weakest posts of one publisher above the cap: at least one of them has to go."""
    publishers = problem.publishers[node.places]
    names, counts = np.unique(publishers, return_counts=True)
    over = names[counts.argmax()]
    return sorted(node.places[publishers == over].tolist())[-(cap + 1) :]


def _cost(node: _Node) -> tuple[int, float]:
    broken, value = node.worth
    return -broken, -value


def _close(best: _Node, bound: _Node) -> bool:
    return best.solution.broken <= bound.solution.broken and best.solution.value >= bound.solution.value - CLOSE * abs(
        bound.solution.value
    )


def _place_within(groups: NDArray[np.int64]) -> Places:
    """How many earlier elements belong to the same group."""
    order = np.argsort(groups, kind="stable")
    grouped = groups[order]
    starts = np.flatnonzero(np.concatenate(([True], grouped[1:] != grouped[:-1])))
    place = np.empty(len(groups), np.int64)
    place[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.concatenate((starts, [len(order)]))))
    return place
