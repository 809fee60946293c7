"""Places in the order of scores."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


def best_first(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places (n,) by score (n,), highest first; of equals the first is first.

    The same as a stable sort, which takes three times as long for a thousand scores.
    """
    order = np.argsort(-scores)
    _first_of_equals_first(order, scores)
    return order


def best_of(scores: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """The places (m,) of the `most` highest scores above 0, highest first; of equals the first is first."""
    places: NDArray[np.int64] = _highest(scores, most)
    return places[best_first(scores[places])[:most]]


def times_before(keys: NDArray[np.signedinteger]) -> NDArray[np.int64]:
    """(n,) how many elements before each are equal to it.

    >>> times_before(np.array([7, 5, 7, 7, 5])).tolist()
    [0, 0, 1, 2, 1]
    """
    order = np.argsort(keys, kind="stable")
    own = keys[order]
    found = np.empty(len(keys), np.int64)
    found[order] = np.arange(len(keys)) - np.searchsorted(own, own)
    return found


BUCKETS = 256


@njit(cache=True, nogil=True)
def _highest(scores, most):  # type: ignore[no-untyped-def]
    """Places of the scores above 0, ascending: of the highest `most` and of few others, found by counting in buckets."""
    above, top = 0, 0.0
    for score in scores:
        if score > 0:
            above += 1
            top = max(top, score)
    least, scale = 0, min(BUCKETS / top, 1e300) if top > 0 else 0.0
    if above > most:
        counts = np.zeros(BUCKETS + 2, np.int64)  # the product may round up
        for score in scores:
            if score > 0:
                counts[int(score * scale)] += 1
        least, above = BUCKETS, counts[BUCKETS] + counts[BUCKETS + 1]
        while above < most:
            least -= 1
            above += counts[least]
    places, found = np.empty(above, np.int64), 0
    for at in range(len(scores)):
        if scores[at] > 0 and (least == 0 or int(scores[at] * scale) >= least):
            places[found] = at
            found += 1
    return places


@njit(cache=True, nogil=True)
def _first_of_equals_first(order, scores):  # type: ignore[no-untyped-def]
    """Equal scores in their own order, in place."""
    start = 0
    for at in range(1, len(order) + 1):
        if at == len(order) or scores[order[at]] != scores[order[start]]:
            if at - start > 1:
                order[start:at].sort()
            start = at
