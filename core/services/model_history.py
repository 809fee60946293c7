"""Which model is in force: the newest line of an append-only history."""

from __future__ import annotations

from core.domain.model import ModelPublish
from core.services.stores import Stores

SIGNAL = "models"


def newest_publish(stores: Stores) -> ModelPublish | None:
    """The line that says what is in force; None if nothing was ever published. Raises Unavailable."""
    page = stores.model_publishes.find(order="id", descending=True, limit=1)
    return page.items[0] if page.items else None
