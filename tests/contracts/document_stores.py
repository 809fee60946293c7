"""Document stores for the contract suite; servers are real processes, started once and emptied before each test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import mongomock_ng as mongomock
import pymongo
import pytest

from core.adapters.mongo import MongoDocuments
from core.adapters.sqlite import SqliteDocuments
from core.domain.ports.documents import CollectionSpec, Documents
from tests.fakes.documents import MemoryDocuments

SPECS = (
    CollectionSpec(name="things", indexes=(("state", "rank"), ("rank",)), unique=(("email",), ("shop", "sku"))),
    CollectionSpec(name="counters", indexes=(("rank",),), durable=False),
    CollectionSpec(name="ledger", append_only=True),
)
"""A schema that has one of everything."""

SERVERS = ["nx", *(["mongodb"] if os.environ.get("FEEDROOM_TEST_MONGO_URI") else [])]
EVERY = ["memory", "sqlite", "mongomock", *SERVERS]
SHARED = ["sqlite", *SERVERS]
"""Stores that several processes can open."""


def empty_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def nx_address() -> Iterator[str]:
    """A server that speaks MongoDB's wire protocol, from a wheel."""
    with tempfile.TemporaryDirectory(prefix="feedroom-nx-") as folder:
        port = empty_port()
        options = ["--db", f"{folder}/nx.db", "--pid-file", f"{folder}/pid", "--log-file", f"{folder}/log"]
        command = [str(Path(sys.executable).with_name("nx-27017")), "-p", str(port), *options]
        with Path(folder, "out").open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
        try:
            _wait_for(process, port, Path(f"{folder}/out"))
            yield f"mongodb://127.0.0.1:{port}/feedroom"
        finally:
            process.kill()  # it may be slow to end when asked, and what it holds is thrown away
            process.wait(10)


def _wait_for(process: subprocess.Popen[bytes], port: int, out: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"nx-27017 did not start: {out.read_text()[-500:]}")


def open_documents(address: str) -> Documents:
    """A store of the test schema, by address; what another process of a test calls."""
    return MongoDocuments(address, SPECS) if address.startswith("mongodb") else SqliteDocuments(Path(address), SPECS)


def empty_address(kind: str, request: pytest.FixtureRequest) -> str:
    """Where a new sqlite file goes, or a server whose collections of the test schema were dropped."""
    if kind == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return str(folder / "documents.sqlite")
    uri: str = os.environ["FEEDROOM_TEST_MONGO_URI"] if kind == "mongodb" else request.getfixturevalue("nx_address")
    with pymongo.MongoClient[dict[str, object]](uri) as client:
        if "posts" in client.get_default_database("feedroom").list_collection_names():
            pytest.fail(
                "FEEDROOM_TEST_MONGO_URI names a database that holds posts; contracts empty what they are given"
            )
        for name in (*(spec.name for spec in SPECS), "feedroom_schema"):
            client.get_default_database("feedroom").drop_collection(name)
    return uri


@pytest.fixture
def shared_address(request: pytest.FixtureRequest) -> str:
    """The address of an empty, migrated store of the parameter's kind, for several processes to open."""
    where = empty_address(request.param, request)
    store = open_documents(where)
    store.migrate()
    store.close()
    return where


@pytest.fixture
def documents(request: pytest.FixtureRequest) -> Iterator[Documents]:
    """An empty, migrated store of the parameter's kind."""
    store: Documents
    if request.param == "memory":
        store = MemoryDocuments(SPECS)
    elif request.param == "mongomock":
        store = MongoDocuments("mongodb://mock", SPECS, client=mongomock.MongoClient())
    else:
        store = open_documents(empty_address(request.param, request))
    store.migrate()
    yield store
    store.close()


def on(*kinds: str) -> pytest.MarkDecorator:
    """Run the test on these kinds of stores."""
    return pytest.mark.parametrize("documents", kinds, indirect=True)


def all_but(*kinds: str) -> pytest.MarkDecorator:
    """Run the test on every store but these, which are stand-ins that are known to answer it wrong."""
    return on(*(kind for kind in EVERY if kind not in kinds))
