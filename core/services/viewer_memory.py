"""Reading and writing a viewer's live state, with a memory for the time that the live store is down."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from core.domain.bounded import Bounded
from core.domain.errors import ServiceError
from core.domain.mix import MAX_GAP
from core.domain.ports.live import Live, LiveRead
from core.domain.viewer import ViewerState
from core.services import feed_metrics as metrics

TRENDING = 100
TRENDING_FOR = 1.0
"""Seconds in which the trending posts are not asked for again: a hundred scores are half the work of a read."""
REMEMBERED = 10_000
"""Viewers whose states wait for the store; whoever was served longest ago makes room."""


class ViewerMemory:
    """The live store's viewers. While it is down, this process goes on with what it has served since. Never raises.

    What trends may be TRENDING_FOR seconds old, and is the same object until it changes; all else is read each time.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._orphans: Bounded[str, ViewerState] = Bounded(REMEMBERED)
        self._trending: Mapping[str, float] = {}
        self._trending_until = 0.0

    def read(self, viewer: str) -> LiveRead:
        """One round trip; an unknown viewer's state is fresh."""
        return self.read_all((viewer,))[0]

    def read_all(self, viewers: Sequence[str]) -> list[LiveRead]:
        """The same for several viewers, in one round trip."""
        try:
            known = time.monotonic() < self._trending_until
            reads = self._live.viewers.read_all(viewers, trending=0 if known else TRENDING)
        except ServiceError:
            metrics.DEGRADED.labels("live state").inc(len(viewers))
            return [LiveRead(self._orphans.get(viewer) or ViewerState(viewer=viewer), {}, {}) for viewer in viewers]
        if not known:
            self._keep_trending(reads[0].trending)
        return [
            LiveRead(self._with_orphan(read.viewer) if self._orphans else read.viewer, self._trending, read.versions)
            for read in reads
        ]

    def write_all(self, states: Sequence[tuple[ViewerState, int]]) -> list[bool]:
        """Each state over its expected version, in one round trip; False for one where somebody else was quicker."""
        try:
            written = self._live.viewers.write_many(states)
        except ServiceError:
            for state, _ in states:
                self._orphans.pop(state.viewer, None)  # to be the newest
            self._orphans.put_all({state.viewer: replace(state, version=expected) for state, expected in states})
            return [True] * len(states)
        for (state, _), done in zip(states, written, strict=True):
            if done and self._orphans:
                self._orphans.pop(state.viewer, None)
        return written

    def _keep_trending(self, read: Mapping[str, float]) -> None:
        if read != self._trending:
            self._trending = read
        self._trending_until = time.monotonic() + TRENDING_FOR

    def _with_orphan(self, state: ViewerState) -> ViewerState:
        orphan = self._orphans.get(state.viewer)
        return state if orphan is None else joined(state, orphan)


def joined(state: ViewerState, orphan: ViewerState) -> ViewerState:
    """The stored state with what was served while it could not be stored: nothing comes again because of it.

    `orphan` followed the stored state of its version, or no state at all (version 0) if that could not be read; what others have
    stored since stays.
    """
    if orphan.version == state.version:
        return orphan
    known = set(state.seen)
    unstored = [post for post in orphan.seen if post not in known]
    if not unstored:  # it was stored after all, though nobody said so
        return state
    alone = orphan.version == 0
    session = orphan.session if orphan.session.last_at >= state.session.last_at else state.session
    if alone and orphan.session.id == state.session.id:
        session = replace(
            session,
            started_at=state.session.started_at,
            kinds=_added(state.session.kinds, orphan.session.kinds),
            last=(*state.session.last, *orphan.session.last)[-MAX_GAP:],
        )
    counts = _added if alone else _highest
    kinds = counts(state.kinds_served, orphan.kinds_served)
    return replace(state, seen=(*state.seen, *unstored), kinds_served=kinds, session=session)


def _added(held: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(held) + Counter(more))


def _highest(held: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(held) | Counter(more))
