"""A browser tab of the console without the browser: it speaks Streamlit's own WebSocket messages.

What is measured is what the person waits for on the server's side: from the message that asks for a run to the message that
the script has finished, with all that was drawn in between received. Painting it is left to the browser and not counted.
"""

from __future__ import annotations

import time
from types import TracebackType

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest message that a page may send."""


class PageFailed(Exception):
    """The page drew an exception instead of itself; numbers of such a run would be worth nothing."""


class Tab:
    """One tab with a session cookie, used as `async with Tab(url, cookie) as tab`."""

    def __init__(self, url: str, cookie: str) -> None:
        self._address = url.replace("http://", "ws://") + "/_stcore/stream"
        self._origin = url
        self._cookie = cookie
        self._connection: ClientConnection | None = None
        self._page = ""
        self._query = ""
        self.received = 0
        """Bytes received in the latest run."""

    async def __aenter__(self) -> Tab:
        self._connection = await connect(
            self._address,
            additional_headers={"Cookie": self._cookie, "Origin": self._origin},
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=LARGEST,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def open(self, page: str, query: str = "") -> float:
        """Load a page by its address; seconds until it was drawn. Raises PageFailed."""
        self._page, self._query = page, query
        return await self.rerun()

    async def rerun(self) -> float:
        """Run the page as after a click; seconds until it was drawn. Raises PageFailed."""
        assert self._connection is not None
        state = ClientState(page_name=self._page, query_string=self._query)
        started = time.perf_counter()
        await self._connection.send(BackMsg(rerun_script=state).SerializeToString())
        self.received = 0
        while True:
            data = await self._connection.recv(decode=False)
            self.received += len(data)
            message = ForwardMsg.FromString(data)
            if message.WhichOneof("type") == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
                raise PageFailed(f"{self._page}: {message.delta.new_element.exception.message[:300]}")
            if message.WhichOneof("type") != "script_finished":
                continue
            if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return time.perf_counter() - started
