"""The stored form of a viewer's state: in parts, so that a write sends what it changes; and decoded states that are kept."""

from __future__ import annotations

import threading
from math import isqrt
from operator import attrgetter
from os import urandom
from typing import Any

import msgspec
from msgspec.structs import replace

from core.domain.events import event_mark
from core.domain.ids import Millis
from core.domain.viewer import FeedSession, Interaction, ViewerState

APART = 100
"""Posts seen that are written with every page at most; of more, the older ones are stored apart."""
PER_PAGE = 20
"""Posts of a usual page: of n posts seen √(PER_PAGE · n) come before they join the older ones. More would make every page's write
longer, fewer would write the older ones more often."""


class _Served(msgspec.Struct, frozen=True, gc=False):
    """What a page changes, and events hardly ever."""

    seen: tuple[str, ...] = ()
    kinds_served: dict[str, int] = msgspec.field(default_factory=dict)
    session: FeedSession = msgspec.field(default_factory=FeedSession)


class _Done(msgspec.Struct, frozen=True, gc=False):
    """What events change, and pages never."""

    recent: tuple[Interaction, ...] = ()
    tags: dict[str, float] = msgspec.field(default_factory=dict)
    publishers: dict[str, float] = msgspec.field(default_factory=dict)
    follows: tuple[str, ...] = ()
    liked: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    applied: bytes = b""
    decided: dict[str, Millis] = msgspec.field(default_factory=dict)
    updated_at: Millis = 0


_served_of = attrgetter(*_Served.__struct_fields__)
_done_of = attrgetter(*_Done.__struct_fields__)
_encode = msgspec.msgpack.Encoder().encode
_served, _done = msgspec.msgpack.Decoder(_Served), msgspec.msgpack.Decoder(_Done)
_ids = msgspec.msgpack.Decoder(tuple[str, ...])


class Stored(msgspec.Struct, frozen=True, eq=False):
    """A state with its `mark`, which no other state ever has, and how it is stored: in so many bytes, of the posts seen the
    `older` ones apart but for the first `skip`, under the `token`.
    """

    state: ViewerState
    mark: bytes
    served: int
    done: int
    skip: int = 0
    token: bytes = b""
    older: tuple[str, ...] = ()
    older_bytes: int = 0

    @property
    def size(self) -> int:
        """Bytes."""
        return self.served + self.done + self.older_bytes

    def start_in(self, seen: tuple[str, ...]) -> int | None:
        """How many of `older` to skip so that `seen` goes on from there; None if it does not, or if too many came since."""
        try:
            skip = self.older.index(seen[0], self.skip)
        except ValueError:
            return None
        held = len(self.older) - skip
        return skip if len(seen) - held <= _most_beside(len(seen)) and seen[:held] == self.older[skip:] else None


def new_mark(version: int) -> bytes:
    """The version, and 48 bits by lot, so that a version that comes again, as after a loss, is not taken for the same state."""
    return b"%d.%s" % (version, urandom(6).hex().encode())


def version_in(mark: bytes | None) -> int:
    """The version that a mark tells; 0 without one. Earlier versions stored the number alone."""
    return int(mark.partition(b".")[0]) if mark else 0


def to_store(state: ViewerState, held: Stored | None) -> tuple[Stored, list[bytes | int | str]]:
    """The state in its stored form, and the names and values to write: only of what differs from `held`, if that is given."""
    mark = new_mark(state.version)
    fields: list[bytes | int | str] = ["v", mark]
    own, done = _done_of(state), 0 if held is None else held.done
    if held is None or _done_of(held.state) != own:
        blob = _encode(_Done(*own))
        done = len(blob)
        fields += "a", blob
    if held is not None and _served_of(held.state) == _served_of(state):
        return Stored(state, mark, held.served, done, held.skip, held.token, held.older, held.older_bytes), fields
    seen, skip = state.seen, None
    if held is not None and held.older:
        skip = held.start_in(seen)
    if held is not None and skip is not None:
        blob = _encode(_Served(seen[len(held.older) - skip :], state.kinds_served, state.session))
        fields += "s", blob, "k", skip
        return Stored(state, mark, len(blob), done, skip, held.token, held.older, held.older_bytes), fields
    if len(seen) <= APART:
        blob = _encode(_Served(*_served_of(state)))
        fields += "s", blob, "k", 0, "g", "", "o", ""
        return Stored(state, mark, len(blob), done), fields if held is None or held.older else fields[:-6]
    blob, older = _encode(_Served((), state.kinds_served, state.session)), _encode(seen)
    fields += "s", blob, "k", 0, "g", mark, "o", older
    return Stored(state, mark, len(blob), done, 0, mark, seen, len(older)), fields


def _most_beside(seen: int) -> int:
    """How many posts may stand beside the older ones."""
    return max(APART, isqrt(PER_PAGE * seen))


def decoded(
    viewer: str,
    mark: bytes,
    served: bytes,
    done: bytes | None,
    skip: bytes | None,
    token: bytes | None,
    older: bytes | None,
    kept: Stored | None,
) -> Stored:
    """What is stored, read; `kept` may hold the older posts seen. Raises msgspec.DecodeError."""
    before = kept.older if kept is not None and token and kept.token == token else _ids.decode(older) if older else ()
    first = int(skip or 0)
    if done is None:
        state = _whole(served)
        state = replace(state, viewer=viewer, version=version_in(mark), seen=before[first:] + state.seen)
        return Stored(state, b"", len(served), 0)
    page, acts = _served.decode(served), _done.decode(done)
    state = ViewerState(
        viewer=viewer, version=version_in(mark), seen=before[first:] + page.seen if before else page.seen,
        kinds_served=page.kinds_served, session=page.session, recent=acts.recent, tags=acts.tags,
        publishers=acts.publishers, follows=acts.follows, liked=acts.liked, hidden=acts.hidden, applied=acts.applied,
        decided=acts.decided, updated_at=acts.updated_at,
    )  # fmt: skip
    return Stored(state, mark, len(served), len(done), first, token or b"", before, len(older or b""))


def _whole(blob: bytes) -> ViewerState:
    """A state as earlier versions stored it: whole, events remembered by numbers or by ids, and for a while each recent act with
    names of its fields. Raises DecodeError."""
    raw, names = msgspec.msgpack.decode(blob, type=dict[str, Any]), Interaction.__struct_fields__
    acts = msgspec.convert(raw.get("recent", ()), list[dict[str, Any] | list[Any]])
    applied = msgspec.convert(raw.get("applied", ()), list[str | int])
    marks = [event_mark(one) if isinstance(one, str) else one.to_bytes(8) for one in applied]
    changed = {
        "recent": [[act.get(name) for name in names] if isinstance(act, dict) else act for act in acts],
        "applied": b"".join(marks),
    }
    return msgspec.convert({**raw, **changed}, ViewerState)


class Kept:
    """Decoded states, the latest: most reads of a viewer follow a read or a write of the same process.

    Nothing is taken for fresh that is not: the mark is read each time, only making the same state again is spared. Thread safe.
    """

    def __init__(self, most: int) -> None:
        """`most` bytes of stored states."""
        self._most, self._bytes = most, 0
        self._held: dict[str, Stored] = {}
        self._lock = threading.Lock()

    def of(self, viewer: str) -> Stored | None:
        """What was kept last of a viewer."""
        return self._held.get(viewer)

    def drop(self, viewer: str) -> None:
        """Keep nothing of a viewer."""
        with self._lock:
            self._drop(viewer)

    def put(self, stored: Stored) -> None:
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
