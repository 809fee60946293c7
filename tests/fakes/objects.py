"""Objects in memory: what the folder and S3 promise, for tests of services."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.domain.errors import InvalidInput, NotFound
from core.domain.ports.objects import CHUNK, ObjectInfo, check_complete, check_key, check_part, check_prefix
from core.domain.upload import PART_SIZE


@dataclass(slots=True)
class _Held:
    data: bytes
    content_type: str
    etag: str


@dataclass(slots=True)
class _Upload:
    key: str
    content_type: str
    parts: dict[int, bytes] = field(default_factory=dict)


class MemoryObjects:
    """Objects in a dict; `part_size` may be small so that tests need no megabytes."""

    def __init__(self, *, part_size: int = PART_SIZE) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}
        self._uploads: dict[str, _Upload] = {}
        self._numbers = itertools.count(1)
        self._part_size = part_size

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        self.put_bytes(key, path.read_bytes(), content_type)

    def put_bytes(self, key: str, data: bytes, content_type: str) -> None:
        self._held[check_key(key)] = _Held(bytes(data), content_type, f"memory-{next(self._numbers)}")

    def stat(self, key: str) -> ObjectInfo | None:
        held = self._held.get(check_key(key))
        return ObjectInfo(len(held.data), held.content_type, held.etag) if held else None

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        data = self._get(key).data
        stop = len(data) if end is None else min(end + 1, len(data))
        return (data[at : min(at + CHUNK, stop)] for at in range(start, stop, CHUNK))

    def fetch(self, key: str, path: Path) -> None:
        path.write_bytes(self._get(key).data)

    def folders(self, prefix: str) -> list[str]:
        check_prefix(prefix)
        slashes = ((key, key.find("/", len(prefix))) for key in list(self._held) if key.startswith(prefix))
        return sorted({key[: at + 1] for key, at in slashes if at >= 0})

    def list(self, prefix: str) -> list[str]:
        check_prefix(prefix)
        return sorted(key for key in list(self._held) if key.startswith(prefix))

    def delete_prefix(self, prefix: str) -> int:
        if not prefix:
            raise InvalidInput("prefix", prefix, "an empty prefix would delete everything")
        keys = self.list(prefix)
        for key in keys:
            self._held.pop(key, None)
        return len(keys)

    def begin_parts(self, key: str, content_type: str) -> str:
        handle = f"handle-{next(self._numbers)}"
        self._uploads[handle] = _Upload(check_key(key), content_type)
        return handle

    def write_part(self, key: str, handle: str, number: int, data: Iterable[bytes], length: int) -> None:
        check_part(number, length, part_size=self._part_size)
        upload = self._upload(key, handle)
        whole = b"".join(data)
        if len(whole) != length:
            raise InvalidInput("length", length, f"part {number} came with {len(whole)} bytes")
        upload.parts[number] = whole

    def parts(self, key: str, handle: str) -> dict[int, int]:
        return {number: len(data) for number, data in sorted(self._upload(key, handle).parts.items())}

    def complete_parts(self, key: str, handle: str, count: int) -> ObjectInfo:
        with self._lock:
            check_complete(self.parts(key, handle), count, part_size=self._part_size)
            upload = self._uploads.pop(handle)
        self.put_bytes(key, b"".join(upload.parts[number] for number in range(1, count + 1)), upload.content_type)
        held = self._held[key]
        return ObjectInfo(len(held.data), held.content_type, held.etag)

    def abort_parts(self, key: str, handle: str) -> None:
        upload = self._uploads.get(handle)
        if upload is not None and upload.key == check_key(key):
            del self._uploads[handle]

    def ping(self) -> None:
        """Always there."""

    def _get(self, key: str) -> _Held:
        held = self._held.get(check_key(key))
        if held is None:
            raise NotFound(f"there is no object {key}")
        return held

    def _upload(self, key: str, handle: str) -> _Upload:
        upload = self._uploads.get(handle)
        if upload is None or upload.key != check_key(key):
            raise NotFound(f"there is no upload {handle} to {key}")
        return upload
