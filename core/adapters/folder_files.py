"""Files that are durable when a function returns: contents first, then the folder entries that lead to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.domain.errors import Unavailable


@contextmanager
def unavailable(root: Path) -> Iterator[None]:
    """Turn a full disk, a missing right and the like into Unavailable."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"media folder {root}: {error.strerror or error}") from error


def sync_file(path: Path) -> None:
    """Flush a file's contents to the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Flush a folder's entries to the disk."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def make_folder(path: Path, root: Path) -> None:
    """Make a folder below `root` with its parents, durably."""
    if path == root or path.is_dir():
        return
    make_folder(path.parent, root)
    path.mkdir(exist_ok=True)
    sync_folder(path.parent)


def replace_durably(temporary: Path, path: Path, root: Path) -> None:
    """Rename over `path`, whose folder is made if needed and may be removed by somebody else in between."""
    for attempt in range(3):
        make_folder(path.parent, root)
        try:
            temporary.replace(path)
            break
        except FileNotFoundError:
            if attempt == 2 or not temporary.exists():
                raise
    sync_folder(path.parent)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
