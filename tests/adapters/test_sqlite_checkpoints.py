"""The WAL of the event log is copied into its file by a thread, and nothing is lost by it."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from core.adapters import sqlite_checkpoints
from core.adapters.sqlite_connections import Connections


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_checkpoints, "FULL", 100_000)
    monkeypatch.setattr(sqlite_checkpoints, "PAUSE", 0.02)


def _fill(connections: Connections, rows: int) -> None:
    for number in range(rows):
        with connections.write(durable=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, filler BLOB)")
            connection.execute("INSERT INTO t VALUES (?, zeroblob(4000))", (number,))


@pytest.mark.usefixtures("eager")
def test_a_long_wal_is_begun_anew_beside_the_writers_and_every_row_is_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections, wal, rows = (
        Connections(tmp_path / "log.sqlite", "the log", aside=True),
        tmp_path / "log.sqlite-wal",
        200,
    )
    _fill(connections, rows)
    monkeypatch.setattr(sqlite_checkpoints, "FULL", 1)  # what came after the last checkpoint may be too little for one
    deadline = time.monotonic() + 30
    while wal.stat().st_size:
        assert time.monotonic() < deadline
        with connections.write(durable=True) as connection:
            connection.execute("INSERT INTO t VALUES (?, zeroblob(4000))", (rows,))
        rows += 1
        time.sleep(0.2)
    alone = tmp_path / "copy.sqlite"
    alone.write_bytes((tmp_path / "log.sqlite").read_bytes())
    assert sqlite3.connect(alone).execute("SELECT count(*) FROM t").fetchone() == (rows,)
    assert rows < 300
    connections.close()


@pytest.mark.usefixtures("eager")
def test_a_reader_in_the_middle_holds_no_writer_up_and_loses_nothing(tmp_path: Path) -> None:
    connections = Connections(tmp_path / "log.sqlite", "the log", aside=True)
    _fill(connections, 5)
    reader = sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM t").fetchone() == (5,)
    started = time.monotonic()
    for number in range(5, 100):
        with connections.write(durable=True) as connection:
            connection.execute("INSERT INTO t VALUES (?, zeroblob(4000))", (number,))
    assert time.monotonic() - started < 20
    assert reader.execute("SELECT count(*) FROM t").fetchone() == (5,)
    reader.execute("COMMIT")
    with connections.read() as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (100,)
    connections.close()


def test_the_thread_ends_with_its_connections_and_starts_with_the_next_write(tmp_path: Path) -> None:
    connections = Connections(tmp_path / "log.sqlite", "the log", aside=True)
    _fill(connections, 1)
    first = connections._checkpoints
    assert first is not None
    assert first._thread is not None
    assert first._thread.is_alive()
    connections.close()
    assert not first._thread.is_alive()
    with connections.write(durable=True) as connection:
        connection.execute("INSERT INTO t VALUES (7, NULL)")
    second = connections._checkpoints
    assert second is not first
    assert second is not None
    assert second._thread is not None
    assert second._thread.is_alive()
    connections.close()
