"""Experiment metrics from real events: the log in, day sums out, rebuilt from the log to the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import msgspec

from core.domain.errors import InvalidInput
from core.domain.events import ViewerEvent
from core.domain.experiment import Experiment
from core.domain.experiment_data import DaySums, ViewerTotals
from core.domain.ids import Millis
from core.domain.ports.event_log import Record
from core.services.counted import keep
from core.services.stores import Stores
from core.statistics.accumulate import CellKey, Change, accumulate
from core.statistics.moments import Moments
from core.statistics.totals import Sums

TOPIC = "viewer-events"
GROUP = "experiments"
BATCH = 2_000
_decoder = msgspec.json.Decoder(ViewerEvent)


class ExperimentMetrics:
    """Consumes viewer events and keeps, per experiment × phase × arm × segment × day, sums that merge.

    Every document remembers the offset it has counted up to, and sums are stored before viewers, viewers before the commit:
    whatever a crash interrupts is counted again and changes nothing twice. A document is only replaced by one that has counted
    further, at the version that was read: a worker that wakes up after its lease finds that its successor has counted already.
    """

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def consume(self, member: str, *, now: Millis, limit: int = BATCH) -> int:
        """Count the next batch in; returns how many records were read."""
        log = self._stores.log
        records = log.poll(TOPIC, GROUP, member, limit=limit, now=now)
        if records:
            unread = self._count(records, self._launched())
            for record, why in unread:
                log.dead_letter(record, GROUP, why)
            log.commit(TOPIC, GROUP, member, records)
        return len(records)

    def rebuild(self) -> int:
        """Forget all sums and count the whole log again; returns how many records were read. Rehearsals keep theirs: their viewers
        were never in this log."""
        for totals in list(self._stores.viewer_totals.each()):
            self._stores.viewer_totals.delete(totals.id)
        rehearsed = {one.id for one in self._stores.experiments.each({"launched_at": {"gt": 0}}) if one.rehearses}
        for sums in list(self._stores.day_sums.each()):
            if sums.experiment not in rehearsed:
                self._stores.day_sums.delete(sums.id)
        launched, after, count = self._launched(), 0, 0
        while records := self._stores.log.replay(TOPIC, after=after, limit=BATCH):
            self._count(records, launched)
            after, count = records[-1].offset, count + len(records)
        return count

    def cells(self, experiment: str) -> list[DaySums]:
        """All day sums of an experiment."""
        return list(self._stores.day_sums.each({"experiment": experiment}))

    def crossovers(self, experiment: str) -> int:
        """Viewers who were exposed to more than one arm."""
        return sum(cell.crossovers for cell in self.cells(experiment))

    def _launched(self) -> dict[str, Experiment]:
        found = self._stores.experiments.each({"launched_at": {"gt": 0}})
        return {experiment.id: experiment for experiment in found}

    def _count(self, records: Sequence[Record], launched: dict[str, Experiment]) -> list[tuple[Record, str]]:
        """Count what can be read; returns what cannot, and why."""
        events: list[tuple[Record, ViewerEvent]] = []
        unread: list[tuple[Record, str]] = []
        for record in records:
            try:
                events.append((record, _decoder.decode(record.payload)))
            except (msgspec.DecodeError, InvalidInput) as error:
                unread.append((record, str(error)[:500]))
        known = self._stores.viewer_totals.get_many(sorted({event.viewer for _, event in events}))
        viewers: dict[str, ViewerTotals] = dict(known)
        changes: list[tuple[Record, Change]] = []
        for record, event in events:
            viewer = viewers.get(event.viewer) or ViewerTotals(id=event.viewer)
            if record.offset <= viewer.offset:
                continue
            counted, changed = accumulate(viewer, event, launched)
            viewers[event.viewer] = replace(counted, offset=record.offset)
            changes += [(record, change) for change in changed]
        self._store_sums(changes)
        for id, counted in viewers.items():
            if counted is not known.get(id):
                keep(self._stores.viewer_totals, id, known.get(id), _further(counted))
        return unread

    def _store_sums(self, changes: Iterable[tuple[Record, Change]]) -> None:
        grouped: dict[tuple[CellKey, int], list[tuple[int, Change]]] = {}
        for record, change in changes:
            grouped.setdefault((change.cell, record.partition), []).append((record.offset, change))
        if not grouped:
            return
        ids = {key: _cell_id(*key) for key in grouped}
        stored = self._stores.day_sums.get_many(list(ids.values()))
        for key, additions in grouped.items():
            keep(self._stores.day_sums, ids[key], stored.get(ids[key]), _adding(key, additions))


def _further(counted: ViewerTotals) -> Callable[[ViewerTotals | None], ViewerTotals]:
    """A viewer's events have one order, so of two states the one that has counted further holds the other."""
    return lambda held: counted


def _adding(key: tuple[CellKey, int], additions: Sequence[tuple[int, Change]]) -> Callable[[DaySums | None], DaySums]:
    (experiment, phase, arm, segment, day), partition = key
    empty = DaySums(
        id=_cell_id(*key), experiment=experiment, phase=phase, arm=arm, segment=segment, day=day, partition=partition
    )
    return lambda held: _added(held or empty, additions)


def _added(cell: DaySums, additions: Sequence[tuple[int, Change]]) -> DaySums:
    sums = {name: Sums.of_flat(flat) for name, flat in cell.metrics.items()}
    crossovers = cell.crossovers
    for offset, change in additions:
        if offset <= cell.offset:
            continue
        crossovers += change.crossovers
        for name, added in change.sums.items():
            sums.setdefault(name, Sums()).add(added)
    last = max(cell.offset, *(offset for offset, _ in additions))
    flat = {name: one.flat() for name, one in sums.items()}
    return replace(cell, metrics=flat, crossovers=crossovers, offset=last)


def _cell_id(cell: CellKey, partition: int) -> str:
    experiment, phase, arm, segment, day = cell
    return f"{experiment}|{phase}|{arm}|{segment}|{day}|{partition}"


def moments_of(cells: Iterable[DaySums], metric: str) -> Moments:
    """The moments of one metric over cells; four columns, empty if no viewer is in them."""
    total = Sums()
    for cell in cells:
        if (flat := cell.metrics.get(metric)) is not None:
            total.add(Sums.of_flat(flat))
    return total.moments()
