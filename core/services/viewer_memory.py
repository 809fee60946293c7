"""Reading and writing a viewer's live state, with a memory for the time that the live store is down."""

from __future__ import annotations

from dataclasses import replace

from core.domain.errors import ServiceError
from core.domain.ports.live import Live, LiveRead
from core.domain.viewer import ViewerState
from core.services import feed_metrics as metrics

TRENDING = 100
REMEMBERED = 10_000


class ViewerMemory:
    """The live store's viewers. While it is down, this process goes on with what it has served since. Never raises."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._orphans: dict[str, ViewerState] = {}

    def read(self, viewer: str) -> LiveRead:
        """One round trip; an unknown viewer's state is fresh."""
        try:
            return self._live.viewers.read(viewer, trending=TRENDING)
        except ServiceError:
            metrics.DEGRADED.labels("live state").inc()
            return LiveRead(self._orphans.get(viewer) or ViewerState(viewer=viewer), {}, {})

    def write(self, state: ViewerState, expected: int) -> bool:
        """One round trip; False if somebody else was quicker."""
        try:
            return self._live.viewers.write(state, expected_version=expected)
        except ServiceError:
            if len(self._orphans) > REMEMBERED:
                self._orphans.clear()
            self._orphans[state.viewer] = replace(state, version=expected)
            return True
