"""Filters and cursor places as MongoDB queries; a document's `id` is also MongoDB's `_id`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from core.adapters.filters import Condition, Place

Query = dict[str, Any]


def name_of(field: str) -> str:
    """The field to ask for; `id` alone is better asked as `_id`, which every collection has an index on."""
    return "_id" if field == "id" else field


def all_of(conditions: Sequence[Condition]) -> Query:
    """All conditions as one query."""
    return both(*({name_of(each.field): _test(each)} for each in conditions))


def both(*queries: Query) -> Query:
    """One query that asks for all of these."""
    merged: Query = {}
    apart = []
    for query in queries:
        if merged.keys().isdisjoint(query):
            merged |= query
        else:
            apart.append(query)
    return merged | ({"$and": apart} if apart else {})


def after(place: Place, order: str, descending: bool) -> list[Query]:
    """What comes after a place, to be asked for one query after the other.

    Comparisons of MongoDB stay within one type, while its sorting goes on from None to numbers to texts.
    """
    field, sign = order, "$lt" if descending else "$gt"
    if order == "id":
        return [{"_id": {sign: place.id}}]
    beyond_id = {"id": {sign: place.id}}
    if place.value is None:
        here: Query = both({field: None}, beyond_id)
    else:
        here = {
            "$or": [{field: {sign: place.value}}, both({field: {"$eq": place.value}}, beyond_id)],
            field: {f"{sign}e": place.value},
        }
    nothing: Query = {field: None}
    number: Query = {field: {"$type": "number"}}
    text: Query = {field: {"$type": "string"}}
    kinds = [text, number, nothing] if descending else [nothing, number, text]
    kind = nothing if place.value is None else text if isinstance(place.value, str) else number
    return [here, *kinds[kinds.index(kind) + 1 :]]


def _test(condition: Condition) -> Any:
    value = condition.value
    match condition.operator:
        case "in":
            return {"$in": list(value)}
        case "has":
            return {"$elemMatch": {"$eq": value}}
        case "contains":
            return {"$regex": re.escape(value).replace("\0", r"\x00")}
        case operator:
            return {f"${operator}": value}
