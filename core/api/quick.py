"""A short way for the two requests that are nearly all of an app's traffic: a page of the feed, and a small batch of events.

The framework takes .4 ms of processor time to find a route, solve its dependencies and check its parameters, as much as a third of
the page itself. Here a request in its plain form is answered at once; everything else, above all whatever is wrong with it, goes
the long way through the route of the same name, which describes it and says what is wrong.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api.answers import send_json
from core.api.groups import Groups
from core.api.plain import PlainRequest, may_be_plain, plainly_asked, remembered, secret_of, written
from core.api.problems import from_error
from core.api.sessions import OpenServices
from core.bootstrap import Services, clock
from core.domain import account
from core.domain.errors import Busy, FeedroomError
from core.services.api_keys import ApiKeys

MET: Final = "feedroom.met"
"""Where a request's scope says what the straight way has met with it already: the answer, or an error."""


class Quick:
    """Middleware in front of the routes. Which requests it answers never shows in the answer."""

    def __init__(self, app: ASGIApp, services: OpenServices, groups: Groups) -> None:
        """In front of `app`, whose routes begin what they are asked for in the same `groups`."""
        self._app, self._services, self._groups = app, services, groups
        self._asking: dict[str, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not may_be_plain(scope):
            await self._app(scope, receive, send)
            return
        met = scope.pop(MET, None)
        if met is None:
            met, receive = await self._outcome(scope, receive)
        if met is None:
            await self._app(scope, receive, send)
        elif isinstance(met, bytes):
            await send_json(send, met)
        elif isinstance(met, Busy):  # said here: the long way would do the work all the same
            await from_error(Request(scope), met)(scope, receive, send)
        elif isinstance(met, FeedroomError):  # the route meets the same error and says it in a problem document
            await self._app(scope, receive, send)
        else:
            raise met

    def begun(self, scope: Scope, body: bytes | bytearray) -> asyncio.Future[Any] | None:
        """The work for a plain request whose key the process remembers, under way. Raises as the work does, and Forbidden."""
        asked = plainly_asked(self._groups, scope, body)
        if asked is None or not (secret := secret_of(scope["headers"])):
            return None
        services = self._services()
        return asked.begin(services) if remembered(services, secret, asked.needed) else None

    async def _outcome(self, scope: Scope, receive: Receive) -> tuple[bytes | FeedroomError | None, Receive]:
        """The answer, an error, or None for a request that is not plain, and how its body is read again."""
        body, again = b"", receive
        if scope["method"] == "POST":
            read = await receive()
            again = _again(read, receive)
            if read["type"] != "http.request" or read.get("more_body"):
                return None, again
            body = read.get("body", b"")
        asked = plainly_asked(self._groups, scope, body)
        if asked is None:
            return None, again
        try:
            services = await self._allowed(scope, asked)
            result = None if services is None else await asked.begin(services)
        except FeedroomError as error:
            return error, again
        return None if result is None else written(result), again

    async def _allowed(self, scope: Scope, asked: PlainRequest) -> Services | None:
        """The services, if the request's key may do this. Raises FeedroomError if it may not."""
        if not (secret := secret_of(scope["headers"])):
            return None
        services = self._services()
        if not remembered(services, secret, asked.needed):
            if (others := self._asking.get(secret)) is None:
                await self._ask(services.api_keys, secret, asked.needed)
            else:
                await others.wait()
                if not remembered(services, secret, asked.needed):
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


def _again(first: Message, receive: Receive) -> Receive:
    """Receives what was received already once more, and then what follows."""
    read = [first]

    async def again() -> Message:
        return read.pop() if read else await receive()

    return again
