"""Answers go out in one write, whole and in order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from uvicorn import Config
from uvicorn.server import ServerState

from core.api.joined_writes import JoinedWrites, Joining


class Recorded(asyncio.Transport):
    """A transport that remembers each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


def hello(_: Request) -> Response:
    return PlainTextResponse("hello")


def stream(_: Request) -> Response:
    async def parts() -> Any:
        for part in ("one ", "two ", "three"):
            yield part
            await asyncio.sleep(0.01)

    return StreamingResponse(parts(), media_type="text/plain")


async def echo(request: Request) -> Response:
    return PlainTextResponse(await request.body())


app = Starlette(
    routes=[Route("/hello", hello), Route("/stream", stream), Route("/echo", echo, methods=["POST"])],
)


async def _asked(request: bytes, seconds: float = 0.2) -> Recorded:
    config = Config(app, log_level="critical", lifespan="off")
    config.load()
    to = Recorded()
    protocol = JoinedWrites(config=config, server_state=ServerState(), app_state={})
    protocol.connection_made(to)
    protocol.data_received(request)
    await asyncio.sleep(seconds)
    protocol.connection_lost(None)
    return to


def test_head_and_body_of_an_answer_are_one_write(runner: asyncio.Runner) -> None:
    to = runner.run(_asked(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"))
    (written,) = to.writes
    assert written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert written.endswith(b"\r\n\r\nhello")


def test_two_requests_that_came_together_are_answered_in_their_order(runner: asyncio.Runner) -> None:
    ask = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
    to = runner.run(_asked(ask + b"abc" + ask + b"xyz"))
    first, second = to.writes
    assert first.endswith(b"abc")
    assert second.endswith(b"xyz")


def test_a_stream_goes_out_part_by_part(runner: asyncio.Runner) -> None:
    to = runner.run(_asked(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert len(to.writes) >= 3
    assert [word for word in (b"one ", b"two ", b"three") if any(word in part for part in to.writes)] == [
        b"one ", b"two ", b"three",
    ]  # fmt: skip
    assert b"".join(to.writes).endswith(b"0\r\n\r\n")


def test_an_answer_that_ends_the_connection_is_written_before_it_closes(runner: asyncio.Runner) -> None:
    to = runner.run(_asked(b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    assert to.closed
    assert to.writes[-1].endswith(b"hello")


def test_a_request_that_is_no_http_is_refused_before_it_closes(runner: asyncio.Runner) -> None:
    to = runner.run(_asked(b"nonsense\r\n\r\n"))
    assert to.closed
    assert b"400" in to.writes[0]


def test_a_client_that_waits_for_leave_to_send_gets_it_at_once(runner: asyncio.Runner) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    to = runner.run(_asked(head))
    assert to.writes[0] == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_what_is_written_is_sent_by_the_next_turn_of_the_loop(runner: asyncio.Runner) -> None:
    async def write() -> Recorded:
        to = Recorded()
        joining = Joining(to, asyncio.get_running_loop())
        joining.write(b"a")
        joining.write(b"b")
        assert to.writes == []
        assert joining.get_write_buffer_size() == 2
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return to

    assert runner.run(write()).writes == [b"ab"]


def test_what_is_held_when_a_connection_breaks_off_is_dropped(runner: asyncio.Runner) -> None:
    async def write() -> Recorded:
        to = Recorded()
        joining = Joining(to, asyncio.get_running_loop())
        joining.write(b"a")
        joining.abort()
        await asyncio.sleep(0)
        return to

    assert runner.run(write()).writes == []
