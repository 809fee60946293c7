"""`Documents` on MongoDB: a collection per collection, every write acknowledged by the majority."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pymongo
from pymongo import errors
from pymongo.collection import Collection, ReturnDocument

from core.adapters import filters, mongo_filters, mongo_schema
from core.adapters.mongo_filters import Query
from core.domain.errors import Conflict, InvalidInput, NotFound, ServiceError, Unavailable
from core.domain.ports.documents import CollectionSpec, Document, Found, Where
from core.domain.schema import MIGRATIONS, SCHEMA, Migration

Client = pymongo.MongoClient[dict[str, Any]]

SELECTION_MS = 2_500
"""How long an unreachable server is waited for."""

ANSWER_MS = 30_000
"""How long a server that is there may take for one answer."""

_TAKEN = 11_000
"""MongoDB's code of a duplicate key."""


class MongoDocuments:
    """Documents on a MongoDB server or replica set; the database is the one of the address, else `feedroom`.

    `client` is for tests that bring their own.
    """

    def __init__(
        self,
        uri: str,
        schema: Sequence[CollectionSpec] = SCHEMA,
        migrations: Sequence[Migration] = MIGRATIONS,
        *,
        client: Client | None = None,
    ) -> None:
        self._uri = uri
        self._shown = re.sub(r"//[^/]*@", "//", uri).partition("?")[0]
        self._specs = {spec.name: spec for spec in schema}
        self._migrations = tuple(migrations)
        self._given = client
        self._opened: tuple[int, Client] | None = None

    def insert(self, collection: str, document: Document) -> None:
        filters.check_new(document)
        with self._answers(collection):
            self._collection(collection).insert_one(_out(document))

    def get(self, collection: str, id: str) -> Document | None:
        with self._answers(collection):
            found = self._collection(collection).find_one({"_id": id})
        return None if found is None else _in(found)

    def get_many(self, collection: str, ids: Sequence[str]) -> dict[str, Document]:
        with self._answers(collection):
            found = self._collection(collection).find({"_id": {"$in": list(ids)}})
            return {document["_id"]: _in(document) for document in found}

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
        wanted = filters.check_limit(limit) + 1
        query = mongo_filters.all_of(filters.conditions(where))
        ranges: list[Query] = [{}]
        if cursor is not None:
            place = filters.read_cursor(cursor, collection, filters.field_name(order), descending)
            ranges = mongo_filters.after(place, order, descending)
        documents: list[Document] = []
        with self._answers(collection):
            for part in ranges:
                found = self._collection(collection).find(mongo_filters.both(query, part))
                found = found.sort(_sort(order, descending)).limit(wanted - len(documents))
                documents.extend(_in(document) for document in found)
                if len(documents) == wanted:
                    break
        page, more = documents[:limit], len(documents) > limit
        return Found(page, filters.cursor_at(page[-1], collection, order, descending) if more else None)

    def count(self, collection: str, where: Where | None = None) -> int:
        query = mongo_filters.all_of(filters.conditions(where))
        with self._answers(collection):
            return int(self._collection(collection).count_documents(query))

    def group_counts(self, collection: str, field: str, where: Where | None = None) -> dict[str, int]:
        name = mongo_filters.name_of(filters.field_name(field))
        query = mongo_filters.all_of(filters.conditions(where))
        stages = [{"$match": query}, {"$group": {"_id": f"${name}", "count": {"$sum": 1}}}]
        counts: dict[str, int] = {}
        with self._answers(collection):
            for group in self._collection(collection).aggregate(stages):
                label = filters.label(group["_id"])
                counts[label] = counts.get(label, 0) + int(group["count"])
        return counts

    def patch(self, collection: str, id: str, changes: Document, *, expected_version: int | None = None) -> Document:
        filters.check_changeable(self._spec(collection))
        query: Query = {"_id": id} if expected_version is None else {"_id": id, "version": expected_version}
        if (patched := self._update_first(collection, query, changes, None)) is not None:
            return patched
        if (held := self.get(collection, id)) is None:
            raise NotFound(f"{collection} holds no {id!r}", field="id", value=id)
        wanted = "" if expected_version is None else f", not {expected_version}"
        raise Conflict(f"{collection} {id} is at version {held['version']}{wanted}")

    def claim(
        self, collection: str, where: Where, changes: Document, *, order: str = "id", descending: bool = False
    ) -> Document | None:
        filters.check_changeable(self._spec(collection))
        query = mongo_filters.all_of(filters.conditions(where))
        return self._update_first(collection, query, changes, _sort(order, descending))

    def upsert_many(self, collection: str, documents: Iterable[Document]) -> int:
        outgoing = [_out(filters.check_new(document)) for document in documents]
        writes: list[pymongo.InsertOne[dict[str, Any]] | pymongo.ReplaceOne[dict[str, Any]]]
        if self._spec(collection).append_only:
            writes = [pymongo.InsertOne(document) for document in outgoing]
        else:
            writes = [pymongo.ReplaceOne({"_id": each["_id"]}, each, upsert=True) for each in outgoing]
        with self._answers(collection):
            if writes:
                self._collection(collection).bulk_write(writes)
        return len(writes)

    def delete(self, collection: str, id: str) -> bool:
        filters.check_changeable(self._spec(collection))
        with self._answers(collection):
            return self._collection(collection).delete_one({"_id": id}).deleted_count == 1

    def migrate(self) -> int:
        with self._answers("schema"):
            return mongo_schema.migrate(
                self._database(), tuple(self._specs.values()), self._migrations, documents=self, shown=self._shown
            )

    def ping(self) -> None:
        with self._answers("schema"):
            self._database().command("ping")

    def close(self) -> None:
        if self._opened is not None and self._opened[0] == os.getpid():
            self._opened[1].close()
        self._opened = None

    def _update_first(
        self, collection: str, query: Query, changes: Document, sort: list[tuple[str, int]] | None
    ) -> Document | None:
        update = {"$inc": {"version": 1}} | ({"$set": filters.check_changes(changes)} if changes else {})
        with self._answers(collection):
            found = self._collection(collection).find_one_and_update(
                query, update, sort=sort, return_document=ReturnDocument.AFTER
            )
        return None if found is None else _in(found)

    def _spec(self, collection: str) -> CollectionSpec:
        if (spec := self._specs.get(collection)) is None:
            raise ValueError(f"no collection {collection!r} is declared")
        return spec

    def _collection(self, name: str) -> Collection[dict[str, Any]]:
        # Majority and journal: an acknowledged write survives the loss of the primary and of its power.
        concern = pymongo.WriteConcern("majority", wtimeout=10_000, j=True if self._spec(name).durable else None)
        return self._database().get_collection(name, write_concern=concern)

    def _database(self) -> pymongo.database.Database[dict[str, Any]]:
        return self._client().get_default_database("feedroom")

    def _client(self) -> Client:
        """One client per process: its sockets and threads do not survive a fork."""
        if self._given is not None:
            return self._given
        if self._opened is None or self._opened[0] != os.getpid():
            try:
                client: Client = pymongo.MongoClient(
                    self._uri, serverSelectionTimeoutMS=SELECTION_MS, socketTimeoutMS=ANSWER_MS, connect=False
                )
            except ValueError as error:
                raise ServiceError(f"{self._shown} is not the address of a MongoDB: {error}") from error
            self._opened = os.getpid(), client
        return self._opened[1]

    @contextmanager
    def _answers(self, collection: str) -> Iterator[None]:
        try:
            yield
        except errors.DuplicateKeyError as error:
            raise filters.duplicate(collection, _clashing(error.details or {}, str(error))) from error
        except errors.BulkWriteError as error:
            failures = cast(list[dict[str, Any]], error.details.get("writeErrors", []))
            if taken := [each for each in failures if each.get("code") == _TAKEN]:
                raise filters.duplicate(collection, _clashing(taken[0], str(taken[0].get("errmsg")))) from error
            raise Unavailable(f"MongoDB at {self._shown} refused a write: {error}") from error
        except (errors.ConnectionFailure, errors.ExecutionTimeout, errors.WTimeoutError) as error:
            reason = str(error).partition(",")[0].partition(" (configured timeouts")[0]
            raise Unavailable(f"MongoDB at {self._shown} does not answer: {reason}") from error
        except (errors.PyMongoError, OverflowError) as error:
            raise ServiceError(f"MongoDB at {self._shown} refused the request: {error}") from error
        except UnicodeEncodeError as error:
            text = error.object[error.start : error.end]
            raise InvalidInput("document", text, "this is not text in Unicode") from error


def _sort(order: str, descending: bool) -> list[tuple[str, int]]:
    direction = pymongo.DESCENDING if descending else pymongo.ASCENDING
    filters.field_name(order)
    return [("_id", direction)] if order == "id" else [(order, direction), ("id", direction)]


def _clashing(details: Mapping[str, Any], message: str) -> tuple[str, ...]:
    """The fields of the unique index that a duplicate key error names."""
    index = re.search(r"ux_\w+?_by_(\w+)", message)
    if index is not None:
        return tuple(index.group(1).split("_by_"))
    fields = tuple(details.get("keyPattern") or ("_id",))
    return tuple("id" if field == "_id" else field for field in fields)


def _out(document: Document) -> dict[str, Any]:
    return {"_id": document["id"], **document}


def _in(stored: Mapping[str, Any]) -> Document:
    return {name: _plain(value) for name, value in stored.items() if name != "_id"}


def _plain(value: Any) -> Any:
    """Whole numbers of 64 bits come back as a class of their own, which is not plain JSON."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
