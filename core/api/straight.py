"""A straight way for plain requests: from uvicorn's parser to the work, and from its result to one write.

Between the two the server starts a task for each request, which goes through three middlewares and back, and writes the answer in
two messages whose headers are checked one by one. That was a third of what Python does for such a request besides the work. Here
a plain request is begun as soon as it is read, and a callback of its result writes the answer. Whatever is not plain, and whatever
goes wrong, goes the way through the application from where it is. Which way a request goes never shows in the answer.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache, partial
from typing import Any, Final, cast

from uvicorn import Config
from uvicorn._types import ASGI3Application
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from core.api.joined_writes import JoinedWrites, Joining
from core.api.plain import may_be_plain, written
from core.api.quick import MET, Quick
from core.api.sessions import KnownHosts

Headers = tuple[tuple[bytes, bytes], ...]
CLOSE: Final = b"connection: close\r\n"


class Straight(JoinedWrites):
    """uvicorn's protocol, in which plain requests wait for a future instead of a task."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # these are uvicorn's to do, and seldom wanted where there is much traffic
        alone = not (self.access_log or self.limit_concurrency is not None or config.headers)
        self._doors = _doors(self.app) if alone else None
        self._reading = False
        self._coming: RequestResponseCycle | None = None

    def data_received(self, data: bytes) -> None:
        self._reading = True
        super().data_received(data)
        self._reading = False
        if self._coming is not None:  # its body comes in pieces
            cycle, self._coming = self._coming, None
            super()._start_asgi_task(cycle, self.app)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._coming is not None:
            cycle, self._coming = self._coming, None
            self._begin(cycle)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Called when the head of a request was read, or when those before it are answered."""
        if (
            self._doors is None
            or app is not self.app
            or not may_be_plain(cycle.scope)
            or cycle.waiting_for_100_continue
        ):
            super()._start_asgi_task(cycle, app)
        elif cycle.scope["method"] == "GET" or not cycle.more_body:
            self._begin(cycle)
        elif self._reading:
            self._coming = cycle
        else:
            super()._start_asgi_task(cycle, app)

    def _begin(self, cycle: RequestResponseCycle) -> None:
        doors, quick = cast(tuple[KnownHosts, Quick], self._doors)
        scope = cast(dict[str, Any], cycle.scope)
        try:
            begun = quick.begun(scope, cycle.body) if doors.knows(scope) else None
        except Exception as error:  # noqa: BLE001 - whatever it is, the application says it
            self._go_on(cycle, error)
            return
        if begun is None:
            super()._start_asgi_task(cycle, self.app)
            return
        self.tasks.add(cast("asyncio.Task[None]", begun))  # a server that is to stop waits for them
        begun.add_done_callback(partial(self._done, cycle))

    def _done(self, cycle: RequestResponseCycle, begun: asyncio.Future[Any]) -> None:
        self.tasks.discard(cast("asyncio.Task[None]", begun))
        try:
            body = written(begun.result())
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - as above
            self._go_on(cycle, error)
            return
        if cycle.disconnected:
            cycle.on_response = _nothing
        elif cycle.flow.write_paused:
            self._go_on(cycle, body)
        else:
            self._answer(cycle, body)

    def _answer(self, cycle: RequestResponseCycle, body: bytes) -> None:
        """Write the answer; what follows it is as in `RequestResponseCycle.send`."""
        doors, _ = cast(tuple[KnownHosts, Quick], self._doors)
        before, after = _head(tuple(cycle.default_headers), doors.safe)
        end = b"\r\n" if cycle.keep_alive else CLOSE + b"\r\n"
        if not self.transport.is_closing():
            cast(Joining, self.transport).write_now(b"%b%d%b%b%b" % (before, len(body), after, end, body))
        cycle.response_started = cycle.response_complete = True
        cycle.body.clear()
        if not cycle.keep_alive:
            self.transport.close()
        on_response, cycle.on_response = cycle.on_response, _nothing
        on_response()

    def _go_on(self, cycle: RequestResponseCycle, met: bytes | BaseException) -> None:
        """Have the application go on with the request from where it is."""
        cast(dict[str, Any], cycle.scope)[MET] = met
        super()._start_asgi_task(cycle, self.app)


def _doors(app: object) -> tuple[KnownHosts, Quick] | None:
    """What a plain request goes through in our own application, None if it is another, or something else stands before it."""
    if isinstance(app, ProxyHeadersMiddleware):  # what it finds out is of no use to plain requests
        app = app.app
    return (app, app.app) if isinstance(app, KnownHosts) and isinstance(app.app, Quick) else None


@lru_cache(maxsize=8)
def _head(server: Headers, safe: Headers) -> tuple[bytes, bytes]:
    """The head of an answer before and after the length of its body. The server's headers change once a second."""
    before = b"HTTP/1.1 200 OK\r\n" + _lines(server) + b"content-type: application/json\r\ncontent-length: "
    return before, b"\r\n" + _lines(safe)


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def _nothing() -> None:
    pass
