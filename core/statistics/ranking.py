"""How good ranked lists are: precision, recall, average precision and nDCG, as Microsoft Recommenders defines them.

Relevance is binary. A person with nothing relevant says nothing and is left out; one whose list misses everything counts 0.
For a list of k with hits at the ranks r₁ < r₂ < …, and m relevant items:

- precision = hits / k, also where the list is shorter;
- recall = hits / m;
- average_precision = Σ (n / rₙ) / m: its `map`, and its `map_at_k` of the years in which its tables were made;
- average_precision_at_k = Σ (n / rₙ) / min(k, m): its `map_at_k` of today;
- ndcg = Σ 1/log(1 + rₙ) ÷ Σ over 1..min(k, m) of 1/log(1 + r); the base of the logarithm cancels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.domain.errors import InvalidInput

Doubles = NDArray[np.float64]
Lists = NDArray[np.int64]
NOTHING = -1
"""Fills a list that is shorter than k."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """One value per person who has something relevant, each (people,) and in 0..1."""

    precision: Doubles
    recall: Doubles
    average_precision: Doubles
    average_precision_at_k: Doubles
    ndcg: Doubles
    hit: Doubles

    def means(self) -> dict[str, float]:
        """The mean of each metric over people; NaN if there is nobody."""
        return {
            name: float(values.mean()) if len(values := getattr(self, name)) else float("nan")
            for name in self.__slots__
        }


def rank_metrics(lists: Lists, relevant: sparse.csr_matrix) -> Ranked:
    """Compare `lists` (people, k), columns of `relevant` best first and padded with -1, with what was relevant (people, items).

    Raises InvalidInput if the numbers of people differ or a list names an item twice.
    """
    people, k = lists.shape
    if relevant.shape[0] != people:
        raise InvalidInput("lists", people, f"one list for each of {relevant.shape[0]} people is needed")
    ordered = np.sort(lists, axis=1)
    if np.any((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != NOTHING)):
        raise InvalidInput("lists", people, "an item stands in a list twice")
    counts = np.diff(relevant.indptr)
    some = counts > 0
    hits = _hits(lists, relevant)[some]
    actual = counts[some].astype(np.float64)
    ranks = np.arange(1, k + 1)
    gain = 1 / np.log2(1 + ranks)
    found = hits.sum(axis=1)
    precise = (np.cumsum(hits, axis=1) / ranks * hits).sum(axis=1)
    possible = np.minimum(actual, k)
    ideal = np.cumsum(gain)[possible.astype(np.int64) - 1]
    return Ranked(
        precision=found / k,
        recall=found / actual,
        average_precision=precise / actual,
        average_precision_at_k=precise / possible,
        ndcg=hits @ gain / ideal,
        hit=(found > 0).astype(np.float64),
    )


def best_items(scores: NDArray[np.floating], k: int, seen: sparse.csr_matrix | None = None) -> Lists:
    """The k items of the highest scores (people, items) that are not in `seen`, best first, ties to the lower column.

    An item of score -inf is never listed; a list that has no more is padded with -1.
    """
    open_scores = np.array(scores, dtype=np.float64)
    if seen is not None:
        rows = np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr))
        open_scores[rows, seen.indices] = -np.inf
    people, items = open_scores.shape
    wide = min(k, items)
    order = np.argsort(-open_scores, axis=1, kind="stable")[:, :wide]
    lists = np.full((people, k), NOTHING, dtype=np.int64)
    lists[:, :wide] = np.where(np.isneginf(np.take_along_axis(open_scores, order, axis=1)), NOTHING, order)
    return lists


def _hits(lists: Lists, relevant: sparse.csr_matrix) -> NDArray[np.float64]:
    """1 where the list's item is relevant to that person, (people, k)."""
    people, k = lists.shape
    items = max(relevant.shape[1], 1)
    owners = np.repeat(np.arange(people), np.diff(relevant.indptr))
    keys = owners * items + relevant.indices
    asked = np.arange(people)[:, None] * items + lists
    return np.asarray(np.isin(asked, keys) & (lists != NOTHING), dtype=np.float64).reshape(people, k)
