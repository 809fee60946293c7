"""Documents that remember up to which offset of the event log they have counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Final, TypeVar

from core.domain.collection import Collection
from core.domain.errors import Conflict, Duplicate, Unavailable
from core.domain.experiment_data import DaySums, ViewerTotals
from core.domain.social import Like

Counted = TypeVar("Counted", DaySums, ViewerTotals, Like)
_TRIES: Final = 16


def keep(
    collection: Collection[Counted], id: str, held: Counted | None, after: Callable[[Counted | None], Counted]
) -> None:
    """Store what comes after the document that is held, unless another worker has counted as far. Raises Unavailable.

    `after` is asked again with what is stored by then, if another worker was quicker.
    """
    for _ in range(_TRIES):
        made = after(held)
        if held is not None and made.offset <= held.offset:
            return
        try:
            if held is None:
                collection.insert(made)
            else:
                names = {field.name for field in fields(made)} - {"id", "version"}
                collection.patch(id, {name: getattr(made, name) for name in names}, expected_version=held.version)
        except (Duplicate, Conflict):
            held = collection.find_one(id)
            continue
        return
    raise Unavailable(f"{collection.name} {id} is changing too fast")
