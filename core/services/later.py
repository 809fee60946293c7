"""Work that must not hold a request up: a thread does what has gathered, in one go for many requests."""

from __future__ import annotations

import atexit
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog

from core.domain.errors import ServiceError

log = structlog.get_logger(__name__)
T = TypeVar("T")

PATIENCE = 1.0
"""Seconds until a write that failed is tried again."""


class Later(Generic[T]):
    """A queue in front of a slow store, in the order of `put`. Thread safe.

    `write` gets up to `batch` items and raises ServiceError if the store does not answer: then they wait and are tried again. After
    any other error they are tried one by one, and one that fails like that alone is dropped: it must not keep the others waiting
    for good. So is what comes while `most` are waiting. Each of these is told to `troubled`, once each time. A killed process loses
    what came in the last `gather` seconds.
    """

    def __init__(
        self,
        name: str,
        write: Callable[[Sequence[T]], None],
        troubled: Callable[[], None],
        *,
        gather: float = 0.1,
        batch: int = 500,
        most: int = 20_000,
    ) -> None:
        self._name, self._write, self._troubled = name, write, troubled
        self._gather, self._batch, self._most = gather, batch, most
        self._together = batch
        self._waiting: deque[T] = deque()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._work = threading.Event()
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: T) -> bool:
        """Write this soon; False if it was dropped."""
        if len(self._waiting) >= self._most:
            self._troubled()
            return False
        self._waiting.append(item)
        if self._thread is None:
            self._start()
        if not self._work.is_set():
            self._work.set()
        return True

    def flush(self) -> None:
        """Return when everything put before is written. Raises ServiceError if the store does not answer, and what else `write`
        raises."""
        with self._writing:
            while self._waiting:
                items = [self._waiting[place] for place in range(min(self._together, len(self._waiting)))]
                try:
                    self._write(items)
                except ServiceError:
                    raise
                except Exception:
                    self._part_with_first()
                    raise
                for _ in items:
                    self._waiting.popleft()
            self._together = self._batch

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
                atexit.register(self._last)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._work.wait()
            self._work.clear()
            pause.wait(self._gather)
            if not self._tried():
                pause.wait(PATIENCE)
                self._work.set()

    def _tried(self) -> bool:
        try:
            self.flush()
        except ServiceError:
            self._troubled()
            return False
        except Exception:  # whatever it is, the thread must go on: without it all that comes would be dropped
            log.exception("what waits could not be written", name=self._name, waiting=len(self._waiting))
            self._troubled()
            return False
        return True

    def _part_with_first(self) -> None:
        """Try one by one from now on; if that is so already, drop the first."""
        if self._together > 1:
            self._together = 1
        else:
            self._waiting.popleft()
            self._together = self._batch

    def _last(self) -> None:
        self._tried()
