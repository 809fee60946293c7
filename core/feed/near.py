"""What a viewer's last acts say about every post, compiled: a few thousand additions over the neighbours of fifty acts."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.domain.ids import MINUTE, Millis
from core.pipeline.candidates import FloatArray, IntArray

RECENCY = 0.8
"""Within a session an act counts this part of a full act after it; acts on one post are one."""

EARLIER = 0.3
"""What acts of earlier sessions count, each alike, because taste lasts. Hits among ten with 0 (recency alone), .2 and .35:
MovieLens-100K .233, .224, .219; simulated, steady tastes .134, .154, .161; simulated, a topic per session .095, .125, .127."""

PAUSE: Millis = 30 * MINUTE
"""A longer pause than this ends a session."""

LEAST, MOST = -2.0, 3.0
"""What all acts on one post may count together."""

Places = NDArray[np.int64]
Name = TypeVar("Name", bound=Hashable)


def strengths(acts: Sequence[tuple[Name, float, Millis]], now: Millis, *, evenly: bool = False) -> dict[Name, float]:
    """What each post of a history of (post, weight, time), oldest first, counts for, the latest last.

    Σ of its acts' weights within LEAST..MOST, times RECENCY^(Σ |weight|, at most 1 each, of the posts since) for what was done in
    this session, times EARLIER for what was done before it. A faint act, such as a clip half watched, ages the others less.
    `evenly` leaves recency out.

    >>> strengths([("x", 1.0, 0), ("a", 1.0, 9_000_000), ("b", 1.0, 9_000_001), ("a", 1.0, 9_000_002)], 9_000_003)
    {'x': 0.3, 'b': 0.8, 'a': 2.0}
    """
    sums = summed(acts)
    latest = {post: at for post, _, at in acts}
    began = now if evenly else _session_began(acts, now)
    found: dict[Name, float] = {}
    since = 0.0
    for post, total in reversed(sums.items()):
        counts = 1.0 if evenly else RECENCY**since if latest[post] >= began else EARLIER
        found[post] = total * counts
        since += min(abs(total), 1.0)
    return dict(reversed(found.items()))


def summed(acts: Sequence[tuple[Name, float, Millis]]) -> dict[Name, float]:
    """The sum of the weights on each post, within LEAST..MOST, the latest last."""
    sums: dict[Name, float] = {}
    for post, weight, _ in acts:
        sums[post] = sums.pop(post, 0.0) + weight
    return {post: min(max(total, LEAST), MOST) for post, total in sums.items()}


def _session_began(acts: Sequence[tuple[Name, float, Millis]], now: Millis) -> Millis:
    """When the session that `now` belongs to began: acts no more than PAUSE apart."""
    began = now
    for _, _, at in reversed(acts):
        if began - at > PAUSE:
            break
        began = min(began, at)
    return began


def spoken_for(
    rows: NDArray[np.int32], weights: NDArray[np.float32], history: Places, counts: FloatArray
) -> tuple[Places, FloatArray]:
    """Places that the neighbours of `history` speak for, ascending, and how much: Σ counts[h] · weights[h, j] over rows[h, j] = it.

    Costs h·k additions and a sort of what was touched, whatever the size of the catalogue: the room that it adds up in belongs to
    the thread and is wiped where it was written.
    """
    room: FloatArray | None = getattr(_scratch, "room", None)
    if room is None or len(room) < len(rows):
        room = _scratch.room = np.zeros(len(rows) + 1_024)
        _scratch.marks = np.zeros(len(room), np.bool_)
    touched = np.empty(len(history) * rows.shape[1], np.int64)
    count = _add_up(rows, weights, history, counts, room, _scratch.marks, touched)
    places = np.sort(touched[:count])
    values = room[places]
    room[places] = 0.0
    _scratch.marks[places] = False
    return places, values


def strongest_reason(
    rows: NDArray[np.int32], weights: NDArray[np.float32], history: Places, counts: FloatArray, wanted: Places
) -> Places:
    """For each wanted place, which element of `history` speaks for it most; -1 where none does."""
    return np.asarray(_strongest(rows, weights, history, counts, wanted))


_scratch = threading.local()


@njit(cache=True, nogil=True)
def _add_up(
    rows: IntArray,
    weights: NDArray[np.float32],
    history: Places,
    counts: FloatArray,
    room: FloatArray,
    marks: NDArray[np.bool_],
    touched: Places,
) -> int:
    count = 0
    for h in range(len(history)):
        own = history[h]
        for j in range(rows.shape[1]):
            place = rows[own, j]
            if place < 0:
                break
            if not marks[place]:
                marks[place] = True
                touched[count] = place
                count += 1
            room[place] += counts[h] * weights[own, j]
    return count


@njit(cache=True, nogil=True)
def _strongest(
    rows: IntArray, weights: NDArray[np.float32], history: Places, counts: FloatArray, wanted: Places
) -> Places:
    best = np.full(len(wanted), -1, np.int64)
    for w in range(len(wanted)):
        most = 0.0
        for h in range(len(history)):
            if counts[h] <= 0:
                continue
            own = history[h]
            for j in range(rows.shape[1]):
                if rows[own, j] == wanted[w]:
                    if counts[h] * weights[own, j] > most:
                        most = counts[h] * weights[own, j]
                        best[w] = h
                    break
                if rows[own, j] < 0:
                    break
    return best
