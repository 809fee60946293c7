"""Media objects in a folder: every object appears whole and durable, or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from core.adapters import folder_parts
from core.adapters.folder_files import replace_durably, sync_file, unavailable
from core.domain.errors import InvalidInput, NotFound
from core.domain.ports.objects import CHUNK, ObjectInfo, check_key, check_part, check_prefix
from core.domain.upload import PART_SIZE

CONTENT_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl", ".m4s": "video/iso.segment", ".mp4": "video/mp4", ".mov": "video/quicktime",
    ".webm": "video/webm", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp",
    ".vtt": "text/vtt", ".json": "application/json", ".csv": "text/csv", ".txt": "text/plain",
}  # fmt: skip
"""What an ending says; a type that differs is kept in a small file beside, under `.types`."""
UNKNOWN = "application/octet-stream"
_LEFTOVER_SECONDS = 24 * 3600


class FolderObjects:
    """`Objects` of `core.domain.ports.objects` under one folder; hidden folders hold what is not finished."""

    def __init__(self, path: Path, *, part_size: int = PART_SIZE) -> None:
        self._root = path.resolve()
        self._unfinished = self._root / ".unfinished"
        self._part_size = part_size
        with unavailable(self._root):
            self._unfinished.mkdir(parents=True, exist_ok=True)
        self._drop_leftovers()

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        with self._making(key, content_type) as temporary:
            shutil.copyfile(path, temporary)  # in the kernel, not through this process

    def put_bytes(self, key: str, data: bytes, content_type: str) -> None:
        with self._making(key, content_type) as temporary:
            temporary.write_bytes(data)

    def stat(self, key: str) -> ObjectInfo | None:
        path = self._path(key)
        try:
            facts = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not os.path.isfile(path):  # noqa: PTH113  a folder of keys is no object
            return None
        etag = f"{facts.st_ino:x}-{facts.st_mtime_ns:x}-{facts.st_size:x}"
        return ObjectInfo(facts.st_size, self._content_type(key), etag)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        file = self._open(key)
        file.seek(start)
        return _chunks(file, None if end is None else max(end + 1 - start, 0))

    def fetch(self, key: str, path: Path) -> None:
        self._open(key).close()
        shutil.copyfile(self._path(key), path)

    def folders(self, prefix: str) -> list[str]:
        base = check_prefix(prefix).rpartition("/")[0]
        try:
            with os.scandir(self._root / base) as entries:
                names = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
        except (FileNotFoundError, NotADirectoryError):
            return []
        found = (f"{base}/{name}/" if base else f"{name}/" for name in names)
        return sorted(folder for folder in found if folder.startswith(prefix))

    def list(self, prefix: str) -> list[str]:
        check_prefix(prefix)
        start = self._root / prefix.rpartition("/")[0]
        found = []
        for folder, folders, files in os.walk(start):
            folders[:] = [name for name in folders if not name.startswith(".")]
            base = Path(folder).relative_to(self._root).as_posix()
            keys = (name if base == "." else f"{base}/{name}" for name in files if not name.startswith("."))
            found += [key for key in keys if key.startswith(prefix)]
        return sorted(found)

    def delete_prefix(self, prefix: str) -> int:
        if not prefix:
            raise InvalidInput("prefix", prefix, "an empty prefix would delete everything")
        keys = self.list(prefix)
        for key in keys:
            for path in (self._path(key), self._type_path(key)):
                path.unlink(missing_ok=True)
                self._drop_empty(path.parent)
        return len(keys)

    def begin_parts(self, key: str, content_type: str) -> str:
        with unavailable(self._root):
            return folder_parts.begin(self._root, check_key(key), content_type)

    def write_part(self, key: str, handle: str, number: int, data: Iterable[bytes], length: int) -> None:
        check_part(number, length, part_size=self._part_size)
        with unavailable(self._root):
            self._upload(key, handle).write(number, data, length)

    def parts(self, key: str, handle: str) -> dict[int, int]:
        return self._upload(key, handle).held()

    def complete_parts(self, key: str, handle: str, count: int) -> ObjectInfo:
        upload = self._upload(key, handle)
        with unavailable(self._root):
            self._keep_type(key, upload.content_type)
            upload.complete(self._path(key), count)
        info = self.stat(key)
        if info is None:
            raise NotFound(f"object {key} was deleted while it was being completed")
        return info

    def abort_parts(self, key: str, handle: str) -> None:
        with suppress(NotFound):
            self._upload(key, handle).abort()

    def ping(self) -> None:
        with unavailable(self._root):
            if not os.access(self._root, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "no right to write there")

    @contextmanager
    def _making(self, key: str, content_type: str) -> Iterator[Path]:
        """A temporary file that becomes the object when the block ends well."""
        path = self._path(key)
        temporary = self._unfinished / secrets.token_hex(8)
        with unavailable(self._root):
            try:
                yield temporary
                sync_file(temporary)
                self._keep_type(key, content_type)
                replace_durably(temporary, path, self._root)
            finally:
                temporary.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _type_path(self, key: str) -> Path:
        return self._root / ".types" / key

    def _open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotFound(f"there is no object {key}") from None

    def _upload(self, key: str, handle: str) -> folder_parts.PartsOnDisk:
        return folder_parts.PartsOnDisk.find(self._root, check_key(key), handle, self._part_size)

    def _content_type(self, key: str) -> str:
        try:
            return self._type_path(key).read_text()
        except (FileNotFoundError, NotADirectoryError):
            return CONTENT_TYPES.get(Path(key).suffix.lower(), UNKNOWN)

    def _keep_type(self, key: str, content_type: str) -> None:
        path = self._type_path(key)
        if content_type == CONTENT_TYPES.get(Path(key).suffix.lower(), UNKNOWN):
            path.unlink(missing_ok=True)
            return
        temporary = self._unfinished / secrets.token_hex(8)
        temporary.write_text(content_type)
        sync_file(temporary)
        replace_durably(temporary, path, self._root)

    def _drop_empty(self, folder: Path) -> None:
        while folder not in (self._root, self._root / ".types"):
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    def _drop_leftovers(self) -> None:
        """Remove what a killed process left more than a day ago: temporary files, and uploads it was removing."""
        oldest = time.time() - _LEFTOVER_SECONDS
        for path in (*self._unfinished.iterdir(), *folder_parts.half_removed(self._root)):
            with suppress(OSError):
                if path.stat().st_mtime < oldest:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _chunks(file: BinaryIO, length: int | None) -> Iterator[bytes]:
    with file:
        while length is None or length > 0:
            chunk = file.read(CHUNK if length is None else min(CHUNK, length))
            if not chunk:
                return
            if length is not None:
                length -= len(chunk)
            yield chunk
