"""Viewer states on Redis or Valkey: a hash per viewer, read with what every page needs besides, written by compare-and-set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from core.adapters.redis_link import PREFIX, Call, Link
from core.adapters.redis_signals import version_key
from core.adapters.redis_wire import packed
from core.adapters.stored_viewers import Kept, Stored, decoded, to_store, version_in
from core.domain.ports.live import SERVING_TOPICS, LiveRead
from core.domain.viewer import ViewerState

MOST_KEPT = 32 * 1024 * 1024
"""Bytes of stored states whose decoded form is kept; that takes some four times as much."""

SURE, LOOKS = 0.9, 50
"""While this part of the last LOOKS or so at kept states found them true, as where a viewer's requests come to the same process,
only their marks are read."""

# Arguments: the state expected, by its mark or, if that is not known, by its version; which of the two; then names and values.
_WRITE = """
local held = redis.call('HGET', KEYS[1], 'v') or '0'
if held ~= ARGV[1] and (ARGV[2] == 'mark' or string.match(held, '^%d+') ~= ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
return 1
"""
_FIELDS = ("v", "s", "a", "k", "g", "o")
_VERSIONS = packed("MGET", *map(version_key, SERVING_TOPICS))


class Top(Protocol):
    """The highest trending posts as commands: what the read of a viewer asks besides."""

    def question(self, count: int) -> bytes:
        """Two packed commands."""

    def answer(self, pairs: list[bytes], clock: list[bytes | None]) -> Mapping[str, float]:
        """What their two answers mean."""


class RedisViewerStates:
    """A hash per viewer: {v: the state's mark, s: what was served, a: what the viewer did}, in MessagePack. A write sends what it
    changes.

    Whoever has seen hundreds of posts has most of them in `o`, written once in many pages and told by the token `g`; the first `k`
    of these are forgotten. So a write is as small as for a new viewer, and all are read at once.
    """

    def __init__(self, link: Link, trending: Top) -> None:
        self._link, self._trending = link, trending
        self._write = link.script(_WRITE)
        self._versions: tuple[list[bytes | None], dict[str, int]] = ([], {})
        self._kept = Kept(MOST_KEPT)
        self._true = 1.0

    def read(self, viewer: str, *, trending: int = 200) -> LiveRead:
        return self.read_all((viewer,), trending=trending)[0]

    def read_all(self, viewers: Sequence[str], *, trending: int = 200) -> list[LiveRead]:
        scores: Mapping[str, float] = {}
        if trending > 0:
            states, (found, pairs, clock) = self._asked(viewers, _VERSIONS + self._trending.question(trending), 3)
            scores = self._trending.answer(pairs, clock)
        else:
            states, (found,) = self._asked(viewers, _VERSIONS, 1)
        held, versions = self._versions
        if found != held:
            versions = {topic: int(one or 0) for topic, one in zip(SERVING_TOPICS, found, strict=True)}
            self._versions = found, versions
        return [LiveRead(state, scores, versions) for state in states]

    def write(self, state: ViewerState, *, expected_version: int) -> bool:
        return self.write_many(((state, expected_version),))[0]

    def read_many(self, viewers: Sequence[str]) -> list[ViewerState]:
        return self._asked(viewers)[0] if viewers else []

    def recall_many(self, viewers: Sequence[str]) -> list[ViewerState] | None:
        if self._true < SURE:
            return None
        kept = [self._kept.of(viewer) for viewer in viewers]
        states = [one.state for one in kept if one is not None and one.mark]
        return states if len(states) == len(viewers) else None

    def write_many(self, states: Sequence[tuple[ViewerState, int]]) -> list[bool]:
        calls: list[Call] = []
        all_stored: list[Stored] = []
        for state, expected in states:
            held = self._kept.of(state.viewer)
            if held is not None and (held.state.version != expected or not held.mark):
                held = None
            stored, fields = to_store(replace(state, version=expected + 1), held)
            all_stored.append(stored)
            by = (expected, "version") if held is None else (held.mark, "mark")
            calls.append(([_key(state.viewer)], [*by, *fields]))
        written = [bool(answer) for answer in self._write.many(calls)] if calls else []
        for stored, done in zip(all_stored, written, strict=True):
            if done:
                self._kept.put(stored)
        return written

    def forget(self, viewer: str) -> None:
        self._link.call(lambda client: client.delete(_key(viewer)))

    def _asked(
        self, viewers: Sequence[str], more: bytes = b"", answers: int = 0
    ) -> tuple[list[ViewerState], list[Any]]:
        """Everybody's state, and the `answers` to `more` commands, in one round trip; in two if kept states have become untrue."""
        kept = [self._kept.of(viewer) for viewer in viewers]
        short = [one is not None and bool(one.mark) and self._true >= SURE for one in kept]
        asked = [
            packed("HGET", _key(viewer), "v") if brief else packed("HMGET", _key(viewer), *_FIELDS)
            for viewer, brief in zip(viewers, short, strict=True)
        ]
        found = self._link.ask(b"".join(asked) + more, len(viewers) + answers)
        states: list[ViewerState | None] = []
        for viewer, one, brief, own in zip(viewers, kept, short, found[: len(viewers)], strict=True):
            if one is not None:
                self._true += ((one.mark == (own if brief else own[0])) - self._true) / LOOKS
            states.append(self._state(viewer, *own) if not brief else one.state if one and one.mark == own else None)
        if missing := [viewer for viewer, state in zip(viewers, states, strict=True) if state is None]:
            whole = self._link.ask(
                b"".join([packed("HMGET", _key(viewer), *_FIELDS) for viewer in missing]), len(missing)
            )
            late = iter([self._state(viewer, *own) for viewer, own in zip(missing, whole, strict=True)])
            return [next(late) if state is None else state for state in states], found[len(viewers) :]
        return [state for state in states if state is not None], found[len(viewers) :]

    def _state(
        self,
        viewer: str,
        mark: bytes | None,
        served: bytes | None,
        done: bytes | None,
        skip: bytes | None,
        token: bytes | None,
        older: bytes | None,
    ) -> ViewerState:
        """The state held; one that cannot be read any more starts afresh under its version, since the log can rebuild it."""
        kept = self._kept.of(viewer)
        if kept is not None and kept.mark == mark:
            return kept.state
        if mark is not None and served is not None:
            with suppress(msgspec.DecodeError):
                kept = decoded(viewer, mark, served, done, skip, token, older, kept)
                self._kept.put(kept)
                return kept.state
        if kept is not None:
            self._kept.drop(viewer)
        return ViewerState(viewer=viewer, version=version_in(mark))


def _key(viewer: str) -> str:
    return f"{PREFIX}viewer:{viewer}"
