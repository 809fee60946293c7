"""The filter language and the cursors of `Documents`, checked once for every adapter."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.domain.errors import Duplicate, Forbidden, InvalidInput
from core.domain.ports.documents import OPERATORS, CollectionSpec, Document, Where

Scalar = str | int | float | bool | None
"""What a filter compares with, and what a field that is ordered by holds (without bool)."""

_FIELD = re.compile(r"[a-z][a-z0-9_]{0,62}")
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Condition:
    """One test on one field; `value` is a tuple of scalars for `in`, else a scalar."""

    field: str
    operator: str
    value: Any


def field_name(name: str) -> str:
    """The name, if it is one that may stand in a query. Raises ValueError."""
    if not isinstance(name, str) or not _FIELD.fullmatch(name):
        raise ValueError(f"{name!r} is not a field name")
    return name


def conditions(where: Where | None) -> tuple[Condition, ...]:
    """A filter as a flat list of checked conditions. Raises ValueError for what no adapter understands."""
    found = []
    for name, test in (where or {}).items():
        field = field_name(name)
        tests = test if isinstance(test, Mapping) else {"eq": test}
        if not tests:
            raise ValueError(f"{field}: no operator is given")
        for operator, value in tests.items():
            found.append(Condition(field, operator, _operand(field, operator, value)))
    return tuple(found)


def _operand(field: str, operator: str, value: object) -> object:
    if operator not in OPERATORS:
        raise ValueError(f"{field}: unknown operator {operator!r}; known are {', '.join(sorted(OPERATORS))}")
    if operator == "in":
        if isinstance(value, str) or not isinstance(value, Sequence | set | frozenset):
            raise ValueError(f"{field}: `in` takes a list, not {value!r}")
        return tuple(_scalar(field, operator, each) for each in value)
    if operator in ("gt", "gte", "lt", "lte") and (value is None or isinstance(value, bool)):
        raise ValueError(f"{field}: `{operator}` takes a number or a text, not {value!r}")
    if operator == "contains" and not isinstance(value, str):
        raise ValueError(f"{field}: `contains` takes a text, not {value!r}")
    return _scalar(field, operator, value)


def _scalar(field: str, operator: str, value: object) -> Scalar:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError(f"{field}: `{operator}` takes a text, a number of 64 bits, a boolean or None, not {value!r}")


def check_new(document: Document) -> Document:
    """A document that may be stored: text `id`, integer `version`. Raises ValueError."""
    id, version = document.get("id"), document.get("version")
    if not isinstance(id, str) or not id:
        raise ValueError(f"a document needs a text `id`, not {id!r}")
    if not isinstance(version, int) or isinstance(version, bool):
        raise ValueError(f"document {id} needs an integer `version`, not {version!r}")
    for name in document:
        field_name(name)
    return document


def check_changes(changes: Document) -> Document:
    """Changes that a patch may make: any top-level fields but `id` and `version`. Raises ValueError."""
    for name in changes:
        if field_name(name) in ("id", "version"):
            raise ValueError(f"`{name}` is not changed by a patch")
    return changes


def check_limit(limit: int) -> int:
    """A page holds at least one document. Raises ValueError."""
    if limit < 1:
        raise ValueError(f"limit is {limit}; it takes 1 or more")
    return limit


def check_changeable(spec: CollectionSpec) -> None:
    """Raise Forbidden if the collection only ever grows."""
    if spec.append_only:
        raise Forbidden(f"{spec.name} is append-only: what is written there stays as it is")


def duplicate(collection: str, fields: Sequence[str]) -> Duplicate:
    """The error for an id or a unique field that is taken."""
    names = " and ".join(fields)
    return Duplicate(f"{collection.replace('_', ' ')} already holds one with this {names}", field=fields[0])


def label(value: Scalar) -> str:
    """A value as the key of `group_counts`: texts as they are, None as "", booleans as in JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the value of the field ordered by, and the id."""

    value: str | int | float | None
    id: str


def cursor_at(document: Document, collection: str, order: str, descending: bool) -> str:
    """The cursor that continues after `document`. Raises ValueError if the field ordered by holds no plain value."""
    value = document.get(order)
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise ValueError(f"{collection} cannot be ordered by {order}: {document['id']} holds {value!r} there")
    text = json.dumps([_ordering(collection, order, descending), value, document["id"]], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def read_cursor(cursor: str, collection: str, order: str, descending: bool) -> Place:
    """The place a cursor names. Raises InvalidInput if it was not made for this ordering of this collection."""
    try:
        text = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), b"-_", validate=True)
        ordering, value, id = json.loads(text)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise InvalidInput("cursor", cursor, "this is not a cursor that Feedroom gave out") from None
    if not _plain(value) or not isinstance(id, str):
        raise InvalidInput("cursor", cursor, "this is not a cursor that Feedroom gave out")
    if ordering != _ordering(collection, order, descending):
        raise InvalidInput("cursor", cursor, "this cursor belongs to another list or another order")
    return Place(value, id)


def _plain(value: object) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and -_INT64 <= value < _INT64
    return value is None or isinstance(value, str) or (isinstance(value, float) and math.isfinite(value))


def _ordering(collection: str, order: str, descending: bool) -> str:
    return f"{collection}{'-' if descending else '+'}{order}"
