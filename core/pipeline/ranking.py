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


@njit(cache=True, nogil=True)
def _first_of_equals_first(order, scores):  # type: ignore[no-untyped-def]
    """Equal scores in their own order, in place."""
    start = 0
    for at in range(1, len(order) + 1):
        if at == len(order) or scores[order[at]] != scores[order[start]]:
            if at - start > 1:
                order[start:at].sort()
            start = at
