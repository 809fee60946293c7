"""Pages that are asked for at the same moment are made together, and each caller hears of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from core.api import crowd, group_pages
from core.api.group_pages import MOST, GroupPages
from core.api.lane import Lane
from core.domain.errors import Busy, InvalidInput, Unavailable
from core.domain.feed import FeedPage
from core.services import feed_metrics as metrics
from core.services.feed import Feed
from core.services.feed_request import Wanted


@pytest.fixture(autouse=True)
def quick_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane of its own: after something slow elsewhere the process's one would use threads for a while."""
    monkeypatch.setattr(group_pages, "lane", Lane())


class Told(Feed):
    """Makes empty pages, and remembers who was served together."""

    def __init__(self) -> None:
        self.rounds: list[list[str]] = []
        self.fails: list[Exception] = []
        self.arrived: list[float] = []

    def pages(
        self, wanted: Sequence[tuple[str, Wanted]], *, arrived: Sequence[float] | None = None, now: int
    ) -> list[FeedPage | Exception]:
        self.arrived += arrived or []
        self.rounds.append([viewer for viewer, _ in wanted])
        if self.fails:
            raise self.fails.pop()
        return [
            InvalidInput("viewer", viewer, "not this one") if viewer == "bad" else page_for(viewer, said, now)
            for viewer, said in wanted
        ]


def page_for(viewer: str, said: Wanted, now: int) -> FeedPage:
    return FeedPage(request=f"{viewer}-{said.get('size')}", viewer=viewer, policy="p", slots=(), cursor=None, at=now)


async def at_once(feed: Told, *viewers: str) -> list[Any]:
    together = GroupPages()
    asked = [together.page(feed, viewer, size=place) for place, viewer in enumerate(viewers)]
    return list(await asyncio.gather(*asked, return_exceptions=True))


def test_those_who_ask_in_the_same_moment_are_served_together_each_with_their_own_page() -> None:
    feed = Told()
    pages = asyncio.run(at_once(feed, "a", "b", "c"))
    assert feed.rounds == [["a", "b", "c"]]
    assert [page.request for page in pages] == ["a-0", "b-1", "c-2"]


def test_the_feed_is_told_when_each_page_was_asked_for() -> None:
    feed = Told()

    async def one_after_the_other() -> float:
        together = GroupPages()
        first = together.page(feed, "a")
        await asyncio.sleep(0)
        began = time.monotonic()
        time.sleep(0.02)  # as the loop is held up by something else
        await asyncio.gather(first, together.page(feed, "b"))
        return began

    began = asyncio.run(one_after_the_other())
    early, late = feed.arrived
    assert early <= began < began + 0.02 <= late


def test_a_crowd_is_served_in_parts() -> None:
    feed = Told()
    crowd = [f"v{n}" for n in range(2 * MOST + 3)]
    pages = asyncio.run(at_once(feed, *crowd))
    assert [len(one) for one in feed.rounds] == [MOST, MOST, 3]
    assert [page.viewer for page in pages] == crowd


def test_what_is_wrong_with_one_request_is_told_to_that_caller_alone() -> None:
    first, bad, last = asyncio.run(at_once(Told(), "a", "bad", "b"))
    assert (first.viewer, last.viewer) == ("a", "b")
    assert isinstance(bad, InvalidInput)


def test_if_all_of_it_fails_everybody_who_waited_hears_of_it_and_the_next_ones_are_served() -> None:
    async def story() -> list[Any]:
        feed, together = Told(), GroupPages()
        feed.fails = [Unavailable("gone")]
        lost = await asyncio.gather(*(together.page(feed, viewer) for viewer in ("a", "b")), return_exceptions=True)
        return [*lost, await together.page(feed, "c")]

    *lost, page = asyncio.run(story())
    assert all(isinstance(one, Unavailable) for one in lost)
    assert page.viewer == "c"


def test_who_comes_while_others_have_waited_too_long_is_turned_away_and_they_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> list[Any]:
        feed, together = Told(), GroupPages()
        waiting = [together.page(feed, viewer) for viewer in ("a", "b")]
        monkeypatch.setattr(crowd, "LONGEST_WAIT", -1.0)
        with pytest.raises(Busy) as refused:
            await together.page(feed, "c")
        assert refused.value.retry_after > 0
        served = [await one for one in waiting]
        return [feed.rounds, *served, await together.page(feed, "d")]

    before = metrics.TURNED_AWAY.labels("pages")._value.get()
    rounds, *pages = asyncio.run(story())
    assert rounds == [["a", "b"], ["d"]]
    assert [page.viewer for page in pages] == ["a", "b", "d"]
    assert metrics.TURNED_AWAY.labels("pages")._value.get() == before + 1


def test_pages_that_are_made_in_threads_count_as_a_crowd_too(monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = threading.Event()

    class Hanging(Told):
        def pages(
            self, wanted: Sequence[tuple[str, Wanted]], *, arrived: Sequence[float] | None = None, now: int
        ) -> list[FeedPage | Exception]:
            assert hangs.wait(10)
            return super().pages(wanted, arrived=arrived, now=now)

    async def story() -> list[Any]:
        feed, together = Hanging(), GroupPages()
        group_pages.lane.slow_until = time.monotonic()
        first = together.page(feed, "a")
        while together._waiting:
            await asyncio.sleep(0)
        monkeypatch.setattr(crowd, "LONGEST_WAIT", -1.0)
        with pytest.raises(Busy):
            await together.page(feed, "b")
        hangs.set()
        return [await first, await together.page(feed, "c")]

    assert [page.viewer for page in asyncio.run(story())] == ["a", "c"]


def test_nobody_is_turned_away_for_the_time_in_which_a_store_that_hangs_stopped_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stopping(Told):
        def pages(
            self, wanted: Sequence[tuple[str, Wanted]], *, arrived: Sequence[float] | None = None, now: int
        ) -> list[FeedPage | Exception]:
            if not self.rounds:
                time.sleep(0.4)
            return super().pages(wanted, arrived=arrived, now=now)

    async def story() -> list[Any]:
        feed, together, own = Stopping(), GroupPages(), Lane()
        for module in (group_pages, crowd):
            monkeypatch.setattr(module, "lane", own)
        monkeypatch.setattr(crowd, "LONGEST_WAIT", 0.35)
        asked = [together.page(feed, f"v{number}") for number in range(MOST + 1)]
        await asked[0]
        return [await together.page(feed, "late"), *await asyncio.gather(*asked)]

    assert [page.viewer for page in asyncio.run(story())][:2] == ["late", "v0"]


def test_somebody_who_gives_up_does_not_spoil_it_for_the_others() -> None:
    async def story() -> Any:
        feed, together = Told(), GroupPages()
        gone, stays = (together.page(feed, viewer) for viewer in ("a", "b"))
        gone.cancel()
        page = await stays
        with pytest.raises(asyncio.CancelledError):
            await gone
        return page

    assert asyncio.run(story()).viewer == "b"


class Slow(Told):
    """Takes so many seconds for a group."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def pages(
        self, wanted: Sequence[tuple[str, Wanted]], *, arrived: Sequence[float] | None = None, now: int
    ) -> list[FeedPage | Exception]:
        time.sleep(self._seconds)
        return super().pages(wanted, arrived=arrived, now=now)


async def dripping(feed: Told, count: int) -> list[FeedPage | Any]:
    """Somebody asks every millisecond, whether others were answered or not."""
    together = GroupPages()
    asked = []
    for number in range(count):
        asked.append(together.page(feed, f"v{number}"))
        await asyncio.sleep(0.001)
    return list(await asyncio.gather(*asked))


def test_after_a_group_there_is_a_rest_in_which_the_next_one_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = Slow(0.1)
    monkeypatch.setattr(group_pages, "LONGEST_REST", 0.1)
    monkeypatch.setattr(group_pages, "LULL", 0.1)  # on a busy machine a millisecond's sleep is longer than a lull
    pages = asyncio.run(dripping(feed, 60))
    assert [page.viewer for page in pages] == [f"v{number}" for number in range(60)]
    assert len(feed.rounds) < 10, "without a rest each group is only who came while the last one was made"


def test_a_few_callers_who_ask_again_and_again_do_not_wait_for_the_end_of_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(group_pages, "LONGEST_REST", 60.0)
    feed, together = Slow(0.01), GroupPages()

    async def caller(name: str) -> None:
        for _ in range(5):
            await together.page(feed, name)

    async def story() -> None:
        monkeypatch.setattr(together, "_rest_until", time.monotonic() + 60)
        await asyncio.wait_for(asyncio.gather(*(caller(name) for name in ("a", "b", "c"))), 20)

    asyncio.run(story())
    assert {tuple(sorted(one)) for one in feed.rounds} == {("a", "b", "c")}


def test_a_full_group_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    feed, together = Told(), GroupPages()

    async def story() -> None:
        together._rest_until, together._size = time.monotonic() + 60, 2 * MOST
        asked = [together.page(feed, f"v{number}") for number in range(MOST)]
        await asyncio.wait_for(asyncio.gather(*asked), 20)

    asyncio.run(story())
    assert [len(one) for one in feed.rounds] == [MOST]


def test_it_goes_on_in_another_event_loop() -> None:
    feed, together = Told(), GroupPages()

    async def asked(viewer: str) -> Any:
        return await together.page(feed, viewer)

    pages = [asyncio.run(asked(viewer)) for viewer in ("a", "b")]
    assert [page.viewer for page in pages] == ["a", "b"]
    assert feed.rounds == [["a"], ["b"]]
