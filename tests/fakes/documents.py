"""`Documents` in memory: the whole contract, none of the durability."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from core.adapters import filters
from core.domain.errors import Conflict, Duplicate, InvalidInput, NotFound
from core.domain.ports.documents import CollectionSpec, Document, Found, Where
from core.domain.schema import SCHEMA, SCHEMA_VERSION


class MemoryDocuments:
    """Documents in dicts, copied on the way in and out, behind one lock."""

    def __init__(self, schema: Sequence[CollectionSpec] = SCHEMA) -> None:
        self._specs = {spec.name: spec for spec in schema}
        self._held: dict[str, dict[str, Document]] = {name: {} for name in self._specs}
        self._lock = threading.RLock()

    def everything(self) -> dict[str, list[Document]]:
        """A copy of all documents, by collection: for other stores to begin with."""
        with self._lock:
            return {name: _copied(list(held.values())) for name, held in self._held.items()}

    def insert(self, collection: str, document: Document) -> None:
        filters.check_new(document)
        with self._lock:
            if document["id"] in self._held[collection]:
                raise filters.duplicate(collection, ("id",))
            self._store(collection, document)

    def get(self, collection: str, id: str) -> Document | None:
        return _copied(self._held[collection].get(id))

    def get_many(self, collection: str, ids: Sequence[str]) -> dict[str, Document]:
        held = self._held[collection]
        return {id: _copied(held[id]) for id in ids if id in held}

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
        filters.check_limit(limit)
        fitting = self._fitting(collection, where, order, descending)
        if cursor is not None:
            place = filters.read_cursor(cursor, collection, order, descending)
            after = _rank(place.value), place.id
            fitting = [
                found
                for found in fitting
                if (
                    after > (_rank(found.get(order)), found["id"])
                    if descending
                    else after < (_rank(found.get(order)), found["id"])
                )
            ]
        page = _copied(fitting[:limit])
        more = len(fitting) > limit
        return Found(page, filters.cursor_at(page[-1], collection, order, descending) if more else None)

    def count(self, collection: str, where: Where | None = None) -> int:
        return len(self._fitting(collection, where, "id", False))

    def group_counts(self, collection: str, field: str, where: Where | None = None) -> dict[str, int]:
        filters.field_name(field)
        return dict(Counter(filters.label(found.get(field)) for found in self._fitting(collection, where, "id", False)))

    def patch(self, collection: str, id: str, changes: Document, *, expected_version: int | None = None) -> Document:
        filters.check_changeable(self._specs[collection])
        filters.check_changes(changes)
        with self._lock:
            if (held := self._held[collection].get(id)) is None:
                raise NotFound(f"{collection} holds no {id!r}", field="id", value=id)
            if expected_version not in (None, held["version"]):
                raise Conflict(f"{collection} {id} is at version {held['version']}, not {expected_version}")
            self._store(collection, held | changes | {"version": held["version"] + 1})
            return _copied(self._held[collection][id])

    def claim(
        self, collection: str, where: Where, changes: Document, *, order: str = "id", descending: bool = False
    ) -> Document | None:
        filters.check_changeable(self._specs[collection])
        filters.check_changes(changes)
        with self._lock:
            fitting = self._fitting(collection, where, order, descending)
            return self.patch(collection, fitting[0]["id"], changes) if fitting else None

    def upsert_many(self, collection: str, documents: Iterable[Document]) -> int:
        documents = [filters.check_new(document) for document in documents]
        with self._lock:
            before = dict(self._held[collection])
            try:
                for document in documents:
                    if self._specs[collection].append_only:
                        self.insert(collection, document)
                    else:
                        self._store(collection, document)
            except Duplicate:
                self._held[collection] = before
                raise
        return len(documents)

    def delete(self, collection: str, id: str) -> bool:
        filters.check_changeable(self._specs[collection])
        with self._lock:
            return self._held[collection].pop(id, None) is not None

    def migrate(self) -> int:
        return SCHEMA_VERSION

    def ping(self) -> None:
        return None

    def close(self) -> None:
        return None

    def _store(self, collection: str, document: Document) -> None:
        for fields in self._specs[collection].unique:
            key = [document.get(field) for field in fields]
            for other in self._held[collection].values():
                if other["id"] != document["id"] and None not in key and key == [other.get(field) for field in fields]:
                    raise filters.duplicate(collection, fields)
        try:
            self._held[collection][document["id"]] = msgspec.json.decode(msgspec.json.encode(document))
        except UnicodeEncodeError as error:
            raise InvalidInput("document", document, "this is not text in Unicode") from error

    def _fitting(self, collection: str, where: Where | None, order: str, descending: bool) -> list[Document]:
        filters.field_name(order)
        tests = filters.conditions(where)
        with self._lock:
            fitting = [held for held in self._held[collection].values() if all(_fits(held, test) for test in tests)]
        return sorted(fitting, key=lambda held: (_rank(held.get(order)), held["id"]), reverse=descending)


def _rank(value: Any) -> tuple[int, Any]:
    """None before numbers before texts."""
    if value is None:
        return 0, 0
    return (2, value) if isinstance(value, str) else (1, value)


def _same(value: Any, other: Any) -> bool:
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)


def _fits(document: Document, test: filters.Condition) -> bool:
    return _TESTS[test.operator](document.get(test.field), test.value)


def _comparable(held: Any, value: Any) -> bool:
    if isinstance(held, bool) or not isinstance(held, str | int | float):
        return False
    return isinstance(held, str) == isinstance(value, str)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _same,
    "ne": lambda held, value: not _same(held, value),
    "in": lambda held, values: any(_same(held, value) for value in values),
    "has": lambda held, value: isinstance(held, list) and any(_same(each, value) for each in held),
    "contains": lambda held, value: isinstance(held, str) and value in held,
    "gt": lambda held, value: _comparable(held, value) and held > value,
    "gte": lambda held, value: _comparable(held, value) and held >= value,
    "lt": lambda held, value: _comparable(held, value) and held < value,
    "lte": lambda held, value: _comparable(held, value) and held <= value,
}


def _copied(value: Any) -> Any:
    """A copy of a document, which is dicts, lists and plain values: many times as quick as `copy.deepcopy`."""
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_copied(one) for one in value]
    return tuple(map(_copied, value)) if isinstance(value, tuple) else value
