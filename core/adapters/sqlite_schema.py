"""Tables, indexes and triggers of the document file, made and kept as `core.domain.schema` declares them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from core.adapters.filters import field_name
from core.adapters.sqlite_filters import column
from core.domain.ports.documents import CollectionSpec

APPEND_ONLY = "is append-only"
"""Part of the message of the triggers that guard append-only collections, also against other programs."""


def read_version(connection: sqlite3.Connection) -> int:
    """The schema version of the file; 0 if it is new."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def declare(connection: sqlite3.Connection, schema: Sequence[CollectionSpec]) -> None:
    """Create what is missing and drop indexes that are no longer declared; keeps all documents."""
    wanted: dict[str, str] = {}
    for spec in schema:
        table = field_name(spec.name)
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table} (id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL)")
        for fields in spec.indexes:
            # The id comes last, so that a page in the order of the index needs no sorting.
            wanted["_by_".join((f"ix_{table}", *fields))] = f"INDEX {{}} ON {table} ({_columns((*fields, 'id'))})"
        for fields in spec.unique:
            wanted["_by_".join((f"ux_{table}", *fields))] = f"UNIQUE INDEX {{}} ON {table} ({_columns(fields)})"
        if spec.append_only:
            for act in ("UPDATE", "DELETE"):
                connection.execute(
                    f"CREATE TRIGGER IF NOT EXISTS {table}_refuses_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} {APPEND_ONLY}'); END"
                )
    names = "SELECT name FROM sqlite_master WHERE type = 'index' AND substr(name, 1, 3) IN ('ix_', 'ux_')"
    present = {name for (name,) in connection.execute(names)}
    for name in present - wanted.keys():
        connection.execute(f"DROP INDEX {name}")
    for name in wanted.keys() - present:
        connection.execute("CREATE " + wanted[name].format(name))


def _columns(fields: tuple[str, ...]) -> str:
    return ", ".join(column(field_name(field)) for field in fields)
