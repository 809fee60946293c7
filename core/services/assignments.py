"""Who is in which arm, for the feed and the shopping app; and what viewers have met."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

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
"""Exposures this process remembers having written, so that a page costs no second write for them."""


class Assignments:
    """Hashes decide, so every process gives the same answer; only the list of experiments is looked up."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._cache: tuple[int, Millis, list[Assigner]] = (-1, 0, [])
        self._kept = ""
        self._written: set[str] = set()

    def active(self, *, now: Millis) -> list[Assigner]:
        """Experiments that assign viewers, from a cache that a signal renews (looked at once a second)."""
        version, at, held = self._cache
        if now - at >= SECOND:
            self._cache = (version, now, held)  # one request looks, the others go on
            try:
                current = self._stores.live.signals.version(SIGNAL)
                if current != version:
                    states = [ExperimentState.RAMPING, ExperimentState.RUNNING]
                    found = self._stores.experiments.each({"state": {"in": states}})
                    held = [Assigner(experiment, HOLDOUT) for experiment in found if experiment.live]
                    period = self._stores.holdout_periods.find(descending=True, limit=1).items
                    self._kept = period[0].policy if period else ""
                    version = current
            except ServiceError:
                # The last known ones stay: nobody changes arms because a store is down.
                metrics.DEGRADED.labels("experiments").inc()
            self._cache = (version, now, held)
        return held

    def kept_policy(self, viewer: str, *, now: Millis) -> str | None:
        """The mix that a viewer of the holdout keeps while a period runs; None for everybody else."""
        self.active(now=now)
        return self._kept if self._kept and in_holdout(viewer, HOLDOUT) else None

    def of(self, viewer: str, attributes: Attributes = NOBODY, *, now: Millis) -> list[tuple[Experiment, Assigned]]:
        """All arms a viewer is in now. The same in every process, as only hashes decide."""
        found = ((assigner.experiment, assigner(viewer, attributes)) for assigner in self.active(now=now))
        return [(experiment, arm) for experiment, arm in found if arm is not None]

    def expose(self, viewer: str, found: Sequence[tuple[Experiment, Assigned]], *, segment: str, now: Millis) -> int:
        """Write down that a viewer met these arms, where they could make a difference; returns how many are new. Durable when it
        returns; the feed writes what `exposures` gives later, with its pages."""
        events = self.exposures(viewer, found, segment=segment, now=now)
        try:
            return sum(self._stores.log.append(TOPIC, events)) if events else 0
        except ServiceError:
            self._written.difference_update(event.id for event in events)
            raise

    def exposures(
        self, viewer: str, found: Sequence[tuple[Experiment, Assigned]], *, segment: str, now: Millis
    ) -> list[NewEvent]:
        """Events of TOPIC that say that a viewer met these arms, without those that this process has given before.

        An exposure's id is made of experiment, viewer and arm: only the first of each counts, however often it is sent.
        """
        events = [
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
        events = [event for event in events if event.id not in self._written]
        if events and len(self._written) > REMEMBERED:
            self._written.clear()
        self._written.update(event.id for event in events)
        return [NewEvent(event.id, event.viewer, msgspec.json.encode(event)) for event in events]


def _short(*parts: str) -> str:
    """An id that is the same for the same parts."""
    return blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()
