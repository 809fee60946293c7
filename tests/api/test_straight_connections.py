"""Requests that go the straight way share a connection with others, and its end, as uvicorn has it."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from uvicorn import Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.api import straight
from core.api.lane import CAREFUL, lane
from core.api.straight import Straight
from core.services.engagement import Batch
from tests.api.wire import DATE, EVENTS, PAGE, WAYS, like, running


def test_requests_that_come_together_are_answered_in_their_order_whichever_way_they_go(
    tmp_path: Path, begun: list[str]
) -> None:
    async def story(way: type[HttpToolsProtocol]) -> bytes:
        it = running(way, tmp_path)
        it.hears(
            it.get("viewer=first") + it.post(like("e1")) + it.get("viewer=long&size=07&newcomer=1")
            + it.post(like("e1")) + it.get("viewer=bad") + it.get("viewer=last&reasons=no")
        )  # fmt: skip
        return await it.answers(6)

    through, straightly = (asyncio.run(story(way)) for way in WAYS)
    assert straightly == through
    marks = (b"first-20", b'"accepted":1', b"long-7", b'"duplicates":1', b"not this one", b"last-20")
    places = [straightly.index(mark) for mark in marks]
    assert places == sorted(places)
    assert begun == [PAGE, EVENTS, EVENTS, PAGE]


def test_a_batch_that_comes_in_pieces_counts_once(tmp_path: Path, begun: list[str]) -> None:
    async def story() -> list[bytes]:
        it = running(Straight, tmp_path)
        sent = it.post(like("e1"))
        for piece in (sent[:40], sent[40:-30], sent[-30:-1], sent[-1:]):
            it.hears(piece)
            await asyncio.sleep(0.01)
        await it.answers()
        it.hears(it.get() + sent[:-9])  # its turn comes before it is whole
        await it.answers(2)
        await asyncio.sleep(0.01)
        it.hears(sent[-9:])
        await it.answers(3)
        return it.to.writes

    first, _, again = asyncio.run(story())
    assert b'"accepted":1,"duplicates":0' in first
    assert b'"accepted":0,"duplicates":1' in again
    assert begun == [PAGE]


def test_a_batch_goes_straight_while_a_slow_store_keeps_the_loop_careful(tmp_path: Path, begun: list[str]) -> None:
    async def story() -> bytes:
        it = running(Straight, tmp_path)
        lane.slow_until = time.monotonic()
        it.hears(it.post(like("e1")) + it.get())
        try:
            return await it.answers(2)
        finally:
            lane.slow_until = -CAREFUL

    said = asyncio.run(story())
    assert b'"accepted":1' in said
    assert begun == [EVENTS, PAGE]


def test_to_a_client_that_goes_away_nothing_is_written(tmp_path: Path) -> None:
    async def story() -> tuple[list[bytes], list[str], set[Any]]:
        it = running(Straight, tmp_path)
        it.hears(it.get())
        it.protocol.connection_lost(None)
        await asyncio.sleep(0.05)
        return it.to.writes, it.feed.made, it.state.tasks

    writes, made, tasks = asyncio.run(story())
    assert (writes, made, tasks) == ([], ["v"], set())


def test_a_client_that_does_not_read_gets_its_answer_when_it_does(tmp_path: Path, begun: list[str]) -> None:
    async def story() -> tuple[list[bytes], bytes]:
        it = running(Straight, tmp_path)
        it.protocol.pause_writing()
        it.hears(it.get())
        await asyncio.sleep(0.05)
        held = list(it.to.writes)
        it.protocol.resume_writing()
        return held, await it.answers()

    held, said = asyncio.run(story())
    assert held == []
    assert said.startswith(b"HTTP/1.1 200 OK\r\ndate: " + DATE + b"\r\ncontent-type: application/json\r\n")
    assert begun == []


def test_a_server_that_is_told_to_stop_answers_what_is_under_way_and_closes(tmp_path: Path) -> None:
    async def story() -> tuple[bytes, bool, bool]:
        it = running(Straight, tmp_path)
        it.hears(it.get())
        under_way = len(it.state.tasks) == 1
        it.protocol.shutdown()
        return await it.answers(), it.to.closed, under_way

    said, closed, under_way = asyncio.run(story())
    assert b"\r\nconnection: close\r\n\r\n{" in said
    assert closed
    assert under_way


def test_work_that_a_stopping_server_gives_up_is_answered_as_a_failure(tmp_path: Path) -> None:
    async def story() -> bytes:
        it = running(Straight, tmp_path)
        it.hears(it.get())
        for task in it.state.tasks:
            task.cancel(msg="timeout graceful shutdown exceeded")
        return await it.answers()

    assert asyncio.run(story()).startswith(b"HTTP/1.1 500 ")


def test_what_fails_is_logged_with_its_cause(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> bytes:
        it = running(Straight, tmp_path)
        it.protocol.logger = logging.getLogger("tests.straight")
        it.hears(it.get("viewer=broken"))
        return await it.answers()

    assert b"\r\nconnection: close\r\n" in asyncio.run(story())
    (record,) = [one for one in caplog.records if one.name == "tests.straight"]
    assert record.message == "Exception in ASGI application\n"
    assert record.exc_info
    assert isinstance(record.exc_info[1], RuntimeError)


@pytest.mark.parametrize(
    "options",
    [{"access_log": True}, {"limit_concurrency": 50}, {"headers": [("X-Server", "mine")]}, {"log_level": "trace"}],
)
def test_what_uvicorn_has_to_do_for_each_request_is_left_to_it(
    options: dict[str, Any], tmp_path: Path, begun: list[str]
) -> None:
    async def story() -> bytes:
        it = running(Straight, tmp_path, **options)
        it.hears(it.get())
        return await it.answers()

    assert asyncio.run(story()).startswith(b"HTTP/1.1 200 ")
    assert begun == []


def test_another_application_is_left_alone() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        pass

    assert straight._doors(app) is None


def test_a_server_that_is_stopped_waits_for_a_batch_that_is_being_written(tmp_path: Path, begun: list[str]) -> None:
    may_go, writing = threading.Event(), threading.Event()

    async def story() -> bytes:
        it = running(Straight, tmp_path, http=Straight)
        write = it.services.engagement.written_all

        def slowly(batches: Sequence[Batch]) -> list[list[bool]]:
            writing.set()
            assert may_go.wait(10)
            return write(batches)

        it.services.engagement.written_all = slowly  # type: ignore[method-assign]
        server = Server(it.config)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            serving = asyncio.create_task(server.serve([listening]))
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(it.post(like("e1")))
            await asyncio.to_thread(writing.wait, 10)
            server.should_exit = True
            await asyncio.sleep(0.4)
            assert not serving.done()
            may_go.set()
            said = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            await asyncio.wait_for(serving, 10)
        return said

    said = asyncio.run(story())
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in said
    assert b'"accepted":1' in said
    assert begun == [EVENTS]
