"""Filters and cursor places as SQL with parameters; field names come checked from `core.adapters.filters`."""

# ruff: noqa: S608 - only checked field names stand in the text, every value is a parameter

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.adapters.filters import Condition, Place

Sql = tuple[str, list[Any]]
"""A condition and its parameters."""

_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def column(field: str) -> str:
    """The expression that reads a field; the same text as in the index on it, so that SQLite uses the index."""
    return "id" if field == "id" else f"json_extract(document, '$.{field}')"


def all_of(conditions: Sequence[Condition], passed: tuple[str, bool] | None = None) -> Sql:
    """All conditions as one.

    `passed` is the field by which rows are read from a place on, and whether that goes down: the place is then the nearer bound of
    that field, so the given one is only checked (a `+` keeps SQLite from starting at it and reading all before the place again).
    """
    parts = [_condition(each) for each in conditions]
    if passed is not None:
        field, descending = passed
        bounds = ("lt", "lte") if descending else ("gt", "gte")
        parts = [
            (f"+{text}" if each.field == field and each.operator in bounds else text, values)
            for each, (text, values) in zip(conditions, parts, strict=True)
        ]
    return " AND ".join(f"({text})" for text, _ in parts) or "1", [value for _, values in parts for value in values]


def after(place: Place, order: str, descending: bool) -> list[tuple[Sql, str]]:
    """What comes after a place, as conditions to be asked for one after the other, each with the order of its rows.

    Each is one range of an index, never an offset: the rest of those with the same value, in the order of ids, then what is beyond
    (one condition for both would read all with the same value again for every page), then or before, since it compares with
    nothing, NULL.
    """
    field, sign = column(order), "<" if descending else ">"
    by_id, by_both = order_by("id", descending), order_by(order, descending)
    if order == "id":
        return [((f"id {sign} ?", [place.id]), by_id)]
    if place.value is None:
        rest: list[tuple[Sql, str]] = [((f"{field} IS NULL AND id {sign} ?", [place.id]), by_id)]
        return rest if descending else [*rest, ((f"{field} IS NOT NULL", []), by_both)]
    here: list[tuple[Sql, str]] = [
        ((f"{field} = ? AND id {sign} ?", [place.value, place.id]), by_id),
        ((f"{field} {sign} ?", [place.value]), by_both),
    ]
    return [*here, ((f"{field} IS NULL", []), by_id)] if descending else here


def order_by(order: str, descending: bool) -> str:
    """The clause that sorts by a field and then by id."""
    direction = "DESC" if descending else "ASC"
    return f"ORDER BY id {direction}" if order == "id" else f"ORDER BY {column(order)} {direction}, id {direction}"


def _condition(condition: Condition) -> Sql:
    value = condition.value
    field = column(condition.field)
    match condition.operator:
        case "eq":
            return _equal(condition.field, value)
        case "ne":
            text, values = _equal(condition.field, value)
            return f"NOT coalesce({text}, 0)", values
        case "in":
            return _one_of(condition.field, value)
        case "has":
            test, values = _element(value)
            return (
                f"{_type(condition.field)} = 'array' AND EXISTS "
                f"(SELECT 1 FROM json_each(document, '$.{condition.field}') AS each WHERE {test})",
                values,
            )
        case "contains":
            return f"{_is_text(condition.field)} AND instr({field}, ?) > 0", [value]
        case operator:
            right_type = _is_text(condition.field) if isinstance(value, str) else _is_number(condition.field)
            return f"{field} {_COMPARISONS[operator]} ? AND {right_type}", [value]


def _type(field: str) -> str:
    return f"json_type(document, '$.{field}')"


def _is_text(field: str) -> str:
    return "1" if field == "id" else f"{_type(field)} = 'text'"


def _is_number(field: str) -> str:
    return f"{_type(field)} IN ('integer', 'real')"


def _equal(field: str, value: object) -> Sql:
    if value is None:
        return f"{column(field)} IS NULL", []
    if isinstance(value, bool):
        return f"{column(field)} = ? AND {_type(field)} = ?", [int(value), "true" if value else "false"]
    if isinstance(value, str):
        return f"{column(field)} = ?", [value]
    return f"{column(field)} = ? AND {_is_number(field)}", [value]


def _one_of(field: str, values: Sequence[object]) -> Sql:
    texts = [value for value in values if isinstance(value, str)]
    parts: list[Sql] = [_equal(field, value) for value in values if not isinstance(value, str)]
    if texts:
        parts.append((f"{column(field)} IN ({', '.join('?' * len(texts))})", list(texts)))
    return " OR ".join(f"({text})" for text, _ in parts) or "0", [value for _, given in parts for value in given]


def _element(value: object) -> Sql:
    if value is None:
        return "each.type = 'null'", []
    if isinstance(value, bool):
        return "each.type = ?", ["true" if value else "false"]
    if isinstance(value, str):
        return "each.type = 'text' AND each.value = ?", [value]
    return "each.type IN ('integer', 'real') AND each.value = ?", [value]
