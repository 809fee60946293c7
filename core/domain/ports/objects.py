"""Objects: media files by server-made key, written whole or in parts, read by range."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.domain.errors import Conflict, InvalidInput
from core.domain.upload import PART_SIZE

CHUNK = 256 * 1024
LONGEST_KEY = 512
_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_PREFIX = re.compile(rf"(?:{_SEGMENT}/)*(?:{_SEGMENT})?")


def check_key(key: str) -> str:
    """The key, or InvalidInput if it could lead outside the store: no empty segment, none that begins with a dot."""
    if len(key) > LONGEST_KEY or not _KEY.fullmatch(key):
        raise InvalidInput(
            "key", key, "letters, digits, dot, dash, underscore and slash only; no part begins with a dot"
        )
    return key


def check_prefix(prefix: str) -> str:
    """The prefix, or InvalidInput if no key could begin like that. Empty is fine."""
    if len(prefix) > LONGEST_KEY or not _PREFIX.fullmatch(prefix):
        raise InvalidInput("prefix", prefix, "no key begins like this")
    return prefix


def check_part(number: int, length: int, *, part_size: int = PART_SIZE) -> None:
    """Raise InvalidInput unless this can be a part: 1 to 10,000, of 1 to `part_size` bytes."""
    if not 1 <= number <= 10_000:
        raise InvalidInput("part", number, "parts are numbered 1 to 10000")
    if not 1 <= length <= part_size:
        raise InvalidInput("length", length, f"a part has 1 to {part_size} bytes")


def check_complete(held: Mapping[int, int], count: int, *, part_size: int = PART_SIZE) -> int:
    """Bytes of the whole made of parts 1..count. Raises Conflict naming the first part that is missing or too short."""
    if count < 1:
        raise InvalidInput("parts", count, "at least one part is needed")
    for number in range(1, count + 1):
        if number not in held:
            raise Conflict(f"part {number} of {count} is missing")
        if number < count and held[number] != part_size:
            raise Conflict(f"part {number} of {count} has {held[number]} bytes; all but the last have {part_size}")
    return sum(held[number] for number in range(1, count + 1))


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """Size in bytes, content type, and a tag that changes with the content."""

    size: int
    content_type: str
    etag: str


class Objects(Protocol):
    """A store of media objects. Keys are relative, `/`-separated, of `[A-Za-z0-9._-]`; others raise InvalidInput.

    Parts have PART_SIZE bytes each, the last one may have fewer. Every method may raise Unavailable.
    """

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Store a file; readers see the old object or the whole new one. Durable when it returns."""

    def put_bytes(self, key: str, data: bytes, content_type: str) -> None:
        """Store a small object from memory."""

    def stat(self, key: str) -> ObjectInfo | None:
        """The object's facts, or None."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes start..end inclusive in chunks of at most CHUNK; nothing beyond the end. Raises NotFound when called."""

    def fetch(self, key: str, path: Path) -> None:
        """Copy the object into a local file. Raises NotFound."""

    def folders(self, prefix: str) -> list[str]:
        """What keys that start with `prefix` begin with up to their next slash, that included, sorted: without listing the keys."""

    def list(self, prefix: str) -> list[str]:
        """Keys that start with `prefix`, sorted."""

    def delete_prefix(self, prefix: str) -> int:
        """Delete all keys that start with `prefix`, which is not empty; returns how many. End it with a slash."""

    def begin_parts(self, key: str, content_type: str) -> str:
        """Start a multipart upload to `key`; returns its handle."""

    def write_part(self, key: str, handle: str, number: int, data: Iterable[bytes], length: int) -> None:
        """Store part `number` (1-based) from a stream of exactly `length` bytes, holding at most a few chunks in memory.

        A repeated part replaces the earlier one. Durable when it returns. Raises InvalidInput if the length differs.
        """

    def parts(self, key: str, handle: str) -> dict[int, int]:
        """Parts held so far: number → bytes. Raises NotFound for an unknown handle."""

    def complete_parts(self, key: str, handle: str, count: int) -> ObjectInfo:
        """Join parts 1..count into the object. Raises Conflict naming the first missing part."""

    def abort_parts(self, key: str, handle: str) -> None:
        """Forget a multipart upload and its parts; fine if it is gone already."""

    def ping(self) -> None:
        """Return if the store answers, raise Unavailable if not."""
