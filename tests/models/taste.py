"""Small worlds in which viewers like things of one kind, so that a good model has something to find."""

from __future__ import annotations

import numpy as np

from core.models.interactions import Interactions


def likes(viewers: int = 120, items: int = 60, groups: int = 4, seed: int = 0, noise: float = 0.1) -> Interactions:
    """Viewer v and item i belong to the groups v % groups and i % groups; all but `noise` of the likes stay within the group."""
    rng = np.random.default_rng(seed)
    rows = []
    for viewer in range(viewers):
        for at in range(int(rng.integers(5, 12))):
            item = int(rng.integers(items))
            if rng.random() >= noise:
                item -= (item - viewer) % groups
            rows.append((f"v{viewer:04d}", f"i{item % items:04d}", 1.0, at))
    return Interactions.of(rows, cap=1.0)


def same_group(
    neighbours_rows: np.ndarray[tuple[int, ...], np.dtype[np.int32]], ids: list[str], groups: int = 4
) -> float:
    """The part of first neighbours that are of the item's own group."""
    group = np.array([int(id[1:]) % groups for id in ids])
    first = neighbours_rows[:, 0]
    return float(np.mean(group[first[first >= 0]] == group[first >= 0]))
