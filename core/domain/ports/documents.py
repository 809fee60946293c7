"""Documents: small JSON-like records with a version, kept in named collections.

A document is a dict with a text `id` and an integer `version`. Filters are dicts, all conditions must hold:
`{"status": "live", "created_at": {"gte": 5, "lt": 9}, "tags": {"has": "saree"}, "search_text": {"contains": "linen"}}`.
A bare value means equality. Operators: `eq ne in gt gte lt lte has contains` (`has`: a list holds the value; `contains`: a
text holds the text, compared as is). `has` is for lists, the others for fields that hold a text, a number, a boolean or None.
A missing field equals None. Numbers compare with numbers only and texts with texts (by code point); `gt` and its like are
never true of None or a boolean. Unknown operators, and field names other than `[a-z][a-z0-9_]*`, raise ValueError on every
adapter; dates are numbers (UTC milliseconds) and enumerations plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Document = dict[str, Any]
Where = Mapping[str, Any]
OPERATORS = frozenset({"eq", "ne", "in", "gt", "gte", "lt", "lte", "has", "contains"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionSpec:
    """How a collection is stored. `durable` promises that an acknowledged write survives `kill -9` and power loss.

    `indexes` and `unique` name fields, several fields make a compound index. Unique fields hold texts; one
    that is None clashes with nothing.
    `append_only` refuses patch, claim, delete and the replacing of documents with Forbidden.
    """

    name: str
    indexes: tuple[tuple[str, ...], ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    durable: bool = True
    append_only: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One page of documents and the cursor that continues after it, None at the end."""

    documents: list[Document]
    cursor: str | None


class Documents(Protocol):
    """A store of documents. Every method may raise Unavailable; writes are atomic per document."""

    def insert(self, collection: str, document: Document) -> None:
        """Add a document. Raises Duplicate if its id or a unique field is taken."""

    def get(self, collection: str, id: str) -> Document | None:
        """The document, or None."""

    def get_many(self, collection: str, ids: Sequence[str]) -> dict[str, Document]:
        """The documents that exist among `ids`, by id."""

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
        """Documents that fit, sorted by field `order` then id, at most `limit`, after `cursor`.

        Raises InvalidInput for a cursor that this store did not make.
        """

    def count(self, collection: str, where: Where | None = None) -> int:
        """How many fit."""

    def group_counts(self, collection: str, field: str, where: Where | None = None) -> dict[str, int]:
        """How many fit for each value of `field`; None and missing count under ""."""

    def patch(self, collection: str, id: str, changes: Document, *, expected_version: int | None = None) -> Document:
        """Set top-level fields (not `id` or `version`) and add 1 to `version`; returns the new document.

        Raises NotFound, Conflict if `expected_version` is given and differs, Duplicate if a unique field is taken.
        """

    def claim(
        self, collection: str, where: Where, changes: Document, *, order: str = "id", descending: bool = False
    ) -> Document | None:
        """Atomically patch the first document that fits and return it, None if none fits. No two callers get the same one
        as long as `changes` make it stop fitting."""

    def upsert_many(self, collection: str, documents: Iterable[Document]) -> int:
        """Insert or replace whole documents by id; returns how many. Versions are taken as given.

        Raises Duplicate if a unique field is taken, or an id of an append-only collection. When it raises, a store without
        transactions may hold a part of them, each whole: running it again is harmless.
        """

    def delete(self, collection: str, id: str) -> bool:
        """Remove; False if it was not there. Only drafts, sessions and the like are ever deleted."""

    def migrate(self) -> int:
        """Create what the schema declares (collections, indexes) and bring older data up; returns the schema version."""

    def ping(self) -> None:
        """Return if the store answers, raise Unavailable if not."""

    def close(self) -> None:
        """Let go of connections; a later call opens new ones."""
