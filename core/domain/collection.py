"""A typed view on one collection: dataclasses in, dataclasses out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import msgspec

from core.domain.errors import InvalidInput, NotFound
from core.domain.ports.documents import CollectionSpec, Document, Documents, Where

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of items and the cursor that continues after it, None at the end."""

    items: list[T]
    cursor: str | None


def place_in(cursor: str) -> int:
    """The place that a cursor names in a list that is held whole. Raises InvalidInput."""
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 9):
        raise InvalidInput("cursor", cursor, "this is not a cursor that Feedroom gave out")
    return int(cursor)


class Collection(Generic[T]):
    """Items of dataclass `kind`, stored as documents. The dataclass has `id: str` and `version: int`."""

    def __init__(self, documents: Documents, spec: CollectionSpec, kind: type[T]) -> None:
        self._documents = documents
        self.name = spec.name
        self._kind = kind

    def insert(self, item: T) -> T:
        """Add. Raises Duplicate if the id or a unique field is taken."""
        self._documents.insert(self.name, self._out(item))
        return item

    def get(self, id: str) -> T:
        """The item. Raises NotFound."""
        if (item := self.find_one(id)) is None:
            raise NotFound(f"no {self.name.replace('_', ' ').rstrip('s')} {id!r}", field="id", value=id)
        return item

    def find_one(self, id: str) -> T | None:
        """The item, or None."""
        document = self._documents.get(self.name, id)
        return None if document is None else self._in(document)

    def get_many(self, ids: Sequence[str]) -> dict[str, T]:
        """Those that exist, by id."""
        return {id: self._in(found) for id, found in self._documents.get_many(self.name, ids).items()}

    def find(
        self,
        where: Where | None = None,
        *,
        order: str = "id",
        descending: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[T]:
        """Items that fit, one page; see `core.domain.ports.documents` for the filter language."""
        found = self._documents.find(
            self.name, _plain(where), order=order, descending=descending, limit=limit, cursor=cursor
        )
        return Page([self._in(document) for document in found.documents], found.cursor)

    def each(
        self, where: Where | None = None, *, order: str = "id", descending: bool = False, batch: int = 500
    ) -> Iterator[T]:
        """All items that fit, fetched page by page."""
        cursor: str | None = None
        while True:
            page = self.find(where, order=order, descending=descending, limit=batch, cursor=cursor)
            yield from page.items
            if (cursor := page.cursor) is None:
                return

    def count(self, where: Where | None = None) -> int:
        """How many fit."""
        return self._documents.count(self.name, _plain(where))

    def group_counts(self, field: str, where: Where | None = None) -> dict[str, int]:
        """How many fit for each value of `field`."""
        return self._documents.group_counts(self.name, field, _plain(where))

    def patch(self, id: str, changes: dict[str, object], *, expected_version: int | None = None) -> T:
        """Set fields and bump the version. Raises NotFound, Conflict, Duplicate."""
        return self._in(self._documents.patch(self.name, id, _plain(changes), expected_version=expected_version))

    def claim(
        self, where: Where, changes: dict[str, object], *, order: str = "id", descending: bool = False
    ) -> T | None:
        """Atomically patch and return the first that fits, None if none does."""
        document = self._documents.claim(self.name, _plain(where), _plain(changes), order=order, descending=descending)
        return None if document is None else self._in(document)

    def upsert_many(self, items: Iterable[T]) -> int:
        """Insert or replace whole items by id."""
        return self._documents.upsert_many(self.name, [self._out(item) for item in items])

    def delete(self, id: str) -> bool:
        """Remove; False if it was not there."""
        return self._documents.delete(self.name, id)

    def _out(self, item: T) -> Document:
        return cast(Document, _plain(item))

    def _in(self, document: Document) -> T:
        return msgspec.convert(document, self._kind, str_keys=True)


def _plain(value: Any) -> Any:
    """Enums, tuples and dataclasses as what JSON knows; through JSON, as msgspec would leave tuples tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))
