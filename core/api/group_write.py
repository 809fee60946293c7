"""Batches of events that wait for the disk, from the event loop's side: what came while one write was under way is the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from core.api.lane import lane
from core.services.engagement import Batch, Engagement
from core.services.event_intake import EventResult

MOST: Final = 64
"""Batches in one write."""
EVERY: Final = 0.01
"""Seconds from the start of one write to the start of the next, at least: under load a durable write of five batches costs little
more processor time than that of one. Who comes after a pause does not wait."""
FELT: Final = 8
"""Batches that the viewers' states are told of in one go; pages wait meanwhile."""
_Waiting = tuple[Batch, "asyncio.Future[list[EventResult]]"]
_writer = ThreadPoolExecutor(1, thread_name_prefix="event writer")


class GroupWrite:
    """The second and third step of `Engagement.accept` for many requests of one event loop.

    A thread for each request that waits would wake for each; here one thread wakes for all of them, and the live store is asked
    for all of them at once.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[_Waiting] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing = False
        self._began = 0.0

    async def taken_in(self, engagement: Engagement, batch: Batch) -> list[EventResult]:
        """One result per event; those accepted are durable when this returns. Raises Unavailable."""
        if not batch.read:
            return engagement.felt(batch, ())
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._waiting, self._tasks, self._writing, self._began = loop, [], set(), False, 0.0
        done: asyncio.Future[list[EventResult]] = loop.create_future()
        self._waiting.append((batch, done))
        if not self._writing:
            self._writing = True
            self._start(self._write_all(engagement))
        return await done

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write_all(self, engagement: Engagement) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                await asyncio.sleep(max(self._began + EVERY - loop.time(), 0.0))
                self._began = loop.time()
                taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                try:
                    found = await loop.run_in_executor(_writer, engagement.written_all, [batch for batch, _ in taken])
                except Exception as error:  # noqa: BLE001 - whatever it is, those who wait have to hear of it
                    _fail(taken, error)
                    continue
                for start in range(0, len(taken), FELT):
                    part = slice(start, start + FELT)
                    self._start(_feel(engagement, taken[part], found[part]))
        finally:
            self._writing = False
            for _, done in self._waiting:  # only if this task was ended
                done.cancel()


async def _feel(engagement: Engagement, taken: Sequence[_Waiting], found: Sequence[list[bool]]) -> None:
    try:
        written = [(batch, fresh) for (batch, _), fresh in zip(taken, found, strict=True)]
        answers = await lane.run(engagement.felt_all, written)
    except Exception as error:  # noqa: BLE001 - as above
        _fail(taken, error)
        return
    for (_, done), answer in zip(taken, answers, strict=True):
        if not done.done():  # whoever asked may have gone
            done.set_result(answer)


def _fail(taken: Sequence[_Waiting], error: Exception) -> None:
    for _, done in taken:
        if not done.done():
            done.set_exception(error)
