"""Where quick work runs: on the event loop itself while stores answer quickly, in threads when they do not.

A page of the feed computes for milliseconds and asks its stores for fractions of one. Handing that to threads makes them fight for
the interpreter at every answer of a store: 200 pages and 200 event batches a second on two workers took 650 ms (median) in
threads and 7 ms on the loop (`tests.benchmarks.feed_http`). A store that hangs would hold up everything else on the loop, so after
one slow piece of work the lane uses threads for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

P = ParamSpec("P")
R = TypeVar("R")

SLOW: Final = 0.25
"""Seconds; work that takes longer was waiting for a store."""
CAREFUL: Final = 10.0
"""Seconds in threads after a slow piece of work."""


class Lane:
    """One per process and sort of work; used from the event loop only."""

    def __init__(self) -> None:
        self._threads_until = 0.0

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of the work; raises what it raises."""
        started = time.monotonic()
        in_threads = started < self._threads_until
        try:
            if in_threads:
                return await run_in_threadpool(work, *args, **kwargs)
            return work(*args, **kwargs)
        finally:
            ended = time.monotonic()
            if not in_threads and ended - started > SLOW:
                self._threads_until = ended + CAREFUL


lane = Lane()
"""The lane of the feed's routes."""
