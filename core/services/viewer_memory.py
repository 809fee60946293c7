"""Reading and writing a viewer's live state, with a memory for the time that the live store is down."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from core.domain.errors import ServiceError, Unavailable
from core.domain.ports.live import Live, LiveRead
from core.domain.viewer import ViewerState
from core.services import feed_metrics as metrics

TRENDING = 100
REMEMBERED = 10_000
SLOW, REST = 0.25, 2.0
"""Seconds."""
T = TypeVar("T")


class ViewerMemory:
    """The live store's viewers. While it is down, this process goes on with what it has served since. Never raises.

    A store that hangs is left alone for REST seconds after each call that took longer than SLOW: pages do not wait for it.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._orphans: dict[str, ViewerState] = {}
        self._rests_until = 0.0

    def read(self, viewer: str) -> LiveRead:
        """One round trip; an unknown viewer's state is fresh."""
        try:
            read = self._asked(lambda: self._live.viewers.read(viewer, trending=TRENDING))
            return replace(read, viewer=self._with_orphan(read.viewer)) if self._orphans else read
        except ServiceError:
            metrics.DEGRADED.labels("live state").inc()
            return LiveRead(self._orphans.get(viewer) or ViewerState(viewer=viewer), {}, {})

    def write(self, state: ViewerState, expected: int) -> bool:
        """One round trip; False if somebody else was quicker."""
        try:
            written = self._asked(lambda: self._live.viewers.write(state, expected_version=expected))
            if written and self._orphans:
                self._orphans.pop(state.viewer, None)
            return written
        except ServiceError:
            if len(self._orphans) > REMEMBERED:
                self._orphans.clear()
            self._orphans[state.viewer] = replace(state, version=expected)
            return True

    def _asked(self, work: Callable[[], T]) -> T:
        started = time.monotonic()
        if started < self._rests_until:
            raise Unavailable("the live store hangs")
        try:
            return work()
        except ServiceError:
            if (ended := time.monotonic()) - started > SLOW:
                self._rests_until = ended + REST
            raise

    def _with_orphan(self, state: ViewerState) -> ViewerState:
        """The stored state with what this process has served while it could not be stored: nothing comes again because of it."""
        orphan = self._orphans.get(state.viewer)
        if orphan is None:
            return state
        known = set(state.seen)
        return replace(state, seen=(*state.seen, *(post for post in orphan.seen if post not in known)))
