"""An open-loop load on the API: requests leave when they are due, whether or not earlier ones were answered.

Latency counts from the moment a request was due, so a server that falls behind cannot hide it. Each viewer has a connection of
their own, kept alive, as an app has; or all share some that take turns, as behind a proxy. One process, asyncio with requests as
prepared bytes, so that the generator takes little from the cores it shares with the server.
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


class _Job(msgspec.Struct, gc=False):
    """A request and when it is due. Both sorts of a viewer's requests come up every so often, half-way between one another."""

    due: float
    sort: str
    viewer: int


class _Connection(asyncio.Protocol):
    """One kept-alive connection with one request under way; others wait for their turn."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: Any = None
        self._buffer = bytearray()
        self._expected = self._body = -1
        self._status = 0
        self.job: _Job | None = None
        self.waiting: deque[_Job] = deque()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def ask(self, job: _Job) -> None:
        """Send the request, now or when those before it are answered."""
        if self.job is not None:
            self.waiting.append(job)
            return
        self.job = job
        self._transport.write(self._load.request(job))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._expected < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._buffer, 0, end)
            self._status = int(self._buffer[9:12])
            self._body, self._expected = end + 4, end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) >= self._expected and self.job is not None:
            body = bytes(self._buffer[self._body : self._expected])
            self._buffer.clear()
            self._expected = -1
            job, self.job = self.job, None
            self._load.answered(job, self._status, body)
            if self.waiting:
                self.ask(self.waiting.popleft())

    def connection_lost(self, error: Exception | None) -> None:
        self._load.lost(self)


class Load:
    """`viewers` people, each asking for a page every `every` seconds and reporting half-way what they did with it."""

    def __init__(
        self,
        port: int,
        key: str,
        *,
        viewers: int,
        every: float,
        seconds: float,
        clips: int = 4,
        shared: int = 0,
        seed: int = 1,
    ) -> None:
        """Of each page so many `clips` are seen. With `shared`, that many connections take turns instead of one for each viewer."""
        self._port, self._viewers, self._every, self._seconds = port, viewers, every, seconds
        self._clips = clips
        self._wanted = shared or min(viewers, files_allowed() - OTHER_FILES)
        self._shared = bool(shared)
        self._rng = random.Random(seed)
        head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
        self._get = f"GET /api/v1/feed?size=10&reasons=no&viewer=viewer-%d HTTP/1.1\r\n{head}\r\n"
        self._post = f"POST /api/v1/events HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: "
        self._connections: list[_Connection] = []
        self._turn = 0
        self._under_way = 0
        self._events: dict[int, bytes] = {}
        self._over = False
        self.answers = Answers()

    def run(self) -> Answers:
        """Ask for the whole time; returns when all is answered, or 10 s after the last request."""
        before = time.process_time()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run())
        self.answers.processor_seconds = time.process_time() - before
        return self.answers

    async def _run(self) -> None:
        for _ in range(self._wanted):
            self._connections.append(await self._connected())
        start = time.perf_counter()
        due = [(start + self._rng.random() * self._every, viewer, "pages") for viewer in range(self._viewers)]
        heapq.heapify(due)
        end = start + self._seconds
        while due and due[0][0] < end:
            await asyncio.sleep(TICK)
            now = time.perf_counter()
            while due and due[0][0] <= now:
                at, viewer, sort = heapq.heappop(due)
                self._send(_Job(at, sort, viewer))
                heapq.heappush(due, (at + self._every / 2, viewer, "events" if sort == "pages" else "pages"))
        while self._under_way and time.perf_counter() < end + 10:
            await asyncio.sleep(0.05)
        self.answers.unfinished = self._under_way
        self._over = True

    async def _connected(self) -> _Connection:
        _, protocol = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(self), "127.0.0.1", self._port
        )
        return protocol

    def _send(self, job: _Job) -> None:
        if job.sort == "events" and job.viewer not in self._events:
            return  # the page has not come yet, or there was none
        if self._shared:
            self._turn += 1
            place = self._turn
        else:
            place = job.viewer
        self._under_way += 1
        self._connections[place % len(self._connections)].ask(job)

    def request(self, job: _Job) -> bytes:
        """What is sent for a job."""
        if job.sort == "pages":
            return (self._get % job.viewer).encode()
        body = self._events.pop(job.viewer, b'{"events":[]}')
        return f"{self._post}{len(body)}\r\n\r\n".encode() + body

    def answered(self, job: _Job, status: int, body: bytes) -> None:
        """Note the time, and remember what the viewer will report."""
        taken = time.perf_counter() - job.due
        self._under_way -= 1
        if status == 200:
            (self.answers.pages if job.sort == "pages" else self.answers.events).append(taken)
            if job.sort == "pages":
                self._events[job.viewer] = self._batch(f"viewer-{job.viewer}", _page.decode(body))
        else:
            self._wrong(f"{job.sort} {status}")

    def lost(self, connection: _Connection) -> None:
        """A connection that the server closed: an error for everybody who waits for it, and later for who asks over it."""
        lost = ([] if connection.job is None else [connection.job]) + list(connection.waiting)
        self._under_way -= len(lost)
        for _ in lost or ([] if self._over else [None]):
            self._wrong("connection closed")

    def _wrong(self, what: str) -> None:
        self.answers.errors[what] = self.answers.errors.get(what, 0) + 1

    def _batch(self, viewer: str, page: _Page) -> bytes:
        """What a viewer reports of a page: the first posts seen and watched, one of them liked."""
        now = int(time.time() * 1_000)
        events = []
        for slot in page.slots[: self._clips]:
            common = {"viewer": viewer, "at": now, "post": slot.post, "request": page.request, "slot": slot.position}
            events.append({**common, "id": f"{page.request}-{slot.position}-i", "kind": "impression"})
            watched = {"seconds": round(self._every / self._clips, 2), "completion": round(self._rng.random(), 2)}
            events.append({**common, **watched, "id": f"{page.request}-{slot.position}-w", "kind": "watch"})
        if page.slots:
            first = page.slots[0]
            like = {"viewer": viewer, "at": now, "post": first.post, "request": page.request, "slot": first.position}
            events.append({**like, "id": f"{page.request}-l", "kind": "like"})
        return bytes(_encode({"events": events}))
