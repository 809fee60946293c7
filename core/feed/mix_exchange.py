"""Improving a page under publisher caps by exchanges, compiled.

A publisher at its cap blocks its other posts. One exchange takes a post off and puts a better one of the same kind on; if that
one's publisher is at its cap, one of its posts makes room and is replaced in its own kind too: an augmenting path of length
two. Measured beside `core.feed.mix`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.pipeline.candidates import BoolArray, FloatArray

LOOK_AT = 12
"""Posts per kind, outside the page, that an exchange may bring in: the best ones."""


def exchanged(
    scores: FloatArray,
    kinds: NDArray[np.int64],
    publishers: NDArray[np.int64],
    barred: BoolArray,
    places: NDArray[np.int64],
    sequence: NDArray[np.int8],
    attention: FloatArray,
    cap: int,
) -> tuple[NDArray[np.int64], float]:
    """The set of places after the best exchanges, sorted, and the value of the page with this `sequence` of kinds.

    All candidate arrays are ranked by score; `places` keeps the cap, and so does the result; `barred` candidates stay out.
    """
    names, numbers = np.unique(publishers, return_inverse=True)
    chosen, value = _exchange(
        scores, kinds, numbers, barred, np.sort(places), sequence, attention, cap, len(names), LOOK_AT
    )
    return np.sort(chosen), float(value)


@njit(cache=True, nogil=True)
def _worth(scores, kinds, chosen, sequence, attention):  # type: ignore[no-untyped-def]
    """Σ attention · score with the better post of a kind in the earlier slot; `chosen` ascending."""
    following = np.zeros(4, np.int64)
    total = 0.0
    for slot in range(len(sequence)):
        kind = sequence[slot]
        place = following[kind]
        while kinds[chosen[place]] != kind:
            place += 1
        total += attention[slot] * scores[chosen[place]]
        following[kind] = place + 1
    return total


@njit(cache=True, nogil=True)
def _exchange(  # type: ignore[no-untyped-def]  # noqa: PLR0912 - one compiled loop nest, quickest as one
    scores, kinds, publishers, barred, chosen, sequence, attention, cap, publisher_count, look_at
):
    slots, count = len(chosen), len(scores)
    on = np.zeros(count, np.bool_)
    held = np.zeros(publisher_count, np.int64)
    for place in chosen:
        on[place] = True
        held[publishers[place]] += 1
    best = _worth(scores, kinds, np.sort(chosen), sequence, attention)
    for _ in range(30):
        outside = np.full((4, look_at), -1, np.int64)
        found = np.zeros(4, np.int64)
        for place in range(count):
            kind = kinds[place]
            if not on[place] and not barred[place] and found[kind] < look_at:
                outside[kind, found[kind]] = place
                found[kind] += 1
        gain, off_one, in_one, off_two, in_two = 1e-9, -1, -1, -1, -1
        for one in range(slots):
            leaves = chosen[one]
            for rank in range(found[kinds[leaves]]):
                enters = outside[kinds[leaves], rank]
                blocked = publishers[enters]
                more = scores[enters] - scores[leaves]
                if blocked == publishers[leaves] or held[blocked] < cap:
                    if more > gain:
                        gain, off_one, in_one, off_two, in_two = more, one, enters, -1, -1
                    continue
                for two in range(slots):
                    if two == one or publishers[chosen[two]] != blocked:
                        continue
                    room = chosen[two]
                    for other in range(found[kinds[room]]):
                        fills = outside[kinds[room], other]
                        owner = publishers[fills]
                        free = held[owner] - (owner == publishers[leaves])
                        if fills == enters or owner == blocked or free >= cap:
                            continue
                        total = more + scores[fills] - scores[room]
                        if total > gain:
                            gain, off_one, in_one, off_two, in_two = total, one, enters, two, fills
                        break
        if off_one < 0:
            break
        before = chosen.copy()
        for slot, enters in ((off_one, in_one), (off_two, in_two)):
            if slot < 0:
                continue
            leaves = chosen[slot]
            on[leaves], on[enters] = False, True
            held[publishers[leaves]] -= 1
            held[publishers[enters]] += 1
            chosen[slot] = enters
        value = _worth(scores, kinds, np.sort(chosen), sequence, attention)
        if value <= best + 1e-12:
            return before, best
        best = value
    return chosen, best
