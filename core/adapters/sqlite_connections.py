"""Connections to one SQLite file in WAL mode: one per thread and process, and write transactions that queue fairly."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.adapters.sqlite_checkpoints import AT_THE_LATEST, Checkpoints
from core.domain.errors import Unavailable

BUSY_SECONDS = 15.0
"""How long a writer waits for another one before it gives up with Unavailable."""

_abandoned: list[object] = []
"""Connections of a parent process: closing them in the child could break the parent's locks, so they are kept as they are."""


class _Connection(sqlite3.Connection):
    """A connection that can be referred to weakly, and knows its `synchronous` level and whether it waits for locks: each change
    of these is a statement, and before each statement of a busy process a thread waits for the interpreter."""

    synchronous = ""
    patient = True


class Connections:
    """Opens the file when first used. All errors of SQLite but IntegrityError leave as Unavailable, in one line."""

    def __init__(self, path: Path, what: str, *, aside: bool = False) -> None:
        """With `aside` the WAL is copied into the file by a thread, not by commits: for a file that is written all the time."""
        self._path, self._aside = path, aside
        self._what = what
        self._pid = os.getpid()
        self._fresh()

    def _fresh(self) -> None:
        self._local = threading.local()
        self._turn = threading.RLock()
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self._checkpoints = Checkpoints(self._path, self._connect) if self._aside else None

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, outside of any transaction unless the thread is inside `write`."""
        with self._one_line():
            connection = self._mine()
            if not connection.patient and not connection.in_transaction:
                _be_patient(connection, True)
            yield connection

    @contextmanager
    def write(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its start; inside another one of this thread, a part of that.

        `durable` waits for the disk: what is committed survives power loss, not only the death of the process.
        """
        with self._one_line():
            connection = self._mine()
            if connection.in_transaction:
                yield connection
                return
            # Threads queue here rather than in SQLite's busy handler, which sleeps and starves.
            if not self._turn.acquire(timeout=BUSY_SECONDS):
                raise sqlite3.OperationalError("another thread keeps the write lock")
            try:
                level = "FULL" if durable else "NORMAL"
                if connection.synchronous != level:
                    connection.execute(f"PRAGMA synchronous={level}")
                    connection.synchronous = level
                _begin(connection)
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    _roll_back(connection)
                    raise
            finally:
                self._turn.release()
            if self._checkpoints is not None:
                self._checkpoints.written()

    def close(self) -> None:
        """Close every thread's connection; a later call opens a new one."""
        if self._pid == os.getpid():
            if self._checkpoints is not None:
                self._checkpoints.stop()
            for connection in list(self._open):
                connection.close()
            self._fresh()

    def _mine(self) -> _Connection:
        if self._pid != os.getpid():
            _abandoned.extend((self._local, self._turn, *self._open))
            self._pid = os.getpid()
            self._fresh()
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            self._local.connection = connection = self._connect()
            self._open.add(connection)
        return connection

    def _connect(self) -> _Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise sqlite3.OperationalError(f"its folder cannot be made ({error.strerror})") from error
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, factory=_Connection
        )
        try:
            _use_wal(connection)
            connection.execute("PRAGMA temp_store=MEMORY")
            connection.execute("PRAGMA cache_size=-16000")
            if self._aside:
                connection.execute(f"PRAGMA wal_autocheckpoint={AT_THE_LATEST}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise Unavailable(f"{self._what} {self._path} cannot be used: {error}") from error


def _begin(connection: _Connection) -> None:
    """Take the write lock, asking every millisecond or so: SQLite's own waiting sleeps up to a tenth of a second.

    Four processes that write at once on a busy machine do 500 writes per second instead of 260, and the longest wait is 0.9 s
    instead of 5 s.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    if connection.patient:
        _be_patient(connection, False)
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.0002, 0.002))


def _be_patient(connection: _Connection, patient: bool) -> None:
    """Have SQLite wait for locks, or say at once that there is one."""
    connection.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1_000) if patient else 0}")
    connection.patient = patient


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. While other processes open a new file at the same moment, SQLite refuses this without waiting."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # a full disk has rolled back by itself
        connection.execute("ROLLBACK")
