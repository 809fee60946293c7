"""An open tab whose session has ended may only run its whole page again, which then says so.

Fragments and dialogs run without the console's main script, and so without its guard: a tab left open could go on acting through
them after a sign-out elsewhere. So each message of a tab is let in as it is only while its session lives; afterwards a request
to run a fragment becomes a request to run the page.
"""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.message import DecodeError
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from core.bootstrap import Services, clock
from core.domain.errors import Unavailable


def whole_page(data: bytes) -> bytes:
    """A tab's message with a request for a fragment made one for the page; every other message as it is."""
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return data
    if not message.HasField("rerun_script") or not message.rerun_script.fragment_id:
        return data
    message.rerun_script.ClearField("fragment_id")
    return message.SerializeToString()


class OpenTabs:
    """ASGI middleware behind `Sessions`: looks at what comes in over WebSockets."""

    def __init__(self, app: ASGIApp, services: Callable[[], Services]) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        key: str = scope["state"]["session"]

        async def received() -> Message:
            message = await receive()
            data = message.get("bytes")
            if data and not await run_in_threadpool(self._lives, key):
                return {**message, "bytes": whole_page(data)}
            return message

        await self._app(scope, received, send)

    def _lives(self, key: str) -> bool:
        try:
            return self._services().accounts.resolve(key, now=clock()) is not None
        except Unavailable:
            return False
