"""Writing served pages down without holding them up: a thread appends what has gathered, one durable write for many pages."""

from __future__ import annotations

import atexit
import threading
from collections import deque

from core.domain.errors import ServiceError
from core.domain.ports.event_log import EventLog, NewEvent
from core.feed.side_effects import SERVED_TOPIC
from core.services import feed_metrics as metrics

GATHER_SECONDS = 0.02
MOST_WAITING = 20_000
BATCH = 500


class ServedLog:
    """A queue in front of the event log.

    Appending in the request cost 1 to 4 ms of its 5 (a synchronous write per page). What is lost by a killed process is at most
    the pages of the last 20 ms: the viewers' state already holds them, only their propensities are missing. While the log is
    down, up to MOST_WAITING pages wait; what comes on top is dropped and counted.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._waiting: deque[NewEvent] = deque()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._work = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, event: NewEvent) -> None:
        """Write this down soon."""
        if len(self._waiting) >= MOST_WAITING:
            metrics.DEGRADED.labels("event log").inc()
            return
        self._waiting.append(event)
        if self._thread is None:
            self._start()
        self._work.set()

    def flush(self) -> None:
        """Return when everything put before is durable. Raises ServiceError if the log does not answer."""
        with self._writing:
            while self._waiting:
                batch = [self._waiting[place] for place in range(min(BATCH, len(self._waiting)))]
                self._log.append(SERVED_TOPIC, batch)
                for _ in batch:
                    self._waiting.popleft()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="served log", daemon=True)
                self._thread.start()
                atexit.register(self._last)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._work.wait()
            self._work.clear()
            pause.wait(GATHER_SECONDS)
            try:
                self.flush()
            except ServiceError:
                metrics.DEGRADED.labels("event log").inc()
                pause.wait(1.0)
                self._work.set()

    def _last(self) -> None:
        try:
            self.flush()
        except ServiceError:
            metrics.DEGRADED.labels("event log").inc()
