"""Who is in which arm, for the feed and the shopping app; and what viewers have met."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from core.domain.bounded import Bounded
from core.domain.errors import ServiceError
from core.domain.events import EventKind, ViewerEvent
from core.domain.experiment import Experiment, ExperimentState
from core.domain.ids import SECOND, Millis
from core.domain.ports.event_log import NewEvent
from core.services import feed_metrics as metrics
from core.services.stores import Stores
from core.statistics.assignment import NOBODY, Assigned, Assigner, Attributes, in_holdout

SIGNAL = "experiments"
"""Bumped by every change of an experiment."""
TOPIC = "viewer-events"
HOLDOUT = 0.05
"""The share of viewers who are in no experiment at all."""


REMEMBERED = 200_000
"""Exposures this process remembers, so that a page costs no second write for them: True if it is durable, False if it was given to
the feed, which writes it soon."""


class _Active(NamedTuple):
    """The experiments that assign viewers as of a version of SIGNAL, and the mix that the holdout keeps."""

    version: int
    assigners: list[Assigner]
    kept: str


class Assignments:
    """Hashes decide, so every process gives the same answer; only the list of experiments is looked up. Thread safe.

    `version` is that of SIGNAL. A page brings the one of its read of live state, so that a change counts on the very next page;
    without one the signal is looked at once a second. If it is a newer one than that of the list held, one request reads the list,
    and those that come meanwhile go on with the last. So does everybody while a store is down: nobody changes arms because of it.
    """

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._active = _Active(-1, [], "")
        self._lock = threading.Lock()
        self._looked_at: Millis = 0
        self._retry_at: Millis = 0
        self._written: Bounded[str, bool] = Bounded(REMEMBERED)

    def active(self, *, now: Millis, version: int | None = None) -> list[Assigner]:
        """Experiments that assign viewers."""
        return self._as_of(version, now).assigners

    def kept_policy(self, viewer: str, *, now: Millis, version: int | None = None) -> str | None:
        """The mix that a viewer of the holdout keeps while a period runs; None for everybody else."""
        kept = self._as_of(version, now).kept
        return kept if kept and in_holdout(viewer, HOLDOUT) else None

    def of(
        self, viewer: str, attributes: Attributes = NOBODY, *, now: Millis, version: int | None = None
    ) -> list[tuple[Experiment, Assigned]]:
        """All arms a viewer is in now. The same in every process, as only hashes decide."""
        found = (
            (assigner.experiment, assigner(viewer, attributes)) for assigner in self.active(now=now, version=version)
        )
        return [(experiment, arm) for experiment, arm in found if arm is not None]

    def expose(self, viewer: str, found: Sequence[tuple[Experiment, Assigned]], *, segment: str, now: Millis) -> int:
        """Write down that a viewer met these arms, where they could make a difference; returns how many are new. Durable when it
        returns; the feed writes what `exposures` gives later, with its pages."""
        events = [event for event in _exposures(viewer, found, segment, now) if not self._written.get(event.id)]
        new = self._stores.log.append(TOPIC, [_logged(event) for event in events]) if events else []
        self._written.put_all(dict.fromkeys((event.id for event in events), True))
        return sum(new)

    def exposures(
        self, viewer: str, found: Sequence[tuple[Experiment, Assigned]], *, segment: str, now: Millis
    ) -> list[NewEvent]:
        """Events of TOPIC that say that a viewer met these arms, without those that this process has given before. One that the
        caller cannot write has to be given back to `forget`.

        An exposure's id is made of experiment, viewer and arm: only the first of each counts, however often it is sent.
        """
        events = [event for event in _exposures(viewer, found, segment, now) if event.id not in self._written]
        if events:
            self._written.put_all(dict.fromkeys((event.id for event in events), False))
        return [_logged(event) for event in events]

    def forget(self, event: NewEvent) -> None:
        """This exposure was not written: the next page gives it again."""
        self._written.pop(event.id, None)

    def _as_of(self, version: int | None, now: Millis) -> _Active:
        held = self._active
        if version is None:
            if now - self._looked_at < SECOND:
                return held
            version = self._looked(held.version, now)
        if version <= held.version or now < self._retry_at or not self._lock.acquire(blocking=False):
            return held
        try:
            if version > self._active.version:
                self._read(version, now)
        finally:
            self._lock.release()
        return self._active

    def _looked(self, known: int, now: Millis) -> int:
        """The signal's version; `known` if the live store is down."""
        self._looked_at = now
        try:
            return self._stores.live.signals.version(SIGNAL)
        except ServiceError:
            metrics.DEGRADED.labels("experiments").inc()
            return known

    def _read(self, version: int, now: Millis) -> None:
        try:
            found = self._stores.experiments.each({"state": {"in": [ExperimentState.RAMPING, ExperimentState.RUNNING]}})
            assigners = [Assigner(experiment, HOLDOUT) for experiment in found if experiment.live]
            period = self._stores.holdout_periods.find(descending=True, limit=1).items
            self._active = _Active(version, assigners, period[0].policy if period else "")
        except ServiceError:
            metrics.DEGRADED.labels("experiments").inc()
            self._retry_at = now + SECOND


def _exposures(
    viewer: str, found: Sequence[tuple[Experiment, Assigned]], segment: str, now: Millis
) -> list[ViewerEvent]:
    return [
        ViewerEvent(
            id=f"x:{_short(experiment.id, viewer, assigned.name)}",
            kind=EventKind.EXPOSURE,
            viewer=viewer,
            at=now,
            experiment=experiment.id,
            arm=assigned.name,
            text=segment,
        )
        for experiment, assigned in found
        if assigned.counted
    ]


def _logged(event: ViewerEvent) -> NewEvent:
    return NewEvent(event.id, event.viewer, msgspec.json.encode(event))


def _short(*parts: str) -> str:
    """An id that is the same for the same parts."""
    return blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()
