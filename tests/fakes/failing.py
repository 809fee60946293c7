"""Stores of documents that fail: whole collections until they are up again, or one write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.domain.errors import Unavailable
from core.domain.ports.documents import Document, Documents
from tests.fakes.documents import MemoryDocuments

WRITES = ("insert", "patch", "claim", "upsert_many", "delete")


@contextmanager
def failing_once(documents: Documents, collection: str) -> Iterator[None]:
    """The first write to this collection in the block raises Unavailable and changes nothing."""
    failed = False

    def frail(write: Callable[..., Any]) -> Callable[..., Any]:
        def once(name: str, *rest: Any, **more: Any) -> Any:
            nonlocal failed
            if name == collection and not failed:
                failed = True
                raise Unavailable(f"{collection} cannot be written")
            return write(name, *rest, **more)

        return once

    works = {name: getattr(documents, name) for name in WRITES}
    for name, write in works.items():
        setattr(documents, name, frail(write))
    try:
        yield
    finally:
        for name, write in works.items():
            setattr(documents, name, write)
    assert failed, f"nothing was written to {collection}"


class FailingDocuments(MemoryDocuments):
    """Whatever is asked of a collection in `down` raises Unavailable."""

    def __init__(self) -> None:
        super().__init__()
        self.down: set[str] = set()
        self._held = _Held(self.down, self._held)


class _Held(dict[str, dict[str, Document]]):
    def __init__(self, down: set[str], held: dict[str, dict[str, Document]]) -> None:
        super().__init__(held)
        self._down = down

    def __getitem__(self, collection: str) -> dict[str, Document]:
        if collection in self._down:
            raise Unavailable(f"the documents at mongo-1:27017 do not answer: {collection}")
        return super().__getitem__(collection)
