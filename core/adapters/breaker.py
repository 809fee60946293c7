"""A circuit breaker: a server that does not answer is left alone for a moment, so that nobody waits for it again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from core.domain.errors import Unavailable

REST = 2.0
"""Seconds after a failure in which every call fails at once."""


class Breaker:
    """One per server and process; every call asks `check` first. Thread safe.

    After a failure, calls fail at once for REST seconds. Then one of them makes a trial, while the others go on failing at once; if
    the trial succeeds calls go out again, else there is another rest.
    """

    def __init__(self, trial: Callable[[], None]) -> None:
        """`trial` returns if the server answers and raises Unavailable if not, both soon."""
        self._trial = trial
        self._trying = threading.Lock()
        self._problem = ""
        self._rests_until = 0.0

    def check(self) -> None:
        """Return if a call may go out. Raises Unavailable, with the problem that is known, if not."""
        if problem := self._problem:
            self._look(problem)

    def failed(self, problem: Unavailable) -> None:
        """The server did not answer: a rest begins."""
        self._rests_until = time.monotonic() + REST
        self._problem = problem.detail

    def _look(self, problem: str) -> None:
        if self._rests() or not self._trying.acquire(blocking=False):
            raise Unavailable(problem)
        try:
            if not self._problem:  # somebody else's trial has just succeeded
                return
            if self._rests():  # or failed
                raise Unavailable(problem)
            self._try()
        finally:
            self._trying.release()

    def _try(self) -> None:
        try:
            self._trial()
        except Unavailable as problem:
            self.failed(problem)
            raise
        self._problem = ""

    def _rests(self) -> bool:
        return time.monotonic() < self._rests_until
