"""Batches of events share durable writes, and each caller hears of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from core.api import crowd
from core.api.group_write import GroupWrite
from core.domain.errors import Busy, Unavailable
from core.domain.events import EventKind, ViewerEvent
from core.services.engagement import Batch, Engagement
from core.services.event_intake import EventResult, EventStatus


class SlowLog(Engagement):
    """Writes when it is let, and remembers which batches came together."""

    def __init__(self) -> None:
        self.rounds: list[list[str]] = []
        self.felt_together: list[int] = []
        self.may_go = threading.Event()
        self.fails: list[Exception] = []

    def written_all(self, batches: Sequence[Batch]) -> list[list[bool]]:
        self.rounds.append([event.id for batch in batches for event in batch.read.values()])
        assert self.may_go.wait(30)
        if self.fails:
            raise self.fails.pop()
        return [[event.id != "known" for event in batch.read.values()] for batch in batches]

    def felt_all(self, written: Sequence[tuple[Batch, Sequence[bool]]]) -> list[list[EventResult]]:
        self.felt_together.append(len(written))
        return [
            [
                EventResult(event.id, EventStatus.ACCEPTED if new else EventStatus.DUPLICATE)
                for event, new in zip(batch.read.values(), fresh, strict=True)
            ]
            for batch, fresh in written
        ]


def batch_of(*ids: str) -> Batch:
    events = [ViewerEvent(id=id, viewer="v", kind=EventKind.LIKE, post="p", at=1) for id in ids]
    return Batch([None] * len(ids), dict(enumerate(events)), {})


async def told(together: GroupWrite, log: SlowLog, batch: Batch) -> list[bool]:
    """Which events of the batch were new."""
    return [result.status is EventStatus.ACCEPTED for result in await together.taken_in(log, batch)]


async def _begun(log: SlowLog, rounds: int) -> None:
    while len(log.rounds) < rounds:
        await asyncio.sleep(0.001)


def test_what_comes_during_a_write_is_written_in_the_next_one_together() -> None:
    async def story() -> tuple[SlowLog, list[list[bool]]]:
        log, together = SlowLog(), GroupWrite()
        first = asyncio.create_task(told(together, log, batch_of("a")))
        await _begun(log, 1)
        others = [asyncio.create_task(told(together, log, batch_of(*ids))) for ids in (("b", "known"), ("c",))]
        await asyncio.sleep(0)
        log.may_go.set()
        return log, [await first, *[await other for other in others]]

    log, answers = asyncio.run(story())
    assert log.rounds == [["a"], ["b", "known", "c"]]
    assert answers == [[True], [True, False], [True]]
    assert log.felt_together == [1, 2]


def test_a_write_that_fails_is_told_to_all_who_were_in_it_and_to_nobody_else() -> None:
    async def story() -> list[Any]:
        log, together = SlowLog(), GroupWrite()
        log.fails = [Unavailable("the disk is full")]
        first = asyncio.create_task(told(together, log, batch_of("a")))
        await _begun(log, 1)
        later = asyncio.create_task(told(together, log, batch_of("b")))
        await asyncio.sleep(0)
        log.may_go.set()
        return list(await asyncio.gather(first, later, return_exceptions=True))

    failed, fine = asyncio.run(story())
    assert isinstance(failed, Unavailable)
    assert fine == [True]


def test_one_caller_that_leaves_takes_nobody_with_it() -> None:
    async def story() -> list[bool]:
        log, together = SlowLog(), GroupWrite()
        leaves = asyncio.create_task(told(together, log, batch_of("a")))
        await _begun(log, 1)
        stays = asyncio.create_task(told(together, log, batch_of("b")))
        leaves.cancel()
        await asyncio.sleep(0)
        log.may_go.set()
        with pytest.raises(asyncio.CancelledError):
            await leaves
        return await stays

    assert asyncio.run(story()) == [True]


def test_another_event_loop_starts_afresh() -> None:
    log, together = SlowLog(), GroupWrite()
    log.may_go.set()
    assert asyncio.run(told(together, log, batch_of("a"))) == [True]
    assert asyncio.run(told(together, log, batch_of("b"))) == [True]


def test_batches_that_come_while_others_have_waited_too_long_are_turned_away_and_those_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> list[list[str]]:
        log, together = SlowLog(), GroupWrite()
        first = asyncio.create_task(told(together, log, batch_of("a")))
        await _begun(log, 1)
        second = asyncio.create_task(told(together, log, batch_of("b")))
        await asyncio.sleep(0)
        monkeypatch.setattr(crowd, "LONGEST_WAIT", -1.0)
        with pytest.raises(Busy):
            await told(together, log, batch_of("c"))
        log.may_go.set()
        assert [await first, await second, await told(together, log, batch_of("d"))] == [[True]] * 3
        return log.rounds

    assert asyncio.run(story()) == [["a"], ["b"], ["d"]]
