"""`EventLog` in one SQLite file, with Kafka's semantics on one machine."""

from __future__ import annotations

import heapq
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from core.adapters.schema_version import refuse_newer
from core.adapters.sqlite_connections import Connections
from core.adapters.sqlite_leases import Leases
from core.adapters.sqlite_schema import read_version
from core.adapters.together import Together
from core.domain.ids import Millis
from core.domain.ports.event_log import DeadLetter, NewEvent, Record

PARTITIONS = 8
VERSION = 1
_TRIM_BATCH = 5_000

_TABLES = """
CREATE TABLE IF NOT EXISTS records (
    position INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, partition INTEGER NOT NULL, id TEXT NOT NULL,
    key TEXT NOT NULL, payload BLOB NOT NULL, appended_at INTEGER NOT NULL, UNIQUE (topic, id));
CREATE INDEX IF NOT EXISTS records_by_partition ON records (topic, partition);
CREATE TABLE IF NOT EXISTS groups (topic TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (topic, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commits (
    topic TEXT NOT NULL, name TEXT NOT NULL, partition INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (topic, name, partition)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS members (
    topic TEXT NOT NULL, name TEXT NOT NULL, member TEXT NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (topic, name, member)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leases (
    topic TEXT NOT NULL, name TEXT NOT NULL, partition INTEGER NOT NULL, member TEXT NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (topic, name, partition)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letters (
    topic TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL, partition INTEGER NOT NULL, id TEXT NOT NULL,
    key TEXT NOT NULL, payload BLOB NOT NULL, error TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (topic, name, position));
"""


_Row = tuple[str, int, str, str, bytes]
"""Topic, partition, id, key, payload."""
_ROWS = 500


def wall_clock() -> Millis:
    """The log stamps what it appends itself, as a Kafka broker does."""
    return time.time_ns() // 1_000_000


class SqliteEventLog:
    """Topics of 8 partitions in one file. Offsets count over all topics, so they grow within each partition, with gaps."""

    def __init__(self, path: Path, *, clock: Callable[[], Millis] = wall_clock) -> None:
        self._path = path
        self._clock = clock
        self._connections = Connections(path, "the event log", aside=True)
        self._leases = Leases(self._connections, PARTITIONS)
        self._made = False
        self._appends: Together[Sequence[_Row], list[bool]] = Together(self._append_all)

    def append(self, topic: str, events: Sequence[NewEvent]) -> list[bool]:
        rows = [
            (topic, zlib.crc32(event.key.encode()) % PARTITIONS, event.id, event.key, event.payload) for event in events
        ]
        return self._appends.do(rows) if rows else []

    def _append_all(self, batches: Sequence[Sequence[_Row]]) -> list[list[bool]]:
        """Several callers' rows in one durable transaction."""
        rows = [row for batch in batches for row in batch]
        with self._open().write(durable=True) as connection:
            now = self._clock()
            fresh: list[bool] = []
            for start in range(0, len(rows), _ROWS):
                fresh += _insert(connection, rows[start : start + _ROWS], now)
        answers = iter(fresh)
        return [list(islice(answers, len(batch))) for batch in batches]

    def poll(
        self, topic: str, group: str, member: str, *, limit: int = 500, lease_ms: int = 30_000, now: int
    ) -> list[Record]:
        with self._open().read() as connection:
            held = self._leases.hold(topic, group, member, lease_ms=lease_ms, now=now)
            done = _committed(connection, topic, group)
            starts = {partition: done.get(partition, 0) for partition in held}
            return _merged(connection, topic, starts, limit)

    def commit(self, topic: str, group: str, member: str, records: Sequence[Record]) -> None:
        last: dict[int, int] = {}
        for record in records:
            last[record.partition] = max(last.get(record.partition, 0), record.offset)
        sql = (
            "INSERT INTO commits VALUES (?, ?, ?, ?) ON CONFLICT (topic, name, partition) "
            "DO UPDATE SET position = max(position, excluded.position)"
        )
        # Not durable on purpose: a commit that power loss takes back only makes records come again.
        with self._open().write(durable=False) as connection:
            self._leases.check(connection, topic, group, member, set(last))
            connection.executemany(sql, [(topic, group, partition, offset) for partition, offset in last.items()])

    def lag(self, topic: str, group: str) -> int:
        sql = "SELECT count(*) FROM records WHERE topic = ? AND partition = ? AND position > ?"
        with self._open().read() as connection:
            done = _committed(connection, topic, group)
            return sum(
                connection.execute(sql, (topic, partition, done.get(partition, 0))).fetchone()[0]
                for partition in range(PARTITIONS)
            )

    def replay(self, topic: str, *, after: int = 0, limit: int = 1_000) -> list[Record]:
        with self._open().read() as connection:
            return _merged(connection, topic, dict.fromkeys(range(PARTITIONS), after), limit)

    def dead_letter(self, record: Record, group: str, error: str) -> None:
        row = (record.topic, group, record.offset, record.partition, record.id, record.key, record.payload, error)
        with self._open().write(durable=True) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, self._clock())
            )

    def dead_letters(self, topic: str, *, limit: int = 100) -> list[DeadLetter]:
        sql = (
            "SELECT topic, partition, position, id, key, payload, name, error FROM dead_letters WHERE topic = ? "
            "ORDER BY at DESC, rowid DESC LIMIT ?"
        )
        with self._open().read() as connection:
            rows = connection.execute(sql, (topic, limit))
            return [DeadLetter(Record(*row[:6]), group=row[6], error=row[7]) for row in rows]

    def trim(self, topic: str, *, before_ms: int) -> int:
        return sum(self._trim(topic, partition, before_ms) for partition in range(PARTITIONS))

    def ping(self) -> None:
        with self._open().read() as connection:
            connection.execute("SELECT 1 FROM groups LIMIT 1").fetchone()

    def close(self) -> None:
        self._connections.close()

    def _trim(self, topic: str, partition: int, before: Millis) -> int:
        """Delete in small transactions, so that appending never waits long."""
        slowest = (
            "SELECT min(coalesce(commits.position, 0)) FROM groups LEFT JOIN commits ON commits.topic = groups.topic "
            "AND commits.name = groups.name AND commits.partition = ? WHERE groups.topic = ?"
        )
        oldest = "SELECT position, appended_at FROM records WHERE topic = ? AND partition = ? ORDER BY position LIMIT ?"
        gone = 0
        while True:
            with self._open().write(durable=False) as connection:
                floor = connection.execute(slowest, (partition, topic)).fetchone()[0]
                rows = connection.execute(oldest, (topic, partition, _TRIM_BATCH)).fetchall()
                old = [position for position, at in rows if at < before and (floor is None or position <= floor)]
                connection.executemany("DELETE FROM records WHERE position = ?", [(position,) for position in old])
            gone += len(old)
            if len(old) < _TRIM_BATCH:
                return gone

    def _open(self) -> Connections:
        """The connections, after making the tables when this process first needs them."""
        if not self._made:
            with self._connections.write(durable=True) as connection:
                refuse_newer(read_version(connection), VERSION, f"the event log {self._path}")
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
            self._made = True
        return self._connections


def _insert(connection: sqlite3.Connection, rows: Sequence[_Row], now: Millis) -> list[bool]:
    """Which of the rows are new. One statement for all: between statements a thread waits for the interpreter, which in a busy
    process took longer than the disk."""
    count = connection.execute(_insertion(len(rows)), [value for row in rows for value in (*row, now)]).rowcount
    if count == len(rows):
        return [True] * len(rows)
    # The write lock is ours, so the new ones are the last.
    last = connection.execute("SELECT topic, id FROM records ORDER BY position DESC LIMIT ?", (count,))
    new = set(last.fetchall())
    fresh = []
    for topic, _, id, *_ in rows:
        fresh.append((topic, id) in new)
        new.discard((topic, id))
    return fresh


@cache
def _insertion(rows: int) -> str:
    return (
        "INSERT INTO records (topic, partition, id, key, payload, appended_at) VALUES "  # noqa: S608 - question marks only
        + ", ".join(["(?, ?, ?, ?, ?, ?)"] * rows)
        + " ON CONFLICT (topic, id) DO NOTHING"
    )


def _committed(connection: sqlite3.Connection, topic: str, group: str) -> dict[int, int]:
    sql = "SELECT partition, position FROM commits WHERE topic = ? AND name = ?"
    return dict(connection.execute(sql, (topic, group)).fetchall())


def _merged(connection: sqlite3.Connection, topic: str, starts: dict[int, int], limit: int) -> list[Record]:
    """Records after each partition's start in the order of appending; reads no more rows than it returns."""
    sql = (
        "SELECT topic, partition, position, id, key, payload FROM records "
        "WHERE topic = ? AND partition = ? AND position > ? ORDER BY position"
    )

    def rows(partition: int, start: int) -> Iterator[Record]:
        cursor = connection.cursor()
        return (Record(*row) for row in cursor.execute(sql, (topic, partition, start)))

    merged = heapq.merge(*(rows(*start) for start in starts.items()), key=lambda record: record.offset)
    return list(islice(merged, limit))
