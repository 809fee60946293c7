"""Viewer states on Redis or Valkey: a hash per viewer, read with what every page needs besides, written by compare-and-set."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import msgspec

from core.adapters.redis_link import PREFIX, Link
from core.adapters.redis_signals import version_key
from core.adapters.redis_wire import packed
from core.domain.ports.live import SERVING_TOPICS, LiveRead
from core.domain.viewer import ViewerState

MOST_KEPT = 4 * 1024 * 1024
"""Bytes of stored states whose decoded form is kept; that takes some four times as much."""

_WRITE = """
if (redis.call('HGET', KEYS[1], 'v') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 's', ARGV[3])
return 1
"""
_VERSIONS = packed("MGET", *map(version_key, SERVING_TOPICS))
_decoder = msgspec.msgpack.Decoder(ViewerState)
_encoder = msgspec.msgpack.Encoder()


class Top(Protocol):
    """The highest trending posts as commands: what the read of a viewer asks besides."""

    def question(self, count: int) -> bytes:
        """Two packed commands."""

    def answer(self, pairs: list[bytes], clock: list[bytes | None]) -> Mapping[str, float]:
        """What their two answers mean."""


class RedisViewerStates:
    """A hash per viewer: {v: version, s: the state as one MessagePack value}."""

    def __init__(self, link: Link, trending: Top) -> None:
        self._link, self._trending = link, trending
        self._write = link.script(_WRITE)
        self._versions: tuple[list[bytes | None], dict[str, int]] = ([], {})
        self._kept = _Kept(MOST_KEPT)

    def read(self, viewer: str, *, trending: int = 200) -> LiveRead:
        asked = packed("HMGET", _key(viewer), "v", "s") + _VERSIONS
        scores: Mapping[str, float] = {}
        if trending > 0:
            (version, blob), found, *top = self._link.ask(asked + self._trending.question(trending), 4)
            scores = self._trending.answer(*top)
        else:
            (version, blob), found = self._link.ask(asked, 2)
        held, versions = self._versions
        if found != held:
            versions = {topic: int(one or 0) for topic, one in zip(SERVING_TOPICS, found, strict=True)}
            self._versions = found, versions
        return LiveRead(self._state(viewer, int(version or 0), blob), scores, versions)

    def write(self, state: ViewerState, *, expected_version: int) -> bool:
        after = replace(state, version=expected_version + 1)
        blob = _encoder.encode(after)
        if not self._write([_key(state.viewer)], [expected_version, after.version, blob]):
            return False
        self._kept.put(state.viewer, blob, after)
        return True

    def forget(self, viewer: str) -> None:
        self._link.call(lambda client: client.delete(_key(viewer)))

    def _state(self, viewer: str, version: int, blob: bytes | None) -> ViewerState:
        """The state held; one that cannot be read any more starts afresh under its version, since the log can rebuild it."""
        if blob is None:
            return ViewerState(viewer=viewer, version=version)
        state = self._kept.get(viewer, blob)
        if state is None:
            try:
                state = _decoder.decode(blob)
            except msgspec.DecodeError:
                return ViewerState(viewer=viewer, version=version)
            self._kept.put(viewer, blob, state)
        return state if state.version == version else replace(state, version=version)


class _Kept:
    """Decoded states by their stored bytes, the latest: most reads of a viewer follow a read or a write of the same process.

    Nothing is taken for fresh that is not: the bytes are read each time, only making a state of the same bytes again is spared.
    Thread safe.
    """

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._held: dict[str, tuple[bytes, ViewerState]] = {}
        self._lock = threading.Lock()

    def get(self, viewer: str, blob: bytes) -> ViewerState | None:
        """The state that these bytes are, if it is kept."""
        held = self._held.get(viewer)
        return held[1] if held is not None and held[0] == blob else None

    def put(self, viewer: str, blob: bytes, state: ViewerState) -> None:
        """Keep a state; those kept longest make room."""
        if 4 * len(blob) > self._most:
            return
        with self._lock:
            self._drop(viewer)
            self._held[viewer] = blob, state
            self._bytes += len(blob)
            while self._bytes > self._most:
                self._drop(next(iter(self._held)))

    def _drop(self, viewer: str) -> None:
        if (held := self._held.pop(viewer, None)) is not None:
            self._bytes -= len(held[0])


def _key(viewer: str) -> str:
    return f"{PREFIX}viewer:{viewer}"
