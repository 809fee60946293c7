"""What every document store promises: identity, versions, filters, counts."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.errors import Conflict, Duplicate, Forbidden, InvalidInput, NotFound
from core.domain.ports.documents import Documents
from tests.contracts.document_stores import EVERY, all_but, on

every = on(*EVERY)


def thing(id: str, **fields: Any) -> dict[str, Any]:
    return {"id": id, "version": 1, **fields}


def found(documents: Documents, where: dict[str, Any]) -> str:
    """The ids that fit, and proof that `count` agrees."""
    ids = [document["id"] for document in documents.find("things", where).documents]
    assert documents.count("things", where) == len(ids)
    return " ".join(ids)


@every
def test_a_document_comes_back_as_it_went_in(documents: Documents) -> None:
    document = thing(
        "a", state="live", rank=2**40, share=0.5, flag=True, none=None, tags=["साड़ी", "x"], deep={"k": [1]}
    )
    documents.insert("things", document)
    assert documents.get("things", "a") == document
    assert {type(value) for value in documents.get("things", "a").values()} == {type(v) for v in document.values()}
    assert documents.get("things", "b") is None


@every
def test_what_the_caller_changes_afterwards_is_not_stored(documents: Documents) -> None:
    document = thing("a", tags=["x"])
    documents.insert("things", document)
    document["tags"].append("y")
    documents.get("things", "a")["tags"].append("z")
    assert documents.get("things", "a")["tags"] == ["x"]


@every
def test_an_id_is_taken_once(documents: Documents) -> None:
    documents.insert("things", thing("a", state="first"))
    with pytest.raises(Duplicate) as caught:
        documents.insert("things", thing("a", state="second"))
    assert caught.value.field == "id"
    assert documents.get("things", "a")["state"] == "first"


@every
def test_a_unique_field_is_taken_once_and_none_clashes_with_nothing(documents: Documents) -> None:
    documents.insert("things", thing("a", email="x@example.org"))
    with pytest.raises(Duplicate):
        documents.insert("things", thing("b", email="x@example.org"))
    documents.insert("things", thing("c", email=None))
    documents.insert("things", thing("d", email=None))
    documents.insert("things", thing("e"))
    assert documents.count("things") == 4


@every
def test_fields_that_are_unique_together_may_repeat_alone(documents: Documents) -> None:
    documents.insert("things", thing("a", shop="s", sku="1"))
    documents.insert("things", thing("b", shop="s", sku="2"))
    documents.insert("things", thing("c", shop="t", sku="1"))
    documents.insert("things", thing("d", shop="t"))
    documents.insert("things", thing("e", shop="t"))
    with pytest.raises(Duplicate):
        documents.insert("things", thing("f", shop="t", sku="1"))


@all_but("nx")
def test_a_duplicate_names_the_field_and_changes_nothing(documents: Documents) -> None:
    documents.insert("things", thing("a", email="x@example.org"))
    documents.insert("things", thing("b", email="y@example.org"))
    with pytest.raises(Duplicate) as caught:
        documents.patch("things", "b", {"email": "x@example.org"})
    assert caught.value.field == "email"
    with pytest.raises(Duplicate):
        documents.upsert_many("things", [thing("c", email="x@example.org")])
    assert documents.get("things", "b") == thing("b", email="y@example.org")
    assert documents.get("things", "c") is None


@every
def test_get_many_returns_those_that_exist(documents: Documents) -> None:
    documents.upsert_many("counters", [thing(f"t{number:04}") for number in range(300)])
    ids = [f"t{number:04}" for number in range(0, 1200, 2)]
    assert documents.get_many("counters", ids) == {id: thing(id) for id in ids[:150]}
    assert documents.get_many("counters", []) == {}


@every
def test_a_patch_sets_fields_and_raises_the_version(documents: Documents) -> None:
    documents.insert("things", thing("a", state="draft", rank=1))
    assert documents.patch("things", "a", {"state": "live", "new": [1]}) == {
        "id": "a", "version": 2, "state": "live", "rank": 1, "new": [1],
    }  # fmt: skip
    assert documents.patch("things", "a", {}, expected_version=2)["version"] == 3
    assert documents.get("things", "a")["version"] == 3


@every
def test_a_patch_of_an_older_version_is_refused(documents: Documents) -> None:
    documents.insert("things", thing("a", state="draft"))
    documents.patch("things", "a", {"state": "live"}, expected_version=1)
    with pytest.raises(Conflict):
        documents.patch("things", "a", {"state": "rejected"}, expected_version=1)
    assert documents.get("things", "a")["state"] == "live"
    with pytest.raises(NotFound):
        documents.patch("things", "b", {"state": "live"})
    with pytest.raises(NotFound):
        documents.patch("things", "b", {"state": "live"}, expected_version=1)


@every
def test_filters_find_what_they_say(documents: Documents) -> None:
    documents.upsert_many(
        "things",
        [
            thing("a", state="live", rank=1, tags=["saree", "silk"], title="Linen (50%) saree"),
            thing("b", state="live", rank=2.5, tags=[], title="linen.shirt"),
            thing("c", state="draft", rank=3, tags=["silk"], title='He said "no"'),
            thing("d", state="draft", tags=["saree silk"]),
        ],
    )
    assert found(documents, {}) == "a b c d"
    assert found(documents, {"state": "live"}) == "a b"
    assert found(documents, {"state": "live", "rank": {"gt": 1}}) == "b"
    assert found(documents, {"rank": {"gte": 1, "lt": 3}}) == "a b"
    assert found(documents, {"rank": {"lte": 2.5}}) == "a b"
    assert found(documents, {"rank": None}) == "d"
    assert found(documents, {"state": {"ne": "live"}}) == "c d"
    assert found(documents, {"rank": {"ne": 1}}) == "b c d"
    assert found(documents, {"id": {"in": ["a", "d", "x"]}}) == "a d"
    assert found(documents, {"rank": {"in": [1, 3, None]}}) == "a c d"
    assert found(documents, {"rank": {"in": []}}) == ""
    assert found(documents, {"id": {"gt": "a", "lte": "c"}}) == "b c"
    assert found(documents, {"id": "c"}) == "c"
    assert found(documents, {"tags": {"has": "silk"}}) == "a c"
    assert found(documents, {"tags": {"has": "saree"}}) == "a"
    assert found(documents, {"title": {"contains": "inen"}}) == "a b"
    assert found(documents, {"title": {"contains": "Linen (50%)"}}) == "a"
    assert found(documents, {"title": {"contains": "n.s"}}) == "b"
    assert found(documents, {"title": {"contains": '"no"'}}) == "c"
    assert found(documents, {"title": {"contains": ""}}) == "a b c"
    assert found(documents, {"missing": {"eq": None}}) == "a b c d"


@all_but("nx")
def test_numbers_and_texts_never_compare_and_none_is_a_missing_field(documents: Documents) -> None:
    documents.upsert_many(
        "things", [thing("a", rank=1), thing("b", rank="1"), thing("c", rank=None), thing("d"), thing("e", rank="~")]
    )
    assert found(documents, {"rank": 1}) == "a"
    assert found(documents, {"rank": "1"}) == "b"
    assert found(documents, {"rank": {"gt": 0}}) == "a"
    assert found(documents, {"rank": {"lt": "~"}}) == "b"
    assert found(documents, {"rank": {"gte": ""}}) == "b e"
    assert found(documents, {"rank": {"ne": None}}) == "a b e"
    assert found(documents, {"rank": {"ne": "1"}}) == "a c d e"


@all_but("nx", "mongomock")
def test_true_is_not_one(documents: Documents) -> None:
    documents.upsert_many("things", [thing("a", flag=True), thing("b", flag=1), thing("c", flag=False), thing("d")])
    assert found(documents, {"flag": True}) == "a"
    assert found(documents, {"flag": 1}) == "b"
    assert found(documents, {"flag": False}) == "c"
    assert found(documents, {"flag": {"ne": True}}) == "b c d"
    assert found(documents, {"flag": {"in": [True, None]}}) == "a d"
    assert found(documents, {"flag": {"gte": 0}}) == "b"
    assert documents.group_counts("things", "flag") == {"true": 1, "1": 1, "false": 1, "": 1}


@every
@pytest.mark.parametrize(
    "where",
    [
        {"state": {"regex": "x"}},
        {"state": {"$gt": ""}},
        {"state": {}},
        {"$where": "1"},
        {"state'; --": "x"},
        {"deep.field": 1},
        {"State": 1},
        {"tags": ["a"]},
        {"state": {"in": "live"}},
        {"rank": {"gt": None}},
        {"rank": {"lt": True}},
        {"rank": 2**70},
        {"rank": float("nan")},
        {"title": {"contains": 5}},
        {"state": {"eq": {"$ne": 1}}},
    ],
)
def test_what_is_not_of_the_filter_language_is_refused(documents: Documents, where: dict[str, Any]) -> None:
    documents.insert("things", thing("a", state="live"))
    for ask in (documents.find, documents.count):
        with pytest.raises(ValueError, match=r"field name|operator|takes"):
            ask("things", where)
    with pytest.raises(ValueError, match=r"field name|operator|takes"):
        documents.claim("things", where, {"state": "taken"})


@every
def test_malformed_documents_and_changes_are_refused(documents: Documents) -> None:
    for wrong in (
        {"version": 1},
        {"id": "", "version": 1},
        {"id": 5, "version": 1},
        {"id": "a"},
        thing("a", **{"$x": 1}),
    ):
        with pytest.raises(ValueError, match=r"`id`|`version`|field name"):
            documents.insert("things", wrong)
    documents.insert("things", thing("a"))
    for changes in ({"id": "b"}, {"version": 9}, {"a.b": 1}, {"$set": 1}):
        with pytest.raises(ValueError, match=r"not changed|field name"):
            documents.patch("things", "a", changes)
    with pytest.raises(ValueError, match="limit"):
        documents.find("things", limit=0)
    with pytest.raises(InvalidInput, match="Unicode"):
        documents.insert("counters", thing("b", title="broken \ud800 text"))
    assert documents.count("things") == 1


@every
def test_group_counts_counts_each_value(documents: Documents) -> None:
    states = ["live", "live", "draft", None]
    documents.upsert_many("things", [thing(f"t{n}", state=state, rank=n) for n, state in enumerate(states)])
    documents.insert("things", thing("without", rank=9))
    assert documents.group_counts("things", "state") == {"live": 2, "draft": 1, "": 2}
    assert documents.group_counts("things", "state", {"rank": {"lt": 3}}) == {"live": 2, "draft": 1}
    assert documents.group_counts("counters", "state") == {}


@every
def test_upsert_replaces_whole_documents_and_takes_versions_as_given(documents: Documents) -> None:
    documents.insert("things", thing("a", state="old", rank=1))
    assert documents.upsert_many("things", iter([{"id": "a", "version": 7, "state": "new"}, thing("b")])) == 2
    assert documents.get("things", "a") == {"id": "a", "version": 7, "state": "new"}
    assert documents.upsert_many("things", []) == 0


@on("memory", "sqlite")
def test_a_refused_bulk_write_leaves_nothing_behind(documents: Documents) -> None:
    documents.insert("things", thing("a", email="x@example.org"))
    with pytest.raises(Duplicate):
        documents.upsert_many("things", [thing("b"), thing("c", email="x@example.org"), thing("d")])
    assert found(documents, {}) == "a"


@every
def test_deleting_says_whether_it_was_there(documents: Documents) -> None:
    documents.insert("things", thing("a"))
    assert documents.delete("things", "a") is True
    assert documents.delete("things", "a") is False
    assert documents.get("things", "a") is None


@every
def test_an_append_only_collection_only_grows(documents: Documents) -> None:
    documents.insert("ledger", thing("a", act="signed"))
    documents.upsert_many("ledger", [thing("b", act="paid")])
    with pytest.raises(Forbidden, match="append-only"):
        documents.patch("ledger", "a", {"act": "never"})
    with pytest.raises(Forbidden, match="append-only"):
        documents.claim("ledger", {}, {"act": "never"})
    with pytest.raises(Forbidden, match="append-only"):
        documents.delete("ledger", "a")
    with pytest.raises(Duplicate):
        documents.upsert_many("ledger", [thing("a", act="never")])
    assert [line["act"] for line in documents.find("ledger").documents] == ["signed", "paid"]


@every
def test_an_undeclared_collection_is_refused(documents: Documents) -> None:
    for ask in (documents.find, documents.count, lambda name: documents.get(name, "a")):
        with pytest.raises((ValueError, KeyError)):
            ask("nowhere")


@every
def test_migrating_again_keeps_everything(documents: Documents) -> None:
    documents.insert("things", thing("a", email="x@example.org"))
    assert documents.migrate() == documents.migrate()
    documents.ping()
    assert documents.get("things", "a") == thing("a", email="x@example.org")
    with pytest.raises(Duplicate):
        documents.insert("things", thing("b", email="x@example.org"))
