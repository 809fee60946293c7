"""The API over a protocol of its server, without a socket: what is sent is given to it, and what it writes is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from core.api.app import behind_doors, create_app
from core.api.joined_writes import JoinedWrites
from core.api.lane import CAREFUL, lane
from core.api.straight import Straight
from core.bootstrap import Services, clock
from core.domain.account import Account, Role, Scope
from core.domain.errors import InvalidInput
from core.domain.feed import FeedPage, PackedPage
from core.services.feed import Feed
from core.services.feed_request import Wanted
from core.settings import Settings
from tests.api.test_joined_writes import Recorded
from tests.fakes.stores import memory_stores
from tests.feed.world import world

ADMINISTRATOR = Account(id="a", email="a@x.example", name="A", role=Role.ADMINISTRATOR)
DATE = b"Thu, 01 Jan 2026 00:00:00 GMT"
WAYS = (JoinedWrites, Straight)
PAGE = "/api/v1/feed"
EVENTS = "/api/v1/events"


class Plainly(Feed):
    """Makes the same pages again and again, and remembers for whom."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def pages(
        self, wanted: Sequence[tuple[str, Wanted]], *, arrived: Sequence[float] | None = None, now: int
    ) -> list[FeedPage | PackedPage | Exception]:
        self.made += [viewer for viewer, _ in wanted]
        return [self._page(viewer, said) for viewer, said in wanted]

    def _page(self, viewer: str, said: Wanted) -> FeedPage | PackedPage | Exception:
        if viewer == "bad":
            return InvalidInput("viewer", viewer, "not this one")
        if viewer == "broken":
            return RuntimeError("the page of this viewer cannot be made")
        packed = said.get("packed") and not said.get("reasons", True)
        kind: Any = PackedPage if packed else FeedPage
        name = f"{viewer}-{said.get('size')}-{said.get('languages')}-{said.get('region')}"
        return kind(request=name, viewer=viewer, policy="p", slots=(), cursor=None, at=7)  # type: ignore[no-any-return]


@dataclass
class Running:
    """A server's protocol over a transport that remembers what is written, without a socket."""

    services: Services
    feed: Plainly
    secret: str
    config: Config
    state: ServerState
    protocol: HttpToolsProtocol
    to: Recorded

    def get(self, query: str = "viewer=v", more: str = "", version: str = "1.1") -> bytes:
        head = f"GET /api/v1/feed?{query} HTTP/{version}\r\nHost: localhost\r\nAuthorization: Bearer {self.secret}\r\n"
        return f"{head}{more}\r\n".encode()

    def post(self, body: bytes, more: str = "") -> bytes:
        head = f"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.secret}\r\n"
        return f"{head}{more}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def hears(self, data: bytes) -> None:
        self.protocol.data_received(data)

    async def answers(self, count: int = 1) -> bytes:
        """All that was written, when so many answers are complete."""
        for _ in range(2_000):
            if self.state.total_requests >= count:
                break
            await asyncio.sleep(0.002)
        assert self.state.total_requests == count, self.to.writes
        await asyncio.sleep(0)
        return b"".join(self.to.writes)


def like(id: str, post: str = "post-0001", at: int | None = None) -> bytes:
    event = {"id": id, "viewer": "v", "kind": "like", "post": post, "at": clock() if at is None else at}
    return msgspec.json.encode({"events": [event]})


def running(way: type[HttpToolsProtocol], folder: Path, **options: Any) -> Running:
    """A server of its own, whose process has looked the key up already."""
    lane.slow_until = -CAREFUL  # as if nothing slow had happened in this process
    services = Services(Settings(data=folder, secret="s" * 40), memory_stores())
    world(stores=services.stores)
    scopes = (Scope.FEED_READ, Scope.EVENTS_WRITE)
    secret = services.api_keys.create(ADMINISTRATOR, name="app", scopes=scopes, now=clock()).secret
    assert services.engagement.checked([], clock()) is not None
    services.feed = feed = Plainly()
    services.api_keys.authenticate(secret, Scope.FEED_READ, now=clock())
    app = behind_doors(create_app(services), services)
    config = Config(app, **({"lifespan": "off", "log_level": "critical", "access_log": False} | options))
    config.load()
    state, to = ServerState(), Recorded()
    state.default_headers = [(b"date", DATE)]
    protocol = way(config=config, server_state=state, app_state={})
    protocol.connection_made(to)
    return Running(services, feed, secret, config, state, protocol, to)
