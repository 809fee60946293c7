"""Requests that wait for the disk: alone at once, many together, and each hears of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from core.api.gathered import Gathered
from core.domain.errors import Unavailable


class Disk:
    """Remembers which numbers were written together; doubles them."""

    def __init__(self) -> None:
        self.writes: list[list[int]] = []
        self.broken = False

    def write(self, numbers: Sequence[int]) -> list[int]:
        time.sleep(0.002)
        self.writes.append(list(numbers))
        if self.broken:
            raise Unavailable("the disk is full")
        return [2 * number for number in numbers]


def test_one_request_is_written_at_once_and_many_at_a_time_in_a_few_writes() -> None:
    disk = Disk()
    gathered = Gathered(disk.write)

    async def requests() -> list[int]:
        assert await gathered.do(7) == 14
        return await asyncio.gather(*(gathered.do(number) for number in range(100)))

    assert asyncio.run(requests()) == [2 * number for number in range(100)]
    assert disk.writes[0] == [7]
    assert len(disk.writes) == 2
    assert disk.writes[1] == list(range(100))


def test_writes_begin_no_more_often_than_they_may() -> None:
    disk = Disk()
    gathered = Gathered(disk.write, every=0.05)

    async def requests() -> None:
        for number in range(4):
            await gathered.do(number)

    started = time.monotonic()
    asyncio.run(requests())
    assert time.monotonic() - started >= 0.15
    assert len(disk.writes) == 4


def test_all_of_a_failed_write_hear_of_it_and_the_next_goes_on() -> None:
    disk = Disk()
    gathered = Gathered(disk.write, every=0.0)

    async def requests() -> list[int | BaseException]:
        disk.broken = True
        failed = await asyncio.gather(*(gathered.do(number) for number in range(3)), return_exceptions=True)
        disk.broken = False
        return [*failed, await gathered.do(4)]

    *failed, last = asyncio.run(requests())
    assert [type(error) for error in failed] == [Unavailable] * 3
    assert last == 8


def test_a_request_that_is_cancelled_holds_no_other_up() -> None:
    disk = Disk()
    gathered = Gathered(disk.write, every=0.0)

    async def requests() -> int:
        first, second = asyncio.create_task(gathered.do(1)), asyncio.create_task(gathered.do(2))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert asyncio.run(requests()) == 4


def test_a_new_loop_starts_afresh_after_one_that_ended_in_the_middle() -> None:
    disk = Disk()
    gathered = Gathered(disk.write)

    async def left() -> None:
        task = asyncio.create_task(gathered.do(1))
        await asyncio.sleep(0)
        task.cancel()

    async def asked() -> int:
        return await gathered.do(2)

    asyncio.run(left())
    assert asyncio.run(asked()) == 4
