"""Pages that are asked for at the same moment, from the event loop's side: they are read for and marked together."""

from __future__ import annotations

import asyncio
from typing import Final, Unpack

from core.api.lane import lane, tell
from core.bootstrap import clock
from core.domain.feed import FeedPage, PackedPage
from core.services.feed import Feed
from core.services.feed_request import Wanted

MOST: Final = 16
"""Pages made in one go; the first of them is answered when the last is made."""
_Waiting = tuple[str, Wanted, "asyncio.Future[FeedPage | PackedPage]"]


class GroupPages:
    """`Feed.page` for many requests of one event loop.

    While a page waits for the live store the loop stands still, twice for each page. Under load several requests have come by the
    time the loop looks, and they share both waits. Who comes alone is served alone.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[_Waiting] = []

    async def page(self, feed: Feed, viewer: str, **wanted: Unpack[Wanted]) -> FeedPage | PackedPage:
        """The page, marked as seen; packed if it may be. Raises as `Feed.page` does."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._waiting = loop, []
        done: asyncio.Future[FeedPage | PackedPage] = loop.create_future()
        self._waiting.append((viewer, wanted, done))
        if len(self._waiting) == 1:
            loop.call_soon(self._begin, loop, feed)
        return await done

    def _begin(self, loop: asyncio.AbstractEventLoop, feed: Feed) -> None:
        taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        if self._waiting:
            loop.call_soon(self._begin, loop, feed)
        asking = [done for *_, done in taken]
        lane.start(
            lambda: feed.pages([(viewer, wanted) for viewer, wanted, _ in taken], now=clock()),
            lambda pages: tell(asking, pages),
            lambda error: tell(asking, [error] * len(asking)),
        )
