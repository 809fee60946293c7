"""Quick work runs on the event loop; after slow work threads are used for a while."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from core.api import lane as lanes
from core.api.lane import Lane


def test_quick_work_stays_on_the_loop_and_gives_its_result() -> None:
    async def ask() -> tuple[int, int]:
        return await Lane().run(threading.get_ident), threading.get_ident()

    there, here = asyncio.run(ask())
    assert there == here


def test_after_slow_work_threads_are_used_until_it_has_been_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "SLOW", 0.2)
    monkeypatch.setattr(lanes, "CAREFUL", 1.0)

    async def ask() -> list[bool]:
        lane, here = Lane(), threading.get_ident()
        await lane.run(time.sleep, 0.25)
        found = [await lane.run(threading.get_ident) == here]
        await asyncio.sleep(1.1)
        return [*found, await lane.run(threading.get_ident) == here]

    assert asyncio.run(ask()) == [False, True]


def test_callbacks_hear_of_it_at_once_or_from_threads_after_slow_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "SLOW", 0.2)
    monkeypatch.setattr(lanes, "CAREFUL", 60.0)

    async def ask() -> tuple[list[object], list[object]]:
        lane, here, loop = Lane(), threading.get_ident(), asyncio.get_running_loop()
        told: list[object] = []
        lane.start(lambda: threading.get_ident() == here, told.append, told.append)
        lane.start(lambda: 1 // 0, told.append, lambda error: told.append(type(error)))
        at_once = list(told)
        await lane.run(time.sleep, 0.25)
        later, done = list[object](), loop.create_future()
        lane.start(lambda: threading.get_ident() == here, later.append, later.append)
        lane.start(lambda: 1 // 0, later.append, lambda error: (later.append(type(error)), done.set_result(None)))
        assert not later
        await asyncio.wait_for(done, 30)
        return at_once, later

    at_once, later = asyncio.run(ask())
    assert at_once == [True, ZeroDivisionError]
    assert sorted(later, key=str) == [ZeroDivisionError, False]


def test_an_error_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(Lane().run(lambda: 1 // 0))
