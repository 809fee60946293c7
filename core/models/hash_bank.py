"""Known pictures and clips: exact by SHA-256, alike by the Hamming distance of 64-bit difference hashes (dHash)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.errors import InvalidInput
from core.domain.moderation import BankList, KnownHash

HOLD_DISTANCE = 2
"""Blocked material within this distance is held."""
QUEUE_DISTANCE = 8
"""Blocked material within this distance is looked at by a person."""
FLAT_BITS = 6
"""A hash with fewer ones (or fewer zeros) comes from a plain picture and would match every other plain picture."""

_BYTE_MIRRORED = np.array([int(f"{byte:08b}"[::-1], 2) ^ 0xFF for byte in range(256)], dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Nearest:
    """The closest blocked entry: its id, the distance in bits, and whether the picture had to be mirrored."""

    id: str
    distance: int
    mirrored: bool


class HashBank:
    """An immutable picture of the bank: allowed and blocked SHA-256, and blocked difference hashes as an array (n,)."""

    def __init__(self, entries: Iterable[KnownHash]) -> None:
        entries = list(entries)
        self.size = len(entries)
        self._allowed = {entry.sha256: entry.id for entry in entries if entry.bank is BankList.ALLOW and entry.sha256}
        self._blocked = {entry.sha256: entry.id for entry in entries if entry.bank is BankList.BLOCK and entry.sha256}
        alike = [
            entry for entry in entries if entry.bank is BankList.BLOCK and entry.dhash and not is_flat(entry.dhash)
        ]
        self._ids = [entry.id for entry in alike]
        self._hashes: NDArray[np.uint64] = np.array([int(entry.dhash, 16) for entry in alike], dtype=np.uint64)

    def allowed(self, sha256: str) -> str | None:
        """Id of the entry that allows exactly this file."""
        return self._allowed.get(sha256)

    def blocked(self, sha256: str) -> str | None:
        """Id of the entry that blocks exactly this file."""
        return self._blocked.get(sha256)

    def nearest_blocked(self, dhash: str) -> Nearest | None:
        """The closest blocked picture, as it is or mirrored, within QUEUE_DISTANCE. A flat picture is near to none."""
        if not self._ids or is_flat(dhash):
            return None
        best: Nearest | None = None
        for mirrored, value in enumerate((int(dhash, 16), mirror(dhash))):
            distances = np.bitwise_count(self._hashes ^ np.uint64(value))
            closest = int(distances.argmin())
            distance = int(distances[closest])
            if distance <= QUEUE_DISTANCE and (best is None or distance < best.distance):
                best = Nearest(self._ids[closest], distance, bool(mirrored))
        return best


def distance(one: str, other: str) -> int:
    """Bits in which two difference hashes differ, 0..64."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def mirror(dhash: str) -> int:
    """The difference hash of the mirrored picture: each row backwards, "brighter" and "darker" exchanged (ties aside)."""
    rows = np.frombuffer(bytes.fromhex(dhash), dtype=np.uint8)
    return int.from_bytes(_BYTE_MIRRORED[rows].tobytes(), "big")


def is_flat(dhash: str) -> bool:
    """Whether the hash says too little to compare by."""
    ones = int(dhash, 16).bit_count()
    return not FLAT_BITS <= ones <= 64 - FLAT_BITS


def check_entry(sha256: str, dhash: str, bank: BankList) -> None:
    """Raise InvalidInput unless an entry of these hashes would work."""
    if sha256 and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise InvalidInput("sha256", sha256, "64 hexadecimal digits in lower case are needed")
    if dhash and not re.fullmatch(r"[0-9a-f]{16}", dhash):
        raise InvalidInput("dhash", dhash, "16 hexadecimal digits in lower case are needed")
    if bank is BankList.ALLOW and not sha256:
        raise InvalidInput("sha256", sha256, "only an exact file can be allowed; give its SHA-256")
    if not sha256 and not dhash:
        raise InvalidInput("sha256", sha256, "an entry needs a SHA-256, a difference hash, or both")
    if not sha256 and is_flat(dhash):
        raise InvalidInput(
            "dhash", dhash, "this picture is too plain to recognise others by; block its SHA-256 instead"
        )
