"""Checkpoints of a WAL beside the writers: whoever commits does not have to copy the log of all others into the file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

FULL: Final = 8 * 1024 * 1024
"""Bytes of WAL from which it is copied."""
PAUSE: Final = 0.5
"""Seconds between looks."""
PATIENCE_MS: Final = 50
"""How long the end of a checkpoint may wait for readers; writers wait as long."""
AT_THE_LATEST: Final = 16_000
"""Pages (64 MB) at which a writer does it itself after all, as SQLite by itself does at 1,000."""


class Checkpoints:
    """A thread that starts with the first write and copies the WAL into the file when it is long.

    SQLite lets the commit that made the WAL long do this, and whoever waits for that commit waits for all of it. Here the bulk is
    copied while others write; for the rest, and to begin the WAL anew, they wait some milliseconds.
    """

    def __init__(self, path: Path, connect: Callable[[], sqlite3.Connection]) -> None:
        self._wal, self._connect = path.with_name(path.name + "-wal"), connect
        self._due, self._stopped = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def written(self) -> None:
        """Somebody has committed."""
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._stopped.is_set():
                    self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
                    self._thread.start()
        if not self._due.is_set():
            self._due.set()

    def stop(self) -> None:
        """End the thread; what is in the WAL stays there, as safe as in the file."""
        self._stopped.set()
        self._due.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5.0)

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        try:
            while not self._stopped.wait(PAUSE):
                self._due.wait()
                self._due.clear()
                try:
                    if self._wal.stat().st_size < FULL:
                        continue
                    if connection is None:
                        connection = self._connect()
                        connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                except (OSError, sqlite3.Error):
                    continue  # another process is at it, or the file is gone; the next look finds it again
        finally:
            if connection is not None:
                connection.close()
