"""Programs for fault tests: write without end and print each acknowledged id. `python -m tests.faults.writers KIND PATH NAME`."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from core.adapters.sqlite import SqliteDocuments, SqliteEventLog
from core.domain.ports.event_log import NewEvent
from tests.contracts.document_stores import SPECS


def write_documents(path: Path, name: str) -> None:
    documents = SqliteDocuments(path, SPECS)
    documents.migrate()
    for number in count():
        id = f"{name}-{number:06}"
        collection = "counters" if number % 3 else "things"
        documents.insert(collection, {"id": id, "version": 1, "state": "new", "text": "x" * 500})
        print(collection, id, 1, flush=True)
        documents.patch(collection, id, {"state": "patched"}, expected_version=1)
        print(collection, id, 2, flush=True)


def write_events(path: Path, name: str) -> None:
    log = SqliteEventLog(path)
    for number in count():
        batch = [NewEvent(f"{name}-{number:06}-{each}", f"k{each}", b"x" * 200) for each in range(1 + number % 5)]
        log.append("t", batch)
        print(*(event.id for event in batch), flush=True)


if __name__ == "__main__":
    kind, where, name = sys.argv[1:]
    {"documents": write_documents, "events": write_events}[kind](Path(where), name)
