"""Identifiers: ULIDs as text, so that they sort by time and are the same in every store."""

from __future__ import annotations

from os import urandom
from threading import Lock
from typing import NewType

Millis = int
"""UTC time in milliseconds since 1970."""

AccountId = NewType("AccountId", str)
PublisherId = NewType("PublisherId", str)
PostId = NewType("PostId", str)
ProductId = NewType("ProductId", str)
TagId = NewType("TagId", str)
CaseId = NewType("CaseId", str)
UploadId = NewType("UploadId", str)
ViewerId = NewType("ViewerId", str)

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def joined(separator: str, *parts: str) -> str:
    """One id made of several: no others, as many, make the same. A separator in any but the last part is percent-encoded."""
    *before, last = parts
    code = f"%{ord(separator):02X}"
    return separator.join((*(part.replace("%", "%25").replace(separator, code) for part in before), last))


_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]
"""What ten bits are in writing."""
_SHIFTS = range(120, -1, -10)
_lock = Lock()


class _Last:
    """The time of the last id and its 80 bits by lot."""

    now: Millis = -1
    lot = 0


def new_id(now: Millis) -> str:
    """A fresh ULID stamped with `now`, in 0..2^48 − 1; ids made later sort later, also those of one moment in one process.

    48 bits of time and 80 by lot, in Crockford's base 32 (github.com/ulid/spec). Every page has one: made here because the package
    that reads them takes several times as long.
    """
    if not 0 <= now < 1 << 48:
        raise ValueError(f"now={now} is no time in milliseconds of 48 bits")
    with _lock:
        lot = _Last.lot + 1 + int.from_bytes(urandom(4))
        if now != _Last.now or lot >= 1 << 80:
            lot = int.from_bytes(urandom(10))
        _Last.now, _Last.lot = now, lot
    value = now << 80 | lot
    return "".join([_PAIRS[value >> shift & 1_023] for shift in _SHIFTS])
