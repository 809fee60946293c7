"""What is trending, as arrays over one snapshot: worked out once for all requests that read the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.feed.index import Index
from core.pipeline.candidates import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Trends:
    """Trending posts that a snapshot knows: `numbers` (m,), ascending, with `values` (m,); `rows` (m,) are the hottest first.

    `bits` tell by post number whether it is among them, eight to a byte: most posts are not, and need no search.
    """

    numbers: IntArray
    values: FloatArray
    rows: IntArray
    bits: NDArray[np.uint8]


def trends_of(index: Index, trending: Mapping[str, float]) -> Trends:
    """Trends by post id, hottest first, as arrays. The last answer is kept, as most requests come with the very same mapping.

    `trending` must not be changed afterwards. Thread safe: what is kept is replaced as a whole.
    """
    for_mapping, for_rows, found = _last.answer
    if for_mapping is not trending or for_rows is not index.row_of:
        found = _worked_out(index, trending)
        _last.answer = trending, index.row_of, found
    return found


def _worked_out(index: Index, trending: Mapping[str, float]) -> Trends:
    found = index.found(list(trending))
    known = found >= 0
    numbers = found[known]
    values = np.fromiter(trending.values(), np.float64, len(trending))[known]
    order = np.argsort(numbers)
    among = np.zeros(len(index.row_of), np.bool_)
    among[numbers] = True
    return Trends(numbers[order], values[order], index.row_of[numbers], np.packbits(among, bitorder="little"))


_NOTHING: IntArray = np.empty(0, np.int32)


class _Last:
    """The last answer, and what it was an answer to."""

    answer: tuple[Mapping[str, float], IntArray, Trends] = (
        {},
        _NOTHING,
        Trends(_NOTHING, np.empty(0), _NOTHING, np.empty(0, np.uint8)),
    )


_last = _Last()
