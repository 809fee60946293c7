"""Answers in one write: uvicorn sends the head of an answer and its body one after the other, each of which wakes the client up.

A write to a socket goes through the whole network stack, to the client and back.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class JoinedWrites(HttpToolsProtocol):
    """uvicorn's protocol over a transport that holds what is written until the answer is complete, or the loop's next turn."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own does
        super().connection_made(Joining(transport, self.loop))

    def on_response_complete(self) -> None:
        self.transport.flush()  # type: ignore[attr-defined]  # a Joining
        super().on_response_complete()


class Joining(asyncio.Transport):
    """A transport that writes what it was given since the last flush in one go. Everything else is the other transport's."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._to, self._loop = transport, loop
        self._held: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Hold the data; it is written by the loop's next turn at the latest."""
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)

    def write_now(self, data: bytes) -> None:
        """Write what is held and the data."""
        self.flush()
        self._to.write(data)

    def flush(self) -> None:
        """Write what is held."""
        if self._held:
            held, self._held = self._held, []
            self._to.write(b"".join(held) if len(held) > 1 else held[0])

    def close(self) -> None:
        self.flush()
        self._to.close()

    def write_eof(self) -> None:
        self.flush()
        self._to.write_eof()

    def abort(self) -> None:
        self._held.clear()
        self._to.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._to.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._to.is_closing()

    def can_write_eof(self) -> bool:
        return self._to.can_write_eof()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._to.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._to.get_protocol()

    def is_reading(self) -> bool:
        return self._to.is_reading()

    def pause_reading(self) -> None:
        self._to.pause_reading()

    def resume_reading(self) -> None:
        self._to.resume_reading()

    def get_write_buffer_size(self) -> int:
        return self._to.get_write_buffer_size() + sum(map(len, self._held))

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._to.get_write_buffer_limits()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._to.set_write_buffer_limits(high, low)
