"""An open-loop load on the API: requests leave when they are due, whether or not earlier ones were answered.

Latency counts from the moment a request was due, so a server that falls behind cannot hide it. There are as many connections as
viewers, all kept alive, and they take turns: what each of many apps does with a connection of its own. One process, asyncio with
requests as prepared bytes, so that the generator takes little from the cores it shares with the server.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec
import uvloop

from core.api.server import files_allowed

OTHER_FILES = 100
"""What the generator has open besides its connections."""
TICK = 0.002
"""Seconds between looks at what is due; what that delays counts as latency."""


class _Slot(msgspec.Struct):
    position: int
    post: str


class _Page(msgspec.Struct):
    request: str
    slots: list[_Slot]


_page = msgspec.json.Decoder(_Page)
_encode = msgspec.json.Encoder().encode
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(slots=True)
class Answers:
    """Seconds from due to answered, per sort of request, what went wrong by status or error, and what the generator itself took."""

    pages: list[float] = field(default_factory=list)
    events: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    unfinished: int = 0
    processor_seconds: float = 0.0


class _Connection(asyncio.Protocol):
    """One kept-alive connection with one request under way."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: Any = None
        self._buffer = bytearray()
        self._expected = self._body = -1
        self._status = 0
        self.job: tuple[float, str, str] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def ask(self, job: tuple[float, str, str], request: bytes) -> None:
        self.job = job
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._expected < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._buffer, 0, end)
            self._status = int(self._buffer[9:12])
            self._body, self._expected = end + 4, end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) >= self._expected:
            body = bytes(self._buffer[self._body : self._expected])
            self._buffer.clear()
            self._expected = -1
            self._load.answered(self, self._status, body)

    def connection_lost(self, error: Exception | None) -> None:
        self._load.lost(self)


class Load:
    """`viewers` people, each asking for a page every `every` seconds and reporting what they did with the one before."""

    def __init__(self, port: int, key: str, *, viewers: int, every: float, seconds: float, seed: int = 1) -> None:
        self._port, self._viewers, self._every, self._seconds = port, viewers, every, seconds
        self._connections = min(viewers, files_allowed() - OTHER_FILES)
        self._rng = random.Random(seed)
        head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
        self._get = f"GET /api/v1/feed?size=10&reasons=no&viewer=%s HTTP/1.1\r\n{head}\r\n"
        self._post = f"POST /api/v1/events HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: "
        self._free: deque[_Connection] = deque()
        self._waiting: deque[tuple[float, str, str]] = deque()
        self._events: dict[str, bytes] = {}
        self._again: set[asyncio.Task[None]] = set()
        self.answers = Answers()

    def run(self) -> Answers:
        """Ask for the whole time; returns when all is answered, or 10 s after the last request."""
        before = time.process_time()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run())
        self.answers.processor_seconds = time.process_time() - before
        return self.answers

    async def _run(self) -> None:
        for _ in range(self._connections):
            await self._connect()
        start = time.perf_counter()
        due = [(start + self._rng.random() * self._every, f"viewer-{n}") for n in range(self._viewers)]
        heapq.heapify(due)
        end = start + self._seconds
        while due and due[0][0] < end:
            await asyncio.sleep(TICK)
            now = time.perf_counter()
            while due and due[0][0] <= now:
                at, viewer = heapq.heappop(due)
                if viewer in self._events:
                    self._send((at, "events", viewer))
                self._send((at, "pages", viewer))
                heapq.heappush(due, (at + self._every, viewer))
        while (self._waiting or len(self._free) < self._connections) and time.perf_counter() < end + 10:
            await asyncio.sleep(0.05)
        self.answers.unfinished = len(self._waiting) + self._connections - len(self._free)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
        self._free.append(protocol)

    def _send(self, job: tuple[float, str, str]) -> None:
        if not self._free:
            self._waiting.append(job)
            return
        _, sort, viewer = job
        if sort == "pages":
            request = (self._get % viewer).encode()
        else:
            body = self._events.pop(viewer, b'{"events":[]}')
            request = f"{self._post}{len(body)}\r\n\r\n".encode() + body
        self._free.popleft().ask(job, request)

    def answered(self, connection: _Connection, status: int, body: bytes) -> None:
        """Note the time, remember what the viewer will report, go on with what waits."""
        job, connection.job = connection.job, None
        if job is None:
            return
        due, sort, viewer = job
        taken = time.perf_counter() - due
        if status == 200:
            (self.answers.pages if sort == "pages" else self.answers.events).append(taken)
            if sort == "pages":
                self._events[viewer] = self._batch(viewer, _page.decode(body))
        else:
            name = f"{sort} {status}"
            self.answers.errors[name] = self.answers.errors.get(name, 0) + 1
        self._free.append(connection)
        if self._waiting:
            self._send(self._waiting.popleft())

    def lost(self, connection: _Connection) -> None:
        """A connection that the server closed: an error if somebody waited for it; one that was idle is made anew."""
        if connection.job is not None:
            self.answers.errors["connection closed"] = self.answers.errors.get("connection closed", 0) + 1
        elif connection in self._free:
            self._free.remove(connection)
            self._again.add(task := asyncio.ensure_future(self._connect()))
            task.add_done_callback(self._again.discard)

    def _batch(self, viewer: str, page: _Page) -> bytes:
        """What a viewer reports of a page: four posts seen and watched, one of them liked."""
        now = int(time.time() * 1_000)
        events = []
        for slot in page.slots[:4]:
            common = {"viewer": viewer, "at": now, "post": slot.post, "request": page.request, "slot": slot.position}
            events.append({**common, "id": f"{page.request}-{slot.position}-i", "kind": "impression"})
            watched = {"seconds": 6.0, "completion": round(self._rng.random(), 2)}
            events.append({**common, **watched, "id": f"{page.request}-{slot.position}-w", "kind": "watch"})
        if page.slots:
            first = page.slots[0]
            like = {"viewer": viewer, "at": now, "post": first.post, "request": page.request, "slot": first.position}
            events.append({**like, "id": f"{page.request}-l", "kind": "like"})
        return bytes(_encode({"events": events}))
