"""Objects: media files by server-made key, written whole or in parts, read by range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """Size in bytes, content type, and a tag that changes with the content."""

    size: int
    content_type: str
    etag: str


class Objects(Protocol):
    """A store of media objects. Keys are relative, `/`-separated, of `[A-Za-z0-9._-]`; others raise InvalidInput."""

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Store a file; readers see the old object or the whole new one. Durable when it returns."""

    def put_bytes(self, key: str, data: bytes, content_type: str) -> None:
        """Store a small object from memory."""

    def stat(self, key: str) -> ObjectInfo | None:
        """The object's facts, or None."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes start..end inclusive in chunks of at most CHUNK. Raises NotFound before the first chunk."""

    def fetch(self, key: str, path: Path) -> None:
        """Copy the object into a local file. Raises NotFound."""

    def list(self, prefix: str) -> list[str]:
        """Keys that start with `prefix`, sorted."""

    def delete_prefix(self, prefix: str) -> int:
        """Delete all keys that start with `prefix`; returns how many."""

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
