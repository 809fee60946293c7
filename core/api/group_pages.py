"""Pages that are asked for at the same moment, from the event loop's side: they are read for and marked together."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Final, Unpack

from core.api.crowd import Crowd
from core.api.lane import lane, tell
from core.bootstrap import clock
from core.domain.feed import FeedPage, PackedPage
from core.services.feed import Feed
from core.services.feed_request import Wanted

MOST: Final = 32
"""Pages made in one go; the first of them is answered when the last is made."""
LONGEST_REST: Final = 0.01
LULL: Final = 0.002
"""Seconds."""
_Waiting = tuple[float, str, Wanted, "asyncio.Future[FeedPage | PackedPage]"]
"""Since when, for whom, what, and whom to tell."""


class GroupPages:
    """`Feed.page` for many requests of one event loop.

    While a page waits for the live store the loop stands still, twice for each page. Under load several requests have come by the
    time the loop looks, and they share both waits. Who comes alone is served alone.

    A page of a large group costs less than one that is made alone (`tests/benchmarks/feed_latency.py` tells how much), so there is
    a rest after each group, as long as it took and LONGEST_REST at most: where pages take half of the time, groups grow until they
    take less. It ends early when as many have come as there were in the last group and nobody else does for a LULL, as where a few
    callers ask again and again.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._crowd, self._waiting = Crowd("pages"), list[_Waiting]()
        self._begins: asyncio.Handle | None = None
        self._rest_until, self._size = 0.0, 0

    def page(self, feed: Feed, viewer: str, **wanted: Unpack[Wanted]) -> asyncio.Future[FeedPage | PackedPage]:
        """The page, marked as seen; packed if it may be. Waiting for it raises as `Feed.page` does. Raises Busy."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._crowd, self._waiting, self._begins = loop, Crowd("pages"), [], None
        done: asyncio.Future[FeedPage | PackedPage] = loop.create_future()
        self._crowd.join(done)
        self._waiting.append((time.monotonic(), viewer, wanted, done))
        self._plan(loop, feed)
        return done

    def _plan(self, loop: asyncio.AbstractEventLoop, feed: Feed) -> None:
        """Begin when the rest is over, or early."""
        if self._begins is not None:
            self._begins.cancel()
        rest, count = self._rest_until - time.monotonic(), len(self._waiting)
        if count >= MOST:
            rest = 0.0
        elif count >= self._size:
            rest = min(rest, LULL)
        begin = loop.call_soon if rest <= 0 else partial(loop.call_later, rest)
        self._begins = begin(self._begin, loop, feed)

    def _begin(self, loop: asyncio.AbstractEventLoop, feed: Feed) -> None:
        taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        self._begins = loop.call_soon(self._begin, loop, feed) if self._waiting else None
        asking, began = [done for *_, done in taken], time.monotonic()
        lane.start(
            lambda: feed.pages(
                [(viewer, wanted) for _, viewer, wanted, _ in taken],
                arrived=[since for since, *_ in taken],
                now=clock(),
            ),
            lambda pages: tell(asking, pages),
            lambda error: tell(asking, [error] * len(asking)),
        )
        ended = time.monotonic()
        self._rest_until, self._size = ended + min(ended - began, LONGEST_REST), len(taken)
