"""The calibration that a feed process applies: followed by the signal of the models, kept when the store is down."""

from __future__ import annotations

from threading import Lock
from typing import Final

from core.domain.calibration import CalibrationVersion
from core.domain.errors import ServiceError
from core.domain.ids import SECOND, Millis
from core.feed.calibrated import AS_PREDICTED, Calibration
from core.services import feed_metrics as metrics
from core.services.stores import Stores

SIGNAL: Final = "models"
RECHECK: Final[Millis] = 30 * SECOND
"""A signal may be lost with its process: the store is asked this often whatever is heard."""
RETRY: Final[Millis] = 2 * SECOND


def newest_version(stores: Stores) -> CalibrationVersion | None:
    """The version in force; None if nothing was ever fitted. Raises Unavailable."""
    page = stores.calibrations.find(order="number", descending=True, limit=1)
    return page.items[0] if page.items else None


class FeedCalibration:
    """Reads the store when the signal has moved, and every RECHECK; one small document. Never raises."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._lock = Lock()
        self._held = AS_PREDICTED
        self._version = -1
        self._due: Millis = 0

    def current(self, version: int, *, now: Millis) -> Calibration:
        """The calibration in force as of this version of the signal."""
        if version <= self._version and now < self._due:
            return self._held
        with self._lock:
            if version > self._version or now >= self._due:
                self._read(version, now)
        return self._held

    def _read(self, version: int, now: Millis) -> None:
        self._version = max(version, self._version)
        try:
            newest = newest_version(self._stores)
        except ServiceError:
            self._due = now + RETRY
            metrics.DEGRADED.labels("calibration").inc()
            return
        self._due = now + RECHECK
        if (newest.number if newest is not None else 0) != self._held.number:
            self._held = AS_PREDICTED if newest is None else Calibration.of(newest)
