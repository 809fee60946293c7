"""A multipart upload on disk: one file that parts are written into at their place, and a journal of what it holds.

Joining is then a rename, whatever the size: parts are already where they belong and already flushed. A part is first spooled,
so that a broken stream or a second sender never spoils what is held; the journal names a part only after its bytes are on disk.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.adapters.folder_files import make_folder, replace_durably, sync_folder
from core.adapters.spool import spool
from core.domain.errors import NotFound
from core.domain.ports.objects import check_complete

PARTS = ".parts"
_HANDLE = re.compile(r"[0-9a-f]{32}")
_RECORD = re.compile(r"^(\d+) (\d+) held$", re.MULTILINE)  # a torn record lacks its last word


def begin(root: Path, key: str, content_type: str) -> str:
    """Make room for an upload to `key`; returns its handle."""
    handle = secrets.token_hex(16)
    folder = root / PARTS / handle
    make_folder(folder, root)
    (folder / "data").touch()
    _append(folder / "journal", "")
    _append(folder / "about", f"{key}\n{' '.join(content_type.split())}\n")
    sync_folder(folder)
    return handle


def half_removed(root: Path) -> list[Path]:
    """Folders of uploads that nobody can find any more."""
    return [folder for folder in (root / PARTS).glob("*") if not (folder / "about").exists()]


@dataclass(frozen=True, slots=True)
class PartsOnDisk:
    """One upload's folder: `about` (key and type), `data` (the parts), `journal` (number and bytes of each part held)."""

    root: Path
    folder: Path
    content_type: str
    part_size: int

    @staticmethod
    def find(root: Path, key: str, handle: str, part_size: int) -> PartsOnDisk:
        """The upload. Raises NotFound if there is none of this handle for this key."""
        folder = root / PARTS / handle
        if _HANDLE.fullmatch(handle):
            with suppress(FileNotFoundError):
                about = (folder / "about").read_text().split("\n")
                if about[0] == key and len(about) == 3:
                    return PartsOnDisk(root, folder, about[1], part_size)
        raise NotFound(f"there is no upload {handle} to {key}")

    def write(self, number: int, data: Iterable[bytes], length: int) -> None:
        """Put a part in its place. Raises InvalidInput if the stream has another length, NotFound after an abort."""
        spooled = self.folder / f"spool-{secrets.token_hex(8)}"
        try:
            with spooled.open("xb") as file:
                spool(file, number, data, length)
            with self._locked():
                if number in self.held():
                    self._record(number, 0)  # not held while its bytes change
                self._place(spooled, (number - 1) * self.part_size, length)
                self._record(number, length)
        except FileNotFoundError:
            raise NotFound("this upload was completed or cancelled meanwhile") from None
        finally:
            spooled.unlink(missing_ok=True)

    def held(self) -> dict[int, int]:
        """Number → bytes of the parts that are safely on disk."""
        try:
            text = (self.folder / "journal").read_text()
        except FileNotFoundError:
            raise NotFound("this upload was completed or cancelled meanwhile") from None
        held = {int(number): int(length) for number, length in _RECORD.findall(text)}  # the latest record counts
        return {number: length for number, length in sorted(held.items()) if length}

    def complete(self, path: Path, count: int) -> None:
        """Turn the data into the object at `path`. Raises Conflict if a part is missing. Fine to repeat after a crash."""
        with self._locked():
            size = check_complete(self.held(), count, part_size=self.part_size)
            data = self.folder / "data"
            if data.exists():  # else a crash came between the rename and the clean-up
                with data.open("r+b") as file:
                    file.truncate(size)
                    os.fsync(file.fileno())
                replace_durably(data, path, self.root)
            self.abort()

    def abort(self) -> None:
        """Remove everything; `about` first, so that nobody finds a half-removed upload."""
        (self.folder / "about").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _record(self, number: int, length: int) -> None:
        _append(self.folder / "journal", f"\n{number} {length} held\n")  # a line of its own, even after a torn one

    def _place(self, spooled: Path, offset: int, length: int) -> None:
        with spooled.open("rb") as source, (self.folder / "data").open("r+b") as target:
            _copy(source, target, offset, length)
            os.fdatasync(target.fileno())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One thread of one process at a time. Raises NotFound if the upload has gone."""
        try:
            lock = (self.folder / "journal").open("rb")
        except FileNotFoundError:
            raise NotFound("this upload was completed or cancelled meanwhile") from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _copy(source: BinaryIO, target: BinaryIO, offset: int, length: int) -> None:
    """Copy into `target` at `offset`, within the kernel where it can."""
    done = 0
    while done < length:
        try:
            copied = os.copy_file_range(source.fileno(), target.fileno(), length - done, done, offset + done)
        except (OSError, AttributeError):  # not on this system, or not on this file system
            copied = os.pwrite(target.fileno(), os.pread(source.fileno(), 1 << 20, done), offset + done)
        if copied == 0:
            raise OSError(f"a spooled part of {length} bytes ends at {done}")
        done += copied


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
