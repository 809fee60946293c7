"""Which model is in force: the newest line of an append-only history."""

from __future__ import annotations

from contextlib import suppress

from core.domain.account import Account
from core.domain.errors import Conflict, Duplicate, InvalidInput, ServiceError
from core.domain.ids import Millis
from core.domain.model import ModelPublish, publish_id
from core.services.audit import MACHINE, Audit
from core.services.stores import Stores

SIGNAL = "models"


def newest_publish(stores: Stores) -> ModelPublish | None:
    """The line that says what is in force; None if nothing was ever published. Raises Unavailable."""
    page = stores.model_publishes.find(order="id", descending=True, limit=1)
    return page.items[0] if page.items else None


class ModelHistory:
    """The lines, and the one way to add to them."""

    def __init__(self, stores: Stores, audit: Audit) -> None:
        self._stores, self._audit = stores, audit

    def present(self, seen: str | None = None) -> ModelPublish | None:
        """The line in force. Raises Conflict if it is not the one that was seen, where that is told."""
        present = newest_publish(self._stores)
        if seen is not None and present is not None and present.id != seen:
            raise _overtaken(present)
        return present

    def before(self, line: ModelPublish) -> ModelPublish | None:
        """The line that rolling this one back returns to; None if there is none."""
        return self._stores.model_publishes.get(line.parent) if line.parent else None

    def append(
        self,
        actor: Account | None,
        action: str,
        before: ModelPublish | None,
        model: str,
        parent: str,
        rolled_back: str,
        why: str,
        now: Millis,
    ) -> ModelPublish:
        """One line more. Whoever is second of two at once gets a Conflict: the line's number is taken."""
        if not (why := why.strip()):
            raise InvalidInput("why", why, "say in a few words why")
        line = ModelPublish(
            id=publish_id(int(before.id) + 1 if before is not None else 1),
            model=model,
            parent=parent,
            rolled_back=rolled_back,
            by=actor.id if actor is not None else MACHINE,
            by_name=actor.name if actor is not None else "Feedroom",
            why=why,
            at=now,
        )
        try:
            self._stores.model_publishes.insert(line)
        except Duplicate:
            raise _overtaken(self._stores.model_publishes.get(line.id)) from None
        with suppress(ServiceError):  # feed processes also ask the store itself, every half minute
            self._stores.live.signals.bump(SIGNAL)
        self._audit.record(actor, action, model or rolled_back, now=now, why=why)
        return line


def _overtaken(line: ModelPublish) -> Conflict:
    did = f"rolled {line.rolled_back} back" if line.rolled_back else f"published {line.model}"
    return Conflict(
        f"{line.by_name or line.by} has {did} in the meantime ({line.why}); nothing was changed, look at it and decide again",
        field="seen",
        value=line.id,
    )
