"""Typed collections: dataclasses in and out, plain JSON in the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import pytest

from core.domain.collection import Collection
from core.domain.errors import Conflict, Duplicate, NotFound
from core.domain.ports.documents import CollectionSpec
from tests.fakes.documents import MemoryDocuments


class Mood(StrEnum):
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    name: str
    size: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    id: str
    version: int = 1
    mood: Mood = Mood.GOOD
    tags: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    best: Part | None = None
    counts: dict[str, int] = field(default_factory=dict)


SPEC = CollectionSpec(name="stock_items", unique=(("name",),))


@pytest.fixture
def documents() -> MemoryDocuments:
    return MemoryDocuments((SPEC,))


@pytest.fixture
def items(documents: MemoryDocuments) -> Collection[Item]:
    return Collection(documents, SPEC, Item)


def test_an_item_comes_back_equal_and_is_stored_as_plain_json(
    items: Collection[Item], documents: MemoryDocuments
) -> None:
    item = Item(
        id="a", mood=Mood.BAD, tags=("x",), parts=(Part(name="p", size=1.5),), best=Part(name="q"), counts={"k": 1}
    )
    assert items.insert(item) is item
    assert items.get("a") == item
    stored = documents.get("stock_items", "a")
    assert stored is not None
    assert type(stored["mood"]) is str
    assert stored["parts"] == [{"name": "p", "size": 1.5}]
    assert (stored["id"], stored["version"]) == ("a", 1)


def test_a_missing_item_is_named(items: Collection[Item]) -> None:
    with pytest.raises(NotFound, match="no stock item 'a'"):
        items.get("a")
    assert items.find_one("a") is None
    assert items.get_many(["a"]) == {}


def test_filters_and_changes_take_enumerations_tuples_and_dataclasses(items: Collection[Item]) -> None:
    items.upsert_many([Item(id="a"), Item(id="b", mood=Mood.BAD, tags=("x", "y"))])
    assert [item.id for item in items.find({"mood": Mood.BAD}).items] == ["b"]
    assert [item.id for item in items.find({"mood": {"in": {Mood.BAD, Mood.GOOD}}, "tags": {"has": "y"}}).items] == [
        "b"
    ]
    patched = items.patch("a", {"mood": Mood.BAD, "parts": (Part(name="p"),)}, expected_version=1)
    assert patched == Item(id="a", version=2, mood=Mood.BAD, parts=(Part(name="p"),))
    assert items.count({"mood": Mood.BAD}) == 2
    assert items.group_counts("mood") == {"bad": 2}
    claimed = items.claim({"mood": Mood.BAD}, {"mood": Mood.GOOD}, descending=True)
    assert claimed == Item(id="b", version=2, tags=("x", "y"))


def test_errors_of_the_store_come_through(items: Collection[Item]) -> None:
    items.insert(Item(id="a"))
    with pytest.raises(Duplicate):
        items.insert(Item(id="a"))
    with pytest.raises(Conflict):
        items.patch("a", {"mood": Mood.BAD}, expected_version=7)
    with pytest.raises(NotFound):
        items.patch("b", {"mood": Mood.BAD})
    assert items.delete("a")
    assert not items.delete("a")


def test_each_goes_through_all_pages_in_order(items: Collection[Item]) -> None:
    items.upsert_many([Item(id=f"i{number:02}", mood=Mood.BAD if number % 2 else Mood.GOOD) for number in range(25)])
    assert [item.id for item in items.each(batch=4)] == [f"i{number:02}" for number in range(25)]
    odd = items.each({"mood": Mood.BAD}, descending=True, batch=5)
    assert [item.id for item in odd] == [f"i{number:02}" for number in range(23, 0, -2)]
    page = items.find(limit=20)
    assert len(items.find(limit=20, cursor=page.cursor).items) == 5


def test_documents_of_an_earlier_shape_take_the_defaults(items: Collection[Item], documents: MemoryDocuments) -> None:
    documents.insert("stock_items", {"id": "old", "version": 3, "gone": "a field of last year"})
    assert items.get("old") == Item(id="old", version=3)
