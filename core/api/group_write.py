"""Batches of events that wait for the disk, from the event loop's side: what came while one write was under way is the next one."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from core.services.engagement import Batch, Engagement

MOST: Final = 64
"""Batches in one write."""
EVERY: Final = 0.01
"""Seconds from the start of one write to the start of the next, at least: under load a durable write of five batches costs little
more processor time than that of one. Who comes after a pause does not wait."""
_writer = ThreadPoolExecutor(1, thread_name_prefix="event writer")


class GroupWrite:
    """`Engagement.written` for many requests of one event loop.

    A thread for each request that waits would wake for each; here one thread wakes for all of them.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[tuple[Batch, asyncio.Future[list[bool]]]] = []
        self._drain: asyncio.Task[None] | None = None
        self._began = 0.0

    async def written(self, engagement: Engagement, batch: Batch) -> list[bool]:
        """Which of the batch's events are new; they are durable when this returns. Raises Unavailable."""
        if not batch.read:
            return []
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._waiting, self._drain, self._began = loop, [], None, 0.0
        done: asyncio.Future[list[bool]] = loop.create_future()
        self._waiting.append((batch, done))
        if self._drain is None or self._drain.done():
            self._drain = loop.create_task(self._write_all(engagement))
        return await done

    async def _write_all(self, engagement: Engagement) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(max(self._began + EVERY - loop.time(), 0.0))
            self._began = loop.time()
            taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                found = await loop.run_in_executor(_writer, engagement.written_all, [batch for batch, _ in taken])
            except BaseException as error:
                for _, done in taken:
                    if not done.done():
                        done.set_exception(error)
                if not isinstance(error, Exception):
                    raise
                continue
            for (_, done), fresh in zip(taken, found, strict=True):
                if not done.done():  # whoever asked may have gone
                    done.set_result(fresh)
