"""Group commit for the event loop: what many requests want written is written in one go, in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

W = TypeVar("W")
R = TypeVar("R")

EVERY = 0.01
"""Seconds from the start of one write to that of the next, at least."""


class Gathered(Generic[W, R]):
    """Work that waits for a disk, asked for by many requests of one event loop.

    A request that comes alone is served at once. Those that come while a write runs, or right after one began, are written
    together by the next: a durable write of ten batches costs little more than that of one, and one hand-over to a thread and
    back serves them all. `work` takes what several requests asked for and returns one result for each; if it raises, all of them
    raise the same.
    """

    def __init__(self, work: Callable[[Sequence[W]], Sequence[R]], *, every: float = EVERY) -> None:
        self._work, self._every = work, every
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="event writer")
        self._line: list[tuple[W, asyncio.Future[R]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._busy = False
        self._began = 0.0

    async def do(self, work: W) -> R:
        """Have it done; returns when it is. Raises what `work` raised."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # another loop ended, maybe in the middle of it
            self._loop, self._line, self._busy, self._began = loop, [], False, 0.0
        done: asyncio.Future[R] = loop.create_future()
        self._line.append((work, done))
        if not self._busy:
            self._busy = True
            self._next(loop)
        return await done

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        if (wait := self._began + self._every - loop.time()) > 0:
            loop.call_later(wait, self._write, loop)
        else:
            self._write(loop)

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        line, self._line, self._began = self._line, [], loop.time()
        written = loop.run_in_executor(self._thread, self._work, [work for work, _ in line])
        written.add_done_callback(lambda written: self._tell(loop, line, written))

    def _tell(
        self,
        loop: asyncio.AbstractEventLoop,
        line: Sequence[tuple[W, asyncio.Future[R]]],
        written: asyncio.Future[Sequence[R]],
    ) -> None:
        if loop is self._loop:
            self._busy = bool(self._line)
            if self._busy:
                self._next(loop)
        error = written.exception()
        if error is not None:
            for _, done in line:
                if not done.done():  # a request that was cancelled does not wait any more
                    done.set_exception(error)
            return
        for (_, done), result in zip(line, written.result(), strict=True):
            if not done.done():
                done.set_result(result)
