"""What the MongoDB adapter says when the server does not."""

from __future__ import annotations

import time

import mongomock_ng as mongomock
import pytest
from pymongo import errors

from core.adapters.mongo import MongoDocuments
from core.domain.errors import ServiceError, Unavailable
from tests.contracts.document_stores import SPECS, empty_port


def test_an_unreachable_server_is_named_in_one_line_without_its_password() -> None:
    port = empty_port()
    documents = MongoDocuments(f"mongodb://feedroom:s3cret@127.0.0.1:{port}/shop?authSource=admin", SPECS)
    start = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        documents.ping()
    assert time.monotonic() - start < 5
    assert caught.value.detail.startswith(f"MongoDB at mongodb://127.0.0.1:{port}/shop does not answer: ")
    assert "s3cret" not in caught.value.detail
    assert "\n" not in caught.value.detail
    assert len(caught.value.detail) < 200
    documents.close()


def test_making_an_adapter_connects_to_nothing() -> None:
    start = time.monotonic()
    MongoDocuments("mongodb://192.0.2.1:27017/feedroom", SPECS).close()
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("uri", ["mongodb://", "mongodb://host:notaport/", "mongodb://user:p@ss@host/x"])
def test_an_address_that_is_none_is_refused_in_one_line(uri: str) -> None:
    with pytest.raises(ServiceError) as caught:
        MongoDocuments(uri, SPECS).ping()
    assert "\n" not in caught.value.detail
    assert "p@ss" not in caught.value.detail


class _Failing:
    """A client whose every command fails in the way given."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_default_database(self, default: str) -> object:
        raise self._error


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (errors.AutoReconnect("connection closed"), Unavailable),
        (errors.NetworkTimeout("timed out"), Unavailable),
        (errors.NotPrimaryError("not primary"), Unavailable),
        (errors.ExecutionTimeout("took too long"), Unavailable),
        (errors.WTimeoutError("the majority did not answer"), Unavailable),
        (errors.OperationFailure("Authentication failed.", 18), ServiceError),
        (errors.OperationFailure("not authorized", 13), ServiceError),
    ],
)
def test_failures_of_the_server_become_ours(failure: Exception, kind: type[ServiceError]) -> None:
    documents = MongoDocuments("mongodb://u:s3cret@db/x", SPECS, client=_Failing(failure))  # type: ignore[arg-type]
    with pytest.raises(kind) as caught:
        documents.get("things", "a")
    assert type(caught.value) is kind
    assert "mongodb://db/x" in caught.value.detail
    assert "s3cret" not in caught.value.detail


def test_data_of_a_newer_feedroom_is_left_alone() -> None:
    client = mongomock.MongoClient()
    newer = MongoDocuments("mongodb://db/x", SPECS, migrations=[lambda documents: None], client=client)
    assert newer.migrate() == 2
    with pytest.raises(ServiceError, match="schema version 2"):
        MongoDocuments("mongodb://db/x", SPECS, migrations=[], client=client).migrate()
