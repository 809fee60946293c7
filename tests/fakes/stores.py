"""All stores in memory, for tests of services."""

from __future__ import annotations

from core.services.stores import Stores
from tests.fakes.documents import MemoryDocuments
from tests.fakes.event_log import MemoryEventLog
from tests.fakes.live import MemoryLive
from tests.fakes.objects import MemoryObjects


def memory_stores(documents: MemoryDocuments | None = None) -> Stores:
    """Fresh, empty stores that hold everything in memory."""
    return Stores.over(documents or MemoryDocuments(), MemoryObjects(), MemoryEventLog(), MemoryLive())
