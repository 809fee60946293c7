"""What the SQLite stores do when a process is killed, a file is not theirs, or a disk says no."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from core.adapters import sqlite_connections
from core.adapters.sqlite import SqliteDocuments, SqliteEventLog
from core.domain.errors import Unavailable
from core.domain.ports.event_log import NewEvent
from tests.contracts.document_stores import SPECS

ROOT = Path(__file__).parents[2]


def killed_after(lines: int, kind: str, path: Path, writers: int = 2) -> list[str]:
    """Start writers on one file, kill -9 them all once each has acknowledged so many lines; returns all whole lines."""
    command = [sys.executable, "-m", "tests.faults.writers", kind, str(path)]
    processes = [
        subprocess.Popen([*command, f"w{number}"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for number in range(writers)
    ]
    heard: list[str] = []

    def listen(process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout):
            if line.endswith("\n"):
                heard.append(line.strip())
            if number == lines:
                enough.release()

    enough = threading.Semaphore(0)
    listeners = [threading.Thread(target=listen, args=(process,)) for process in processes]
    for listener in listeners:
        listener.start()
    started = all(enough.acquire(timeout=60) for _ in processes)
    for process in processes:
        process.kill()
    for process, listener in zip(processes, listeners, strict=True):
        process.wait(10)
        listener.join(10)
        assert process.stdout is not None
        process.stdout.close()
    assert started, f"the writers did not get going: {heard[-3:]}"
    return heard


@pytest.mark.server
def test_documents_lose_no_acknowledged_write_to_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "documents.sqlite"
    acknowledged = [line.split() for line in killed_after(250, "documents", path)]
    documents = SqliteDocuments(path, SPECS)
    versions = {
        (name, found["id"]): found["version"]
        for name in ("things", "counters")
        for found in documents.find(name, limit=100_000).documents
    }
    assert len(acknowledged) >= 500
    assert [line for line in acknowledged if versions.get((line[0], line[1]), 0) < int(line[2])] == []
    documents.insert("things", {"id": "afterwards", "version": 1})
    documents.close()
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.server
def test_the_event_log_loses_no_acknowledged_event_to_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite"
    acknowledged = [id for line in killed_after(200, "events", path) for id in line.split()]
    log = SqliteEventLog(path)
    records = log.replay("t", limit=10**6)
    assert set(acknowledged) <= {record.id for record in records}
    assert len({record.id for record in records}) == len(records)
    # What was on its way when the writer died may be there or not; sending it again is harmless.
    assert log.append("t", [NewEvent(id, "k", b"") for id in acknowledged]) == [False] * len(acknowledged)
    log.close()


@pytest.mark.parametrize("store", [SqliteDocuments, SqliteEventLog])
def test_an_impossible_place_is_named_in_one_line(
    tmp_path: Path, store: type[SqliteDocuments | SqliteEventLog]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "folder").mkdir()
    (tmp_path / "other.sqlite").write_text(
        "this is not a database, but a text that is long enough to be looked at. " * 20
    )
    for path in (tmp_path / "file" / "x.sqlite", tmp_path / "folder", tmp_path / "other.sqlite"):
        with pytest.raises(Unavailable) as caught:
            store(path).ping()
        assert str(path) in caught.value.detail
        assert "\n" not in caught.value.detail
    assert (tmp_path / "other.sqlite").read_text().startswith("this is not a database")


def test_a_full_disk_is_said_and_passes_when_there_is_room_again(tmp_path: Path) -> None:
    documents = SqliteDocuments(tmp_path / "documents.sqlite", SPECS)
    documents.migrate()
    with documents._connections.read() as connection:
        connection.execute("PRAGMA max_page_count = 30")
    acknowledged: list[str] = []

    def fill() -> None:
        for number in range(200):
            documents.insert("things", {"id": f"t{number:03}", "version": 1, "text": "x" * 2_000})
            acknowledged.append(f"t{number:03}")

    with pytest.raises(Unavailable, match="full"):
        fill()
    assert [found["id"] for found in documents.find("things", limit=200).documents] == acknowledged
    with documents._connections.read() as connection:
        connection.execute("PRAGMA max_page_count = 100000")
    documents.insert("things", {"id": "afterwards", "version": 1})
    documents.close()


def test_a_lock_that_another_program_keeps_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.2)
    path = tmp_path / "documents.sqlite"
    documents = SqliteDocuments(path, SPECS)
    documents.migrate()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    with pytest.raises(Unavailable, match="locked"):
        documents.insert("things", {"id": "a", "version": 1})
    assert time.monotonic() - start < 5
    assert documents.get("things", "a") is None, "reading never waits for a writer"
    other.execute("ROLLBACK")
    documents.insert("things", {"id": "a", "version": 1})
    other.close()
    documents.close()


def test_a_forked_child_uses_a_connection_of_its_own(tmp_path: Path) -> None:
    documents = SqliteDocuments(tmp_path / "documents.sqlite", SPECS)
    documents.migrate()
    with documents._connections.read() as connection:
        parents = id(connection)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            documents.insert("things", {"id": "of the child", "version": 1})
            with documents._connections.read() as connection:
                code = 0 if id(connection) != parents else 2
        finally:
            os._exit(code)
    documents.insert("things", {"id": "of the parent", "version": 1})
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert documents.count("things") == 2
    documents.close()
