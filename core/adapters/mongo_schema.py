"""Indexes and schema version of the MongoDB database, made and kept as `core.domain.schema` declares them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pymongo
from pymongo.database import Database

from core.adapters.filters import field_name
from core.adapters.schema_version import refuse_newer
from core.domain.ports.documents import CollectionSpec, Documents
from core.domain.schema import Migration

VERSION_OF = "feedroom_schema"
"""The collection that holds the schema version, in one document."""


def migrate(
    database: Database[dict[str, Any]],
    schema: Sequence[CollectionSpec],
    migrations: Sequence[Migration],
    *,
    documents: Documents,
    shown: str,
) -> int:
    """Make the indexes, run what is new of `migrations`, remember the version.

    Two processes may do this at the same time and one may die in the middle: every step is harmless when repeated.
    """
    known = 1 + len(migrations)
    versions = database.get_collection(VERSION_OF, write_concern=pymongo.WriteConcern("majority"))
    row = versions.find_one({"_id": "version"})
    held = int(row["version"]) if row else 0
    refuse_newer(held, known, f"the database {shown}")
    for spec in schema:
        _indexes(database, spec)
    if held > 0:
        for done, migration in enumerate(migrations[held - 1 :], start=held + 1):
            migration(documents)
            versions.update_one({"_id": "version"}, {"$set": {"version": done}})
    versions.update_one({"_id": "version"}, {"$set": {"version": known}}, upsert=True)
    return known


def _indexes(database: Database[dict[str, Any]], spec: CollectionSpec) -> None:
    collection = database[field_name(spec.name)]
    wanted: dict[str, dict[str, Any]] = {}
    for fields in spec.indexes:
        wanted["_by_".join((f"ix_{spec.name}", *fields))] = {"keys": _keys((*fields, "id"))}
    for fields in spec.unique:
        # None clashes with nothing: only documents that hold a text in every field take part.
        present = {field_name(field): {"$type": "string"} for field in fields}
        wanted["_by_".join((f"ux_{spec.name}", *fields))] = {
            "keys": _keys(fields),
            "unique": True,
            "partialFilterExpression": present,
        }
    held = {name for name in collection.index_information() if name.startswith(("ix_", "ux_"))}
    for name in held - wanted.keys():
        collection.drop_index(name)
    for name in wanted.keys() - held:
        collection.create_index(name=name, **wanted[name])


def _keys(fields: Sequence[str]) -> list[tuple[str, int]]:
    return [(field_name(field), pymongo.ASCENDING) for field in fields]
