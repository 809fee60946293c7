"""Where quick work runs: on the event loop itself while stores answer quickly, in threads when they do not.

A page of the feed computes for milliseconds and asks its stores for fractions of one. Handing that to threads makes them fight for
the interpreter at every answer of a store: 200 pages and 200 event batches a second on two workers took 650 ms (median) in
threads and 7 ms on the loop (`tests.benchmarks.feed_http`). A store that hangs would hold up everything else on the loop, so after
one slow piece of work the lane uses threads for a while.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

P = ParamSpec("P")
R = TypeVar("R")

SLOW: Final = 0.25
"""Seconds; work that takes longer was waiting for a store."""
CAREFUL: Final = 10.0
"""Seconds in threads after a slow piece of work."""


class Lane:
    """One per process and sort of work; used from event loops only."""

    def __init__(self) -> None:
        self.slow_until = -CAREFUL
        """When the last slow piece of work on the loop ended, by the monotonic clock: until then nobody was served."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of the work; raises what it raises."""
        if not self.calm():
            return await run_in_threadpool(work, *args, **kwargs)
        return self.here(lambda: work(*args, **kwargs))

    def start(self, work: Callable[[], R], done: Callable[[R], None], failed: Callable[[Exception], None]) -> None:
        """The same for callbacks of the loop: one of the two is called with what became of it, at once if the work ran here.

        A task would wait for its turn on the loop first, behind all that is ready to run.
        """
        if not self.calm():
            task = asyncio.get_running_loop().create_task(_elsewhere(work, done, failed))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        try:
            result = self.here(work)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait have to hear of it
            failed(error)
        else:
            done(result)

    def calm(self) -> bool:
        """Whether work runs on the loop itself just now."""
        return time.monotonic() >= self.slow_until + CAREFUL

    def here(self, work: Callable[[], R]) -> R:
        """The same on the loop itself, for callers that have looked whether it is calm."""
        started = time.monotonic()
        try:
            return work()
        finally:
            ended = time.monotonic()
            if ended - started > SLOW:
                self.slow_until = ended


async def _elsewhere(work: Callable[[], R], done: Callable[[R], None], failed: Callable[[Exception], None]) -> None:
    try:
        result = await run_in_threadpool(work)
    except Exception as error:  # noqa: BLE001 - as above
        failed(error)
    else:
        done(result)


def tell(asking: Sequence[asyncio.Future[R]], answers: Sequence[R | Exception]) -> None:
    """Give each of those who asked together their own answer, or what went wrong with it."""
    for done, answer in zip(asking, answers, strict=True):
        if done.done():  # whoever asked has gone
            continue
        if isinstance(answer, Exception):
            done.set_exception(answer)
        else:
            done.set_result(answer)


lane = Lane()
"""The lane of the feed's routes."""
