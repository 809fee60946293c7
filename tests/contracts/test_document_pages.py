"""Cursor pages of every document store: in order, everything once, whatever is added meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import mongomock_ng as mongomock
import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.adapters.mongo import MongoDocuments
from core.domain.errors import InvalidInput
from core.domain.ports.documents import Documents, Found
from tests.contracts.document_stores import EVERY, SPECS, on
from tests.contracts.test_documents import thing
from tests.fakes.documents import MemoryDocuments

every = on(*EVERY)

RANKS = some.one_of(
    some.none(), some.integers(-2, 3), some.sampled_from([0.5, 2.5]), some.sampled_from(["", "a", "b", "ж"])
)
"""What a field ordered by may hold, with many equal ones."""


def pages(documents: Documents, **asked: Any) -> Iterator[Found]:
    cursor: str | None = None
    while True:
        page = documents.find("things", cursor=cursor, **asked)
        yield page
        if (cursor := page.cursor) is None:
            return


def ids(documents: Documents, **asked: Any) -> list[str]:
    return [document["id"] for page in pages(documents, **asked) for document in page.documents]


@every
@pytest.mark.parametrize("descending", [False, True])
def test_pages_sort_none_before_numbers_before_texts_and_then_by_id(documents: Documents, descending: bool) -> None:
    ranks = {"a": "ж", "b": None, "c": 2, "d": "z", "e": -1, "f": 2, "g": 1.5, "h": None}
    documents.upsert_many("things", [thing(id, rank=rank) for id, rank in ranks.items()])
    documents.insert("things", thing("i"))
    wanted = ["b", "h", "i", "e", "g", "c", "f", "d", "a"]
    for limit in (1, 2, 4, 9, 10):
        assert ids(documents, order="rank", descending=descending, limit=limit) == wanted[:: -1 if descending else 1]


@every
@pytest.mark.parametrize("descending", [False, True])
def test_pages_by_id_and_with_a_filter(documents: Documents, descending: bool) -> None:
    documents.upsert_many(
        "things", [thing(f"t{n:02}", state="live" if n % 3 else "draft", rank=n // 4) for n in range(20)]
    )
    live = [f"t{n:02}" for n in range(20) if n % 3][:: -1 if descending else 1]
    for order in ("id", "rank"):
        if order == "rank":
            live.sort(key=lambda name: (int(name[1:]) // 4, name), reverse=descending)
        for limit in (1, 5, 13, 50):
            assert ids(documents, where={"state": "live"}, order=order, descending=descending, limit=limit) == live


@every
def test_the_last_page_has_no_cursor_and_cursors_fit_into_addresses(documents: Documents) -> None:
    documents.upsert_many("things", [thing(f"t{n}", rank="?&ж/" * n) for n in range(4)])
    found = list(pages(documents, order="rank", limit=2))
    assert [len(page.documents) for page in found] == [2, 2]
    assert re.fullmatch(r"[A-Za-z0-9_-]+", found[0].cursor or "")
    assert found[1].cursor is None
    assert documents.find("counters") == Found([], None)


@every
def test_a_cursor_that_was_not_given_out_is_refused(documents: Documents) -> None:
    documents.upsert_many("things", [thing(f"t{n}", rank=n) for n in range(4)])
    cursor = documents.find("things", order="rank", limit=2).cursor
    assert cursor is not None
    for wrong in ("", "x", "!!", "ж", "bm90IGpzb24", "W10", "WzEsMiwzXQ", "A" * 5000, cursor[:-3], cursor + "A="):
        with pytest.raises(InvalidInput, match="cursor"):
            documents.find("things", order="rank", cursor=wrong)
    for other in ({"order": "id"}, {"order": "rank", "descending": True}):
        with pytest.raises(InvalidInput, match="cursor"):
            documents.find("things", cursor=cursor, **other)
    with pytest.raises(InvalidInput, match="cursor"):
        documents.find("counters", order="rank", cursor=cursor)


@every
def test_a_field_that_holds_lists_does_not_order_pages(documents: Documents) -> None:
    documents.upsert_many("things", [thing(f"t{n}", tags=["x"]) for n in range(3)])
    with pytest.raises(ValueError, match="cannot be ordered by tags"):
        documents.find("things", order="tags", limit=1)


@on("memory", "sqlite", "mongomock")
def test_pages_hold_everything_once_while_others_add(documents: Documents) -> None:
    @given(
        ranks=some.lists(RANKS, max_size=12),
        added=some.lists(RANKS, max_size=8),
        limit=some.integers(1, 5),
        descending=some.booleans(),
    )
    def law(ranks: list[Any], added: list[Any], limit: int, descending: bool) -> None:
        documents.upsert_many("things", [thing(f"m{n:02}", rank=rank) for n, rank in enumerate(ranks)])
        later = [thing(f"{'az'[n % 2]}{n:02}", rank=rank) for n, rank in enumerate(added)]
        waiting, seen = list(later), []
        for page in pages(documents, order="rank", descending=descending, limit=limit):
            seen += [document["id"] for document in page.documents]
            if waiting:
                documents.insert("things", waiting.pop())
        for document in documents.find("things", limit=100).documents:
            documents.delete("things", document["id"])
        assert len(seen) == len(set(seen))
        assert {f"m{n:02}" for n in range(len(ranks))} <= set(seen)

    law()


SCALARS = some.one_of(some.integers(-2, 3), some.sampled_from([0.5, 2.5, "", "a", "b", "ab"]))
TESTS = some.one_of(
    some.builds(
        lambda operator, value: {operator: value}, some.sampled_from(["gt", "gte", "lt", "lte", "has"]), SCALARS
    ),
    some.builds(lambda operator, value: {operator: value}, some.sampled_from(["eq", "ne"]), some.none() | SCALARS),
    some.builds(lambda values: {"in": values}, some.lists(some.none() | SCALARS, max_size=3)),
    some.builds(lambda value: {"contains": value}, some.sampled_from(["", "a", "b"])),
)


@on("sqlite", "mongomock")
def test_every_filter_means_the_same_on_every_store(documents: Documents) -> None:
    @given(
        held=some.lists(
            some.fixed_dictionaries({"rank": RANKS}, optional={"tags": some.lists(SCALARS, max_size=3)}), max_size=8
        ),
        where=some.fixed_dictionaries(
            {}, optional={"rank": TESTS.filter(lambda test: "has" not in test), "id": some.just({"gt": "m02"})}
        ),
        tagged=some.none() | SCALARS,
    )
    def law(held: list[dict[str, Any]], where: dict[str, Any], tagged: Any) -> None:
        if tagged is not None:
            where = where | {"tags": {"has": tagged}}
        model = MemoryDocuments(SPECS)
        for store in (model, documents):
            store.upsert_many("things", [thing(f"m{n:02}", **fields) for n, fields in enumerate(held)])
        answer = (
            documents.find("things", where, order="rank").documents,
            documents.group_counts("things", "rank", where),
        )
        for n in range(len(held)):
            documents.delete("things", f"m{n:02}")
        assert answer == (
            model.find("things", where, order="rank").documents,
            model.group_counts("things", "rank", where),
        )

    law()


def test_mongodb_keeps_a_page_within_ranges_of_the_index() -> None:
    documents = MongoDocuments("mongodb://mock", SPECS, client=mongomock.MongoClient())
    documents.migrate()
    documents.upsert_many("things", [thing(f"t{n}", rank=[None, 1, "a"][n % 3]) for n in range(9)])
    assert ids(documents, order="rank", limit=2) == ["t0", "t3", "t6", "t1", "t4", "t7", "t2", "t5", "t8"]
