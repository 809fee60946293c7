"""Deterministic assignment by salted hashes: no state, the same answer on every machine, in every year."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b


def point(unit: str, salt: str) -> float:
    """Where a unit lies in [0, 1) under a salt: the first 53 bits of BLAKE2b keyed by the salt, so salts are independent.

    53 bits, as that is what a float holds exactly: 1.0 is never reached.
    """
    digest = blake2b(f"{salt}\x00{unit}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 9007199254740992.0


def bucket(unit: str, salt: str, buckets: int = 10_000) -> int:
    """Same unit and salt, same bucket 0..buckets-1: on every machine, in every year."""
    if not 1 <= buckets <= 2**53:
        raise ValueError(f"{buckets} buckets: 1 to 2^53 are possible")
    return int(point(unit, salt) * buckets)


def exposed(unit: str, salt: str, exposure: float) -> bool:
    """Is the unit among the exposed share (0..1)? Raising the share only adds units: nobody leaves."""
    return point(unit, f"{salt}/exposure") < exposure


def variant(unit: str, salt: str, cumulative: Sequence[float]) -> int:
    """The arm's index, from cumulative weights that end in 1; its hash is independent of the one for exposure."""
    return bisect_right(cumulative, point(unit, f"{salt}/variant"))


def cumulative(weights: Sequence[float]) -> tuple[float, ...]:
    """Running sums of weights scaled to end in exactly 1. Raises ValueError for negative or all-zero weights."""
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError(f"weights {list(weights)} must be from 0 up and not all 0")
    running, sums = 0.0, []
    for weight in weights:
        running += weight / total
        sums.append(running)
    last = max(index for index, weight in enumerate(weights) if weight > 0)
    return tuple(1.0 if index >= last else value for index, value in enumerate(sums))
