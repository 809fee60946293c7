"""Batches of events that wait for the disk, from the event loop's side: what came while one write was under way is the next one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import Final

from core.api.crowd import Crowd
from core.api.lane import lane, tell
from core.services.engagement import Batch, Engagement
from core.services.event_intake import EventResult

MOST: Final = 64
"""Batches in one write."""
EVERY: Final = 0.03
"""Seconds from the start of one write to the start of the next, at least: under load a durable write of ten batches costs little
more processor time than that of one. Who comes after a pause does not wait."""
FELT: Final = 16
"""Batches that the viewers' states are told of in one go; pages wait meanwhile."""
_Waiting = tuple[Batch, "asyncio.Future[list[EventResult]]"]
"""What, and whom to tell."""
_writer = ThreadPoolExecutor(1, thread_name_prefix="event writer")


class GroupWrite:
    """The second and third step of `Engagement.accept` for many requests of one event loop.

    One thread writes for all that wait, round after round, and hands each round back in a callback of the loop: every other turn
    that it had to wait for would be as long as the pages that are being made. The live store is asked for all of a part at once.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._crowd, self._waiting = Crowd("events"), list[_Waiting]()
        self._lock = Lock()
        self._writing = False
        self._began = 0.0

    def taken_in(self, engagement: Engagement, batch: Batch) -> asyncio.Future[list[EventResult]]:
        """One result per event; those accepted are durable when it is there. Waiting for it raises Unavailable. Raises Busy."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[list[EventResult]] = loop.create_future()
        if not batch.read:
            done.set_result(engagement.felt(batch, ()))
            return done
        with self._lock:
            if loop is not self._loop:
                self._loop, self._crowd, self._waiting, self._writing = loop, Crowd("events"), [], False
            self._crowd.join(done)
            self._waiting.append((batch, done))
            idle, self._writing = not self._writing, True
        if idle:
            _writer.submit(self._write_all, loop, engagement)
        return done

    def _write_all(self, loop: asyncio.AbstractEventLoop, engagement: Engagement) -> None:
        """In the thread: rounds of writing until nobody waits."""
        while True:
            time.sleep(max(self._began + EVERY - time.monotonic(), 0.0))
            with self._lock:
                if loop is not self._loop:
                    return
                taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                self._writing = bool(taken)
            if not taken:
                return
            self._began = time.monotonic()
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody is there to hear of it
                try:
                    found = engagement.written_all([batch for batch, _ in taken])
                except Exception as error:  # noqa: BLE001 - whatever it is, those who wait have to hear of it
                    loop.call_soon_threadsafe(tell, [done for _, done in taken], [error] * len(taken))
                else:
                    loop.call_soon_threadsafe(_feel, loop, engagement, taken, found)


def _feel(
    loop: asyncio.AbstractEventLoop, engagement: Engagement, taken: Sequence[_Waiting], found: Sequence[list[bool]]
) -> None:
    """On the loop: the viewers' states are told, in parts, with turns for others in between."""
    part, rest = taken[:FELT], taken[FELT:]
    if rest:
        loop.call_soon(_feel, loop, engagement, rest, found[FELT:])
    written = [(batch, fresh) for (batch, _), fresh in zip(part, found[:FELT], strict=True)]
    asking = [done for _, done in part]
    lane.start(
        lambda: engagement.felt_all(written),
        lambda answers: tell(asking, answers),
        lambda error: tell(asking, [error] * len(asking)),
    )
