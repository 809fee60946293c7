"""What a page leaves behind is freed at once: nothing of it waits for the garbage collector."""

from __future__ import annotations

import gc

from core.domain.events import EventKind, ViewerEvent
from core.services.engagement import Engagement
from tests.services.test_feed import NOW, World, small  # noqa: F401 - the fixture


def test_pages_and_their_events_leave_nothing_for_the_collector(small: World) -> None:  # noqa: F811
    engagement = Engagement(small.stores)

    def round_of(number: int) -> None:
        viewers = [f"v{number}-{n}" for n in range(4)]
        pages = small.feed.pages(
            [(viewer, {"size": 10, "reasons": False, "packed": True}) for viewer in viewers], now=NOW
        )
        for viewer, page in zip(viewers, pages, strict=True):
            assert not isinstance(page, Exception)
            events = [
                ViewerEvent(id=f"{viewer}-{slot.post}", kind=EventKind.LIKE, viewer=viewer, at=NOW, post=slot.post)
                for slot in page.slots
            ]
            assert all(result.status == "accepted" for result in engagement.accept(events, NOW))

    round_of(0)
    gc.collect()
    gc.disable()
    try:
        gc.set_debug(gc.DEBUG_SAVEALL)
        round_of(1)
        small.feed.flush()
        gc.collect()
        left = [type(one).__name__ for one in gc.garbage]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == []
