"""Documents in memory, of which a test may take collections down and up again."""

from __future__ import annotations

from core.domain.errors import Unavailable
from core.domain.ports.documents import Document
from tests.fakes.documents import MemoryDocuments


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
