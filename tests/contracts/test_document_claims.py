"""Claims and patches of every document store while others do the same, from threads and from processes."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress

import pytest

from core.domain.errors import Conflict
from core.domain.ports.documents import Documents
from tests.contracts.document_stores import EVERY, SHARED, all_but, on, open_documents
from tests.contracts.test_documents import thing

THREADS, PROCESSES = 8, 4


@on(*EVERY)
def test_a_claim_patches_one_that_fits_until_none_does(documents: Documents) -> None:
    documents.upsert_many("things", [thing("a", state="queued"), thing("b", state="live"), thing("c", state="queued")])
    claimed = [documents.claim("things", {"state": "queued"}, {"state": "running", "holder": "w"}) for _ in range(3)]
    assert claimed[2] is None
    assert sorted(claimed[:2], key=lambda found: found["id"]) == [
        {"id": id, "version": 2, "state": "running", "holder": "w"} for id in ("a", "c")
    ]
    assert documents.get("things", "b") == thing("b", state="live")


@all_but("nx")
def test_claims_come_in_order(documents: Documents) -> None:
    documents.upsert_many("things", [thing(f"t{n}", state="queued", rank=[2, 1, None, 1][n]) for n in range(4)])
    order = []
    while (claimed := documents.claim("things", {"state": "queued"}, {"state": "running"}, order="rank")) is not None:
        order.append(claimed["id"])
    assert order == ["t2", "t1", "t3", "t0"]
    last = documents.claim("things", {"state": "running"}, {"state": "done"}, order="rank", descending=True)
    assert last is not None
    assert last["id"] == "t0"


def claim_all(documents: Documents, holder: str, start: threading.Barrier | None = None) -> list[str]:
    """Claim until nothing waits; returns the ids."""
    if start is not None:
        start.wait()
    ids = []
    while claimed := documents.claim("things", {"state": "queued"}, {"state": "taken", "holder": holder}, order="rank"):
        ids.append(claimed["id"])
    return ids


def start_together(number: int) -> ProcessPoolExecutor:
    """A pool of fresh processes that begin their first task at the same moment."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(number, context, context.Barrier(number, timeout=60).wait)


def claim_all_at(address: str, holder: str) -> list[str]:
    documents = open_documents(address)
    try:
        return claim_all(documents, holder)
    finally:
        documents.close()


def increment_at(address: str, times: int) -> int:
    """Add 1 to a document's field by compare-and-set, as often as asked; returns how often somebody else was first."""
    documents = open_documents(address)
    beaten = 0
    try:
        for _ in range(times):
            while True:
                held = documents.get("counters", "c")
                assert held is not None
                try:
                    documents.patch("counters", "c", {"rank": held["rank"] + 1}, expected_version=held["version"])
                    break
                except Conflict:
                    beaten += 1
    finally:
        documents.close()
    return beaten


@on("memory", *SHARED)
def test_eight_threads_never_claim_the_same_document(documents: Documents) -> None:
    documents.upsert_many("things", [thing(f"t{n:03}", state="queued", rank=n % 5) for n in range(160)])
    start = threading.Barrier(THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        taken = list(pool.map(lambda n: claim_all(documents, f"w{n}", start), range(THREADS)))
    assert Counter(id for ids in taken for id in ids) == {f"t{n:03}": 1 for n in range(160)}
    for n, ids in enumerate(taken):
        assert {documents.get("things", id)["holder"] for id in ids} <= {f"w{n}"}
    assert {document["version"] for document in documents.find("things", limit=200).documents} == {2}


@pytest.mark.server
@pytest.mark.parametrize("shared_address", SHARED, indirect=True)
def test_four_processes_never_claim_the_same_document(shared_address: str) -> None:
    documents = open_documents(shared_address)
    documents.upsert_many("things", [thing(f"t{n:03}", state="queued", rank=n % 5) for n in range(300)])
    with start_together(PROCESSES) as pool:
        taken = list(pool.map(claim_all_at, [shared_address] * PROCESSES, [f"w{n}" for n in range(PROCESSES)]))
    assert Counter(id for ids in taken for id in ids) == {f"t{n:03}": 1 for n in range(300)}
    documents.close()


@pytest.mark.server
@pytest.mark.parametrize("shared_address", SHARED, indirect=True)
def test_no_compare_and_set_of_four_processes_is_lost(shared_address: str) -> None:
    documents = open_documents(shared_address)
    documents.insert("counters", thing("c", rank=0))
    with start_together(PROCESSES) as pool:
        list(pool.map(increment_at, [shared_address] * PROCESSES, [25] * PROCESSES))
    assert documents.get("counters", "c") == thing("c", rank=100) | {"version": 101}
    documents.close()


@on("memory", *SHARED)
def test_one_of_many_that_take_a_unique_name_gets_it(documents: Documents) -> None:
    start = threading.Barrier(THREADS)

    def sign_up(number: int) -> bool:
        start.wait()
        with suppress(Conflict):
            documents.insert("things", thing(f"t{number}", email="same@example.org"))
            return True
        return False

    with ThreadPoolExecutor(THREADS) as pool:
        assert sorted(pool.map(sign_up, range(THREADS))) == [False] * (THREADS - 1) + [True]
    assert documents.count("things") == 1
