"""Rows that several sources proposed, each once: compiled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

IntArray = NDArray[np.int32]
UIntArray = NDArray[np.uint32]
BITS = 32
"""So many sources fit into a bit set."""


def merged(proposals: Sequence[tuple[int, IntArray]]) -> tuple[IntArray, UIntArray]:
    """Each row once, ascending, with the bits of all sources that proposed it. `proposals` are (bit number, rows), at least one."""
    parts = [rows for _, rows in proposals]
    keys = _keys(
        np.ascontiguousarray(np.concatenate(parts), np.int32),
        np.array([len(rows) for rows in parts], np.int64),
        np.array([bit for bit, _ in proposals], np.int64),
    )
    keys.sort()
    return _united(keys)


@njit(cache=True, nogil=True)
def _keys(rows: IntArray, lengths: NDArray[np.int64], bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """row · BITS + bit of each proposed row: in order of these, proposals of one row stand together."""
    keys = np.empty(len(rows), np.int64)
    at = 0
    for part in range(len(lengths)):
        for _ in range(lengths[part]):
            keys[at] = np.int64(rows[at]) * BITS + bits[part]
            at += 1
    return keys


@njit(cache=True, nogil=True)
def _united(keys: NDArray[np.int64]) -> tuple[IntArray, UIntArray]:
    """The rows of ascending keys, and the bits of each together."""
    rows, sources = np.empty(len(keys), np.int32), np.empty(len(keys), np.uint32)
    count = 0
    for key in keys:
        row, bit = np.int32(key // BITS), np.uint32(1) << np.uint32(key % BITS)
        if count and rows[count - 1] == row:
            sources[count - 1] |= bit
        else:
            rows[count], sources[count] = row, bit
            count += 1
    return rows[:count], sources[:count]
