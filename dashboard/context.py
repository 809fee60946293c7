"""What pages get from the house: one `Services` per process, and the time."""

from __future__ import annotations

import threading

from core import bootstrap
from core.bootstrap import Services
from core.domain.ids import Millis

_lock = threading.Lock()
_services: Services | None = None


def services() -> Services:
    """The process-wide services, opened over what the environment names when first asked for."""
    global _services  # noqa: PLW0603 - one per process is the point
    if _services is None:
        with _lock:
            if _services is None:
                _services = bootstrap.open_services()
    return _services


def override(replacement: Services | None) -> None:
    """Use these services from now on, for tests; None goes back to those of the environment."""
    global _services  # noqa: PLW0603
    with _lock:
        _services = replacement


def clock() -> Millis:
    """Now, in UTC milliseconds."""
    return bootstrap.clock()
