"""What many ask for at the same moment, begun together: pages of the feed and small batches of events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Unpack

from fastapi import Request

from core.api.group_pages import GroupPages
from core.api.group_write import GroupWrite
from core.api.lane import lane
from core.bootstrap import Services, clock
from core.domain.events import ViewerEvent
from core.domain.feed import FeedPage, PackedPage
from core.services.engagement import Engagement
from core.services.event_intake import EventResult
from core.services.feed_request import Wanted

Events = Sequence[ViewerEvent | Mapping[str, object]]


class Groups:
    """One per application. Every way that a request can take through it leads here."""

    def __init__(self) -> None:
        self._pages, self._log = GroupPages(), GroupWrite()

    def page(self, services: Services, viewer: str, **wanted: Unpack[Wanted]) -> asyncio.Future[FeedPage | PackedPage]:
        """`Feed.page`. Raises Busy; what waits for it raises as the feed does."""
        return self._pages.page(services.feed, viewer, **wanted)

    def events(self, services: Services, events: Events) -> asyncio.Future[list[EventResult]]:
        """`Engagement.accept` of at most FEW events: batches share a durable write and round trips to the live store.

        Raises as `page`.
        """
        engagement = services.engagement
        if lane.calm():
            return self._log.taken_in(engagement, lane.here(lambda: engagement.checked(events, clock())))
        return asyncio.ensure_future(self._looked_up(engagement, events))

    async def _looked_up(self, engagement: Engagement, events: Events) -> list[EventResult]:
        batch = await lane.run(engagement.checked, events, clock())
        return await self._log.taken_in(engagement, batch)


def groups_of(request: Request) -> Groups:
    """Those of the application that answers this request."""
    found: Groups = request.app.state.groups
    return found
