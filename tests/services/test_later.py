"""The background writer: nothing is lost while a store is down, nothing is written out of order, nothing grows without end."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from core.domain.errors import Unavailable
from core.domain.ports.event_log import NewEvent
from core.services.later import Later
from core.services.served_log import ServedLog
from tests.fakes.event_log import MemoryEventLog
from tests.support.waiting import until


def test_what_was_put_is_written_in_order_by_itself() -> None:
    written: list[int] = []
    done = threading.Event()

    def write(items: Sequence[int]) -> None:
        written.extend(items)
        if len(written) == 1_000:
            done.set()

    later = Later[int]("numbers", write, lambda: None, gather=0.0, batch=64)
    for number in range(1_000):
        later.put(number)
    assert done.wait(10)
    assert written == list(range(1_000))


def test_while_the_store_is_down_items_wait_and_the_rest_is_refused() -> None:
    written: list[int] = []
    troubles: list[str] = []
    up = False

    def write(items: Sequence[int]) -> None:
        if not up:
            raise Unavailable("down")
        written.extend(items)

    later = Later[int]("numbers", write, lambda: troubles.append("x"), gather=60, most=3)
    assert [later.put(number) for number in range(5)] == [True, True, True, False, False]
    with pytest.raises(Unavailable):
        later.flush()
    assert len(later) == 3
    up = True
    later.flush()
    assert written == [0, 1, 2]
    assert len(troubles) == 2


def test_an_item_that_cannot_be_written_is_dropped_and_the_others_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.services.later.PATIENCE", 0.0)
    written: list[int] = []
    troubles: list[str] = []

    def write(items: Sequence[int]) -> None:
        if 7 in items:
            raise TypeError("no number of ours")
        written.extend(items)

    later = Later[int]("numbers", write, lambda: troubles.append("x"), gather=0.0, batch=5)
    for number in range(20):
        later.put(number)
    until(lambda: not len(later))
    assert written == [number for number in range(20) if number != 7]
    assert troubles == ["x", "x"]
    later.put(20)
    until(lambda: written[-1] == 20)


def test_a_failure_that_passes_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.services.later.PATIENCE", 0.0)
    written: list[int] = []
    failures = [RuntimeError("can't start new thread")]

    def write(items: Sequence[int]) -> None:
        if failures:
            raise failures.pop()
        written.extend(items)

    later = Later[int]("numbers", write, lambda: None, gather=0.05, batch=5)
    for number in range(20):
        later.put(number)
    until(lambda: not len(later))
    assert written == list(range(20))


def test_topics_are_written_apart_and_a_repeated_write_changes_nothing() -> None:
    log = MemoryEventLog()
    append, failed = log.append, [True]

    def once_down(topic: str, events: Sequence[NewEvent]) -> list[bool]:
        if topic == "exposures" and failed.pop(0):
            failed.append(False)
            raise Unavailable("down")
        return append(topic, events)

    log.append = once_down  # type: ignore[method-assign]
    served = ServedLog(log)
    for number in range(4):
        served.put("pages" if number % 2 else "exposures", NewEvent(f"e{number}", "v", b"{}"))
    try:
        served.flush()
    except Unavailable:
        served.flush()
    assert [record.id for record in log.replay("pages")] == ["e1", "e3"]
    assert [record.id for record in log.replay("exposures")] == ["e0", "e2"]
