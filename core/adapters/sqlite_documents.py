"""`Documents` in one SQLite file: a table of JSON texts per collection."""

# ruff: noqa: S608 - collections are declared names, fields pass `filters.field_name`, every value is a parameter

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec

from core.adapters import filters, sqlite_filters, sqlite_schema
from core.adapters.schema_version import refuse_newer
from core.adapters.sqlite_connections import Connections
from core.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, ServiceError
from core.domain.ports.documents import CollectionSpec, Document, Found, Where
from core.domain.schema import MIGRATIONS, SCHEMA, Migration

_MANY = 500


class SqliteDocuments:
    """Documents that every process of one machine shares. WAL needs a local disk, not a network share."""

    def __init__(
        self, path: Path, schema: Sequence[CollectionSpec] = SCHEMA, migrations: Sequence[Migration] = MIGRATIONS
    ) -> None:
        self._specs = {spec.name: spec for spec in schema}
        self._migrations = tuple(migrations)
        self._path = path
        self._connections = Connections(path, "the document file")

    def insert(self, collection: str, document: Document) -> None:
        filters.check_new(document)
        with self._write(collection) as connection:
            self._insert(connection, collection, document)

    def get(self, collection: str, id: str) -> Document | None:
        with self._connections.read() as connection:
            return self._get(connection, self._spec(collection), id)

    def get_many(self, collection: str, ids: Sequence[str]) -> dict[str, Document]:
        table = self._spec(collection).name
        found: dict[str, Document] = {}
        with self._connections.read() as connection:
            for start in range(0, len(ids), _MANY):
                some = list(ids[start : start + _MANY])
                sql = f"SELECT id, document FROM {table} WHERE id IN ({', '.join('?' * len(some))})"
                found.update((id, _decode(text)) for id, text in connection.execute(sql, some))
        return found

    def find(
        self,
        collection: str,
        where: Where | None = None,
        *,
        order: str = "id",
        descending: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Found:
        table, wanted = self._spec(collection).name, filters.check_limit(limit) + 1
        field = filters.field_name(order)
        ranges: list[tuple[sqlite_filters.Sql, str]] = [(("1", []), sqlite_filters.order_by(field, descending))]
        if cursor is not None:
            ranges = sqlite_filters.after(filters.read_cursor(cursor, collection, field, descending), field, descending)
        condition, values = sqlite_filters.all_of(
            filters.conditions(where), None if cursor is None else (field, descending)
        )
        texts: list[str] = []
        with self._connections.read() as connection:
            for (part, part_values), in_order in ranges:
                sql = f"SELECT document FROM {table} WHERE {condition} AND ({part}) {in_order} LIMIT ?"
                rows = connection.execute(sql, [*values, *part_values, wanted - len(texts)])
                texts.extend(text for (text,) in rows)
                if len(texts) == wanted:
                    break
        documents = [_decode(text) for text in texts[:limit]]
        more = len(texts) > limit
        return Found(documents, filters.cursor_at(documents[-1], collection, order, descending) if more else None)

    def count(self, collection: str, where: Where | None = None) -> int:
        condition, values = sqlite_filters.all_of(filters.conditions(where))
        sql = f"SELECT count(*) FROM {self._spec(collection).name} WHERE {condition}"
        with self._connections.read() as connection:
            return int(connection.execute(sql, values).fetchone()[0])

    def group_counts(self, collection: str, field: str, where: Where | None = None) -> dict[str, int]:
        condition, values = sqlite_filters.all_of(filters.conditions(where))
        value = sqlite_filters.column(filters.field_name(field))
        kind = "'text'" if field == "id" else f"json_type(document, '$.{field}')"
        sql = (
            f"SELECT {value} AS value, coalesce({kind}, 'null') AS kind, count(*) "
            f"FROM {self._spec(collection).name} WHERE {condition} GROUP BY value, kind"
        )
        counts: dict[str, int] = {}
        with self._connections.read() as connection:
            for found, found_kind, count in connection.execute(sql, values):
                name = found_kind if found_kind in ("true", "false") else filters.label(found)
                counts[name] = counts.get(name, 0) + count
        return counts

    def patch(self, collection: str, id: str, changes: Document, *, expected_version: int | None = None) -> Document:
        filters.check_changeable(self._spec(collection))
        filters.check_changes(changes)
        with self._write(collection) as connection:
            held = self._get(connection, self._spec(collection), id)
            if held is None:
                raise NotFound(f"{collection} holds no {id!r}", field="id", value=id)
            if expected_version not in (None, held["version"]):
                raise Conflict(f"{collection} {id} is at version {held['version']}, not {expected_version}")
            return self._replace(connection, collection, held | changes)

    def claim(
        self, collection: str, where: Where, changes: Document, *, order: str = "id", descending: bool = False
    ) -> Document | None:
        filters.check_changeable(self._spec(collection))
        filters.check_changes(changes)
        condition, values = sqlite_filters.all_of(filters.conditions(where))
        order_by = sqlite_filters.order_by(filters.field_name(order), descending)
        sql = f"SELECT document FROM {self._spec(collection).name} WHERE {condition} {order_by} LIMIT 1"
        with self._connections.read() as connection:
            # Idle workers ask all the time; as long as nothing waits they never take the write lock.
            if connection.execute(sql, values).fetchone() is None:
                return None
        with self._write(collection) as connection:
            row = connection.execute(sql, values).fetchone()
            return None if row is None else self._replace(connection, collection, _decode(row[0]) | changes)

    def upsert_many(self, collection: str, documents: Iterable[Document]) -> int:
        rows = [(document["id"], _encode(document)) for document in map(filters.check_new, documents)]
        spec = self._spec(collection)
        replace = "" if spec.append_only else "ON CONFLICT (id) DO UPDATE SET document = excluded.document"
        with self._write(collection) as connection:
            connection.executemany(f"INSERT INTO {spec.name} (id, document) VALUES (?, ?) {replace}", rows)
        return len(rows)

    def delete(self, collection: str, id: str) -> bool:
        filters.check_changeable(self._spec(collection))
        with self._write(collection) as connection:
            return connection.execute(f"DELETE FROM {collection} WHERE id = ?", [id]).rowcount == 1

    def migrate(self) -> int:
        """See the port. All of it is one transaction: a crash in the middle leaves the file as it was."""
        known = 1 + len(self._migrations)
        with self._connections.write(durable=True) as connection:
            held = sqlite_schema.read_version(connection)
            refuse_newer(held, known, f"the document file {self._path}")
            sqlite_schema.declare(connection, tuple(self._specs.values()))
            if held > 0:
                for migration in self._migrations[held - 1 :]:
                    migration(self)
            connection.execute(f"PRAGMA user_version = {known}")
        return known

    def ping(self) -> None:
        with self._connections.read() as connection:
            refuse_newer(
                sqlite_schema.read_version(connection), 1 + len(self._migrations), f"the document file {self._path}"
            )

    def close(self) -> None:
        self._connections.close()

    def _spec(self, collection: str) -> CollectionSpec:
        if (spec := self._specs.get(collection)) is None:
            raise ValueError(f"no collection {collection!r} is declared")
        return spec

    @contextmanager
    def _write(self, collection: str) -> Iterator[sqlite3.Connection]:
        spec = self._spec(collection)
        try:
            with self._connections.write(durable=spec.durable) as connection:
                yield connection
        except sqlite3.IntegrityError as error:
            if sqlite_schema.APPEND_ONLY in str(error):
                raise Forbidden(str(error)) from error
            raise filters.duplicate(collection, _clashing(str(error))) from error

    def _insert(self, connection: sqlite3.Connection, collection: str, document: Document) -> None:
        connection.execute(
            f"INSERT INTO {collection} (id, document) VALUES (?, ?)", [document["id"], _encode(document)]
        )

    def _get(self, connection: sqlite3.Connection, spec: CollectionSpec, id: str) -> Document | None:
        row = connection.execute(f"SELECT document FROM {spec.name} WHERE id = ?", [id]).fetchone()
        return None if row is None else _decode(row[0])

    def _replace(self, connection: sqlite3.Connection, collection: str, document: Document) -> Document:
        document["version"] += 1
        text = _encode(document)
        connection.execute(f"UPDATE {collection} SET document = ? WHERE id = ?", [text, document["id"]])
        return _decode(text)


def _clashing(message: str) -> tuple[str, ...]:
    """The fields that SQLite names: `UNIQUE constraint failed: jobs.id` or `… failed: index 'ux_jobs_by_a_by_b'`."""
    index = re.search(r"index 'ux_\w+?_by_(\w+)'", message)
    return tuple(index.group(1).split("_by_")) if index else ("id",)


def _encode(document: Document) -> str:
    try:
        return msgspec.json.encode(document).decode()
    except UnicodeEncodeError as error:
        raise InvalidInput("document", error.object[error.start : error.end], "this is not text in Unicode") from error


def _decode(text: str) -> Document:
    try:
        return cast(dict[str, Any], msgspec.json.decode(text))
    except msgspec.DecodeError as error:
        raise ServiceError(f"a stored document is damaged: {error}") from error
