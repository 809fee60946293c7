"""A store of documents whose next write to one collection fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.domain.errors import Unavailable
from core.domain.ports.documents import Documents

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
