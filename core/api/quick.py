"""A short way for the two requests that are nearly all of an app's traffic: a page of the feed, and a small batch of events.

The framework takes .4 ms of processor time to find a route, solve its dependencies and check its parameters, as much as a third of
the page itself. Here a request in its plain form is answered at once; everything else, above all whatever is wrong with it, goes
the long way through the route of the same name, which describes it and says what is wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api.answers import send_answer, send_json
from core.api.events import FEW, events_answer
from core.api.group_pages import GroupPages
from core.api.group_write import GroupWrite
from core.api.lane import lane
from core.api.problems import from_error
from core.api.sessions import OpenServices
from core.bootstrap import Services, clock
from core.domain import account
from core.domain.errors import Busy, FeedroomError
from core.domain.events import MAX_ID, ViewerEvent
from core.domain.feed import PackedPage
from core.services.api_keys import ApiKeys
from core.services.engagement import Engagement
from core.services.event_intake import EventResult
from core.services.feed_packed import json_of

LONGEST: Final = {
    "viewer": MAX_ID, "size": 3, "cursor": 400, "session": MAX_ID, "region": 12, "language": 12, "segment": MAX_ID,
    "platform": 40, "policy": MAX_ID, "reasons": 3,
}  # fmt: skip
"""Parameters of a plain request for a page, and how long each may be."""
SMALL: Final = 64 * 1024
"""Bytes of a batch of events that is read here."""


class Quick:
    """Middleware in front of the routes. Which requests it answers never shows in the answer."""

    def __init__(self, app: ASGIApp, services: OpenServices) -> None:
        self._app, self._services = app, services
        self._log, self._pages = GroupWrite(), GroupPages()
        self._asking: dict[str, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["path"] == "/api/v1/feed" and scope["method"] == "GET":
                if await self._page(scope, receive, send):
                    return
            elif scope["path"] == "/api/v1/events" and scope["method"] == "POST":
                await self._events(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> bool:
        asked = _plain(scope["query_string"])
        if asked is None:
            return False
        try:
            services = await self._allowed(scope, account.Scope.FEED_READ)
            if services is None:
                return False
            page = await self._pages.page(services.feed, **asked, packed=True)
        except Busy as error:
            await _problem(error, scope, receive, send)
            return True
        except FeedroomError:
            return False
        if isinstance(page, PackedPage):
            await send_json(send, json_of(page))
        else:
            await send_answer(send, page)
        return True

    async def _events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A batch that came in one piece; read again by the route if it is not answered here."""
        read = [await receive()]

        async def again() -> Message:
            return read.pop() if read else await receive()

        raw = _batch(read[0])
        if raw is not None:
            try:
                if (services := await self._allowed(scope, account.Scope.EVENTS_WRITE)) is not None:
                    results = await self._taken_in(services.engagement, raw)
                    await send_answer(send, events_answer(results))
                    return
            except Busy as error:
                await _problem(error, scope, receive, send)
                return
            except FeedroomError:
                pass  # the route meets the same error and says it in a problem document
        await self._app(scope, again, send)

    async def _taken_in(self, engagement: Engagement, raw: Sequence[Any]) -> list[EventResult]:
        """`Engagement.accept` in step with other requests: batches share a durable write and round trips to the live store."""
        batch = await lane.run(engagement.checked, raw, clock())
        return await self._log.taken_in(engagement, batch)

    async def _allowed(self, scope: Scope, needed: account.Scope) -> Services | None:
        """The services, if the request's key may do this. Raises FeedroomError if it may not."""
        header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if not header.startswith(b"Bearer "):
            return None
        secret, services = header[7:].decode("latin-1"), self._services()
        keys = services.api_keys
        if keys.remembered(secret, needed, now=clock()) is None:
            if (asked := self._asking.get(secret)) is None:
                await self._ask(keys, secret, needed)
            else:
                await asked.wait()
                if keys.remembered(secret, needed, now=clock()) is None:
                    return None
        return services

    async def _ask(self, keys: ApiKeys, secret: str, needed: account.Scope) -> None:
        """Have the store asked about a key, once for all who come meanwhile: each asking for itself would be a crowd of threads
        every few seconds. Raises as `ApiKeys.authenticate`."""
        self._asking[secret] = asked = asyncio.Event()
        try:
            await run_in_threadpool(keys.authenticate, secret, needed, now=clock())
        finally:
            del self._asking[secret]
            asked.set()


async def _problem(error: FeedroomError, scope: Scope, receive: Receive, send: Send) -> None:
    """Say here what is wrong: the long way would do the work all the same."""
    await from_error(Request(scope), error)(scope, receive, send)


def _plain(query: bytes) -> dict[str, Any] | None:
    """The arguments of `Feed.page`, or None for a request that is to go the long way."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        return None
    asked: dict[str, Any] = {}
    for name, value in pairs:
        if name in asked or not 0 < len(value) <= LONGEST.get(name, 0):
            return None
        asked[name] = value
    if "viewer" not in asked or not asked.get("size", "20").isdecimal():
        return None
    asked["size"] = int(asked.get("size", 20))
    if "reasons" in asked:
        if asked["reasons"] not in ("yes", "no"):
            return None
        asked["reasons"] = asked["reasons"] == "yes"
    if "language" in asked:
        asked["languages"] = (asked.pop("language"),)
    return asked


class _Batch(msgspec.Struct, gc=False):
    events: list[ViewerEvent]


_events = msgspec.json.Decoder(_Batch)


def _batch(message: Message) -> Sequence[Any] | None:
    """The events of a small batch, or None for one that is to go the long way.

    Nearly always all are well-formed and are read straight into events; if one is not, each is looked at for itself later.
    """
    body = message.get("body", b"")
    if message["type"] != "http.request" or message.get("more_body") or len(body) > SMALL:
        return None
    found: Any
    try:
        found = _events.decode(body).events
    except (msgspec.DecodeError, FeedroomError, RecursionError):
        try:
            read = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            return None
        found = read.get("events") if isinstance(read, dict) else None
    return found if isinstance(found, list) and len(found) <= FEW else None
