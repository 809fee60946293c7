"""The cursor of the feed: opaque to apps, checked when it comes back."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

import msgspec

from core.domain.errors import InvalidInput

MAX_CURSOR = 400
_SEAL: Final = 6


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Which page comes next in which session. What was shown is in the viewer's state, not here."""

    viewer: str
    session: str
    page: int


def written(cursor: Cursor) -> str:
    """The cursor as text."""
    body = msgspec.msgpack.encode(cursor)
    return base64.urlsafe_b64encode(_seal(body) + body).decode().rstrip("=")


def read(text: str, viewer: str) -> Cursor:
    """The cursor back. Raises InvalidInput if it was not made here, was cut, or belongs to another viewer."""
    why = "this is not a cursor of this feed; leave it out to start again"
    if not text or len(text) > MAX_CURSOR:
        raise InvalidInput("cursor", text, why)
    try:
        whole = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        body = whole[_SEAL:]
        if whole[:_SEAL] != _seal(body):
            raise InvalidInput("cursor", text, why)
        cursor = msgspec.msgpack.decode(body, type=Cursor)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise InvalidInput("cursor", text, why) from None
    if cursor.viewer != viewer:
        raise InvalidInput("cursor", text, "this cursor belongs to another viewer")
    return cursor


def _seal(body: bytes) -> bytes:
    """A checksum: it tells damage and guesses apart from our own; a forged cursor could gain nothing."""
    return hashlib.blake2b(body, digest_size=_SEAL, person=b"feed cursor").digest()
