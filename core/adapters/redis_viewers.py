"""Viewer states on Redis or Valkey: a hash per viewer, read with what every page needs besides, written by compare-and-set."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from core.adapters.redis_link import PREFIX, Call, Link
from core.adapters.redis_signals import version_key
from core.adapters.redis_wire import packed
from core.domain.events import event_mark
from core.domain.ports.live import SERVING_TOPICS, LiveRead
from core.domain.viewer import Interaction, ViewerState

MOST_KEPT = 16 * 1024 * 1024
"""Bytes of stored states whose decoded form is kept; that takes some four times as much."""

APART = 1_000
"""Posts seen that are written with the state at most; of more, all but the latest are stored apart."""
LATEST = 250

# With 3 arguments the state is whole, with 5 the older posts seen are those that are there, with 6 they come along.
_WRITE = """
local key, count = KEYS[1], #ARGV
if (redis.call('HGET', key, 'v') or '0') ~= ARGV[1] then return 0 end
if count == 3 then
  redis.call('HDEL', key, 'o', 'g', 'k')
  redis.call('HSET', key, 'v', ARGV[2], 's', ARGV[3])
elseif count == 5 then
  if redis.call('HGET', key, 'g') ~= ARGV[5] then return 0 end
  redis.call('HSET', key, 'v', ARGV[2], 's', ARGV[3], 'k', ARGV[4])
else
  redis.call('HSET', key, 'v', ARGV[2], 's', ARGV[3], 'k', ARGV[4], 'g', ARGV[5], 'o', ARGV[6])
end
return 1
"""
_FIELDS = ("v", "s", "k", "g", "o")
_VERSIONS = packed("MGET", *map(version_key, SERVING_TOPICS))
_decoder = msgspec.msgpack.Decoder(ViewerState)
_ids = msgspec.msgpack.Decoder(tuple[str, ...])
_encoder = msgspec.msgpack.Encoder()


class _Stored(msgspec.Struct, frozen=True, eq=False):
    """A state with the bytes that it is stored as; `older` are the posts seen that are stored apart, without the first `skip`."""

    state: ViewerState
    blob: bytes
    skip: int = 0
    token: str = ""
    older: tuple[str, ...] = ()
    older_blob: bytes = b""

    @property
    def size(self) -> int:
        return len(self.blob) + len(self.older_blob)

    def is_of(self, blob: bytes, skip: int, older_blob: bytes) -> bool:
        """Whether these bytes mean this state."""
        return self.blob == blob and self.skip == skip and self.older_blob == older_blob

    def start_in(self, seen: tuple[str, ...], version: int) -> int | None:
        """How many of `older` to skip so that `seen` goes on from there; None if it does not, or if too many came since."""
        if not self.older or self.state.version != version:
            return None
        try:
            skip = self.older.index(seen[0], self.skip)
        except ValueError:
            return None
        held = len(self.older) - skip
        return skip if len(seen) - held <= APART and seen[:held] == self.older[skip:] else None


class Top(Protocol):
    """The highest trending posts as commands: what the read of a viewer asks besides."""

    def question(self, count: int) -> bytes:
        """Two packed commands."""

    def answer(self, pairs: list[bytes], clock: list[bytes | None]) -> Mapping[str, float]:
        """What their two answers mean."""


class RedisViewerStates:
    """A hash per viewer: {v: version, s: the state as one MessagePack value}.

    Whoever has seen thousands of posts has most of them in `o`, written once in hundreds of posts and told by the token `g`; the
    first `k` of these are forgotten. So a write is as small as for a new viewer, and all are read at once.
    """

    def __init__(self, link: Link, trending: Top) -> None:
        self._link, self._trending = link, trending
        self._write = link.script(_WRITE)
        self._versions: tuple[list[bytes | None], dict[str, int]] = ([], {})
        self._kept = _Kept(MOST_KEPT)

    def read(self, viewer: str, *, trending: int = 200) -> LiveRead:
        return self.read_all((viewer,), trending=trending)[0]

    def read_all(self, viewers: Sequence[str], *, trending: int = 200) -> list[LiveRead]:
        count = len(viewers)
        asked = [packed("HMGET", _key(viewer), *_FIELDS) for viewer in viewers] + [_VERSIONS]
        scores: Mapping[str, float] = {}
        if trending > 0:
            *states, found, pairs, clock = self._link.ask(
                b"".join(asked) + self._trending.question(trending), count + 3
            )
            scores = self._trending.answer(pairs, clock)
        else:
            *states, found = self._link.ask(b"".join(asked), count + 1)
        held, versions = self._versions
        if found != held:
            versions = {topic: int(one or 0) for topic, one in zip(SERVING_TOPICS, found, strict=True)}
            self._versions = found, versions
        return [
            LiveRead(self._state(viewer, *own), scores, versions) for viewer, own in zip(viewers, states, strict=True)
        ]

    def write(self, state: ViewerState, *, expected_version: int) -> bool:
        stored, arguments = self._to_store(replace(state, version=expected_version + 1), expected_version)
        if not self._write([_key(state.viewer)], [expected_version, stored.state.version, stored.blob, *arguments]):
            return False
        self._kept.put(stored)
        return True

    def read_many(self, viewers: Sequence[str]) -> list[ViewerState]:
        asked = b"".join([packed("HMGET", _key(viewer), *_FIELDS) for viewer in viewers])
        found = self._link.ask(asked, len(viewers)) if viewers else []
        return [self._state(viewer, *own) for viewer, own in zip(viewers, found, strict=True)]

    def write_many(self, states: Sequence[tuple[ViewerState, int]]) -> list[bool]:
        calls: list[Call] = []
        all_stored: list[_Stored] = []
        for state, expected in states:
            stored, arguments = self._to_store(replace(state, version=expected + 1), expected)
            all_stored.append(stored)
            calls.append(([_key(state.viewer)], [expected, stored.state.version, stored.blob, *arguments]))
        written = [bool(answer) for answer in self._write.many(calls)] if calls else []
        for stored, done in zip(all_stored, written, strict=True):
            if done:
                self._kept.put(stored)
        return written

    def forget(self, viewer: str) -> None:
        self._link.call(lambda client: client.delete(_key(viewer)))

    def _to_store(self, state: ViewerState, expected: int) -> tuple[_Stored, tuple[str | bytes | int, ...]]:
        """The state in its stored form, and the script's arguments about posts seen that are stored apart."""
        seen = state.seen
        if len(seen) <= APART:
            return _Stored(state, _encoder.encode(state)), ()
        kept = self._kept.of(state.viewer)
        skip = None if kept is None else kept.start_in(seen, expected)
        if kept is not None and skip is not None:
            blob = _encoder.encode(replace(state, seen=seen[len(kept.older) - skip :]))
            return _Stored(state, blob, skip, kept.token, kept.older, kept.older_blob), (skip, kept.token)
        token, older = f"{state.version}-{secrets.token_hex(4)}", seen[:-LATEST]
        blob, older_blob = _encoder.encode(replace(state, seen=seen[-LATEST:])), _encoder.encode(older)
        return _Stored(state, blob, 0, token, older, older_blob), (0, token, older_blob)

    def _state(
        self,
        viewer: str,
        version: bytes | None,
        blob: bytes | None,
        skip: bytes | None,
        token: bytes | None,
        older_blob: bytes | None,
    ) -> ViewerState:
        """The state held; one that cannot be read any more starts afresh under its version, since the log can rebuild it."""
        held = int(version or 0)
        if blob is None:
            return ViewerState(viewer=viewer, version=held)
        stored = self._kept.of(viewer)
        if stored is None or not stored.is_of(blob, int(skip or 0), older_blob or b""):
            try:
                stored = _decoded(blob, int(skip or 0), (token or b"").decode(), older_blob or b"", stored)
            except msgspec.DecodeError:
                return ViewerState(viewer=viewer, version=held)
            self._kept.put(stored)
        state = stored.state
        return state if state.version == held else replace(state, version=held)


def _decoded(blob: bytes, skip: int, token: str, older_blob: bytes, kept: _Stored | None) -> _Stored:
    """What is stored, read. Raises msgspec.DecodeError."""
    try:
        state = _decoder.decode(blob)
    except msgspec.ValidationError:
        state = _of_before(blob)
    if not older_blob:
        return _Stored(state, blob)
    older = kept.older if kept is not None and kept.older_blob == older_blob else _ids.decode(older_blob)
    return _Stored(replace(state, seen=older[skip:] + state.seen), blob, skip, token, older, older_blob)


def _of_before(blob: bytes) -> ViewerState:
    """A state as it was stored when each recent act named its fields, and events were remembered by id. Raises DecodeError."""
    raw, names = msgspec.msgpack.decode(blob, type=dict[str, Any]), Interaction.__struct_fields__
    acts = msgspec.convert(raw.get("recent", ()), list[dict[str, Any]])
    applied = msgspec.convert(raw.get("applied", ()), list[str])
    changed = {"recent": [[act.get(name) for name in names] for act in acts], "applied": list(map(event_mark, applied))}
    return msgspec.convert({**raw, **changed}, ViewerState)


class _Kept:
    """Decoded states by their stored bytes, the latest: most reads of a viewer follow a read or a write of the same process.

    Nothing is taken for fresh that is not: the bytes are read each time, only making a state of the same bytes again is spared.
    Thread safe.
    """

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._held: dict[str, _Stored] = {}
        self._lock = threading.Lock()

    def of(self, viewer: str) -> _Stored | None:
        """What was kept last of a viewer."""
        return self._held.get(viewer)

    def put(self, stored: _Stored) -> None:
        """Keep a state; those kept longest make room."""
        viewer = stored.state.viewer
        if 4 * stored.size > self._most:
            return
        with self._lock:
            self._drop(viewer)
            self._held[viewer] = stored
            self._bytes += stored.size
            while self._bytes > self._most:
                self._drop(next(iter(self._held)))

    def _drop(self, viewer: str) -> None:
        if (held := self._held.pop(viewer, None)) is not None:
            self._bytes -= held.size


def _key(viewer: str) -> str:
    return f"{PREFIX}viewer:{viewer}"
