"""When a process is asked for more than it can do: who comes then is turned away at once, and those who wait are served."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any, Final

from core.api.lane import lane
from core.domain.errors import Busy
from core.services import feed_metrics as metrics

LONGEST_WAIT: Final = 2.0
"""Seconds. Whoever has waited that long has mostly gone, and a queue that grows without end serves nobody in time."""
RETRY_AFTER: Final = 1.0


class Crowd:
    """Those who were let in by one event loop and have no answer yet, wherever their work waits or runs, in their order."""

    def __init__(self, what: str) -> None:
        """`what` they ask for, as the metrics and the problem document call it."""
        self._what = what
        self._line: deque[tuple[float, asyncio.Future[Any]]] = deque()

    def join(self, done: asyncio.Future[Any]) -> None:
        """Let in the one who waits for `done`. Raises Busy if the first in the line has waited too long.

        The time in which a store that hangs stopped the loop does not count: nobody asked for too much.
        """
        now, line = time.monotonic(), self._line
        while line and line[0][1].done():
            line.popleft()
        if line and now - max(line[0][0], lane.slow_until) > LONGEST_WAIT:
            metrics.TURNED_AWAY.labels(self._what).inc()
            raise Busy(
                f"more {self._what} are asked for than this process can serve; try again in a moment", RETRY_AFTER
            )
        line.append((now, done))
