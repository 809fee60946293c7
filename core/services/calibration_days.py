"""Counting what was predicted and what happened, day by day, from the event log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from core.domain.calibration import CalibrationDay
from core.domain.errors import InvalidInput
from core.domain.events import ViewerEvent
from core.domain.ids import DAY, Millis
from core.domain.ports.event_log import Record
from core.domain.ports.media import Progress
from core.feed.actions import ACTIONS
from core.feed.outcomes import EARLY, WINDOW, Outcomes
from core.feed.served_record import SERVED_TOPIC, ServedPage, read_served
from core.services.engagement import TOPIC
from core.services.stores import Stores
from core.statistics.calibration import Counts

DAYS: Final = 14
"""How many days are kept and fitted on: what viewers did a month ago says little of what they do now."""
BATCH: Final = 5_000
_event = msgspec.json.Decoder(ViewerEvent)


class CalibrationDays:
    """Counts are always made from the log, never added to: counting twice, or after a crash, gives the same numbers.

    New records are looked through for the days that they bear on; these days are counted anew, from the first record that
    bears on the earliest of them. In steady traffic that is yesterday and today.
    """

    def __init__(self, stores: Stores) -> None:
        self._log, self._days = stores.log, stores.calibration_days

    def held(self, *, now: Millis) -> list[CalibrationDay]:
        """The days of the window, oldest first."""
        return sorted(self._days.each({"day": {"gt": now // DAY - DAYS}}), key=lambda one: one.day)

    def waiting(self, *, now: Millis) -> bool:
        """Whether the log holds records that are not counted yet."""
        pages, events = _through(self.held(now=now))
        return bool(
            self._log.replay(SERVED_TOPIC, after=pages, limit=1) or self._log.replay(TOPIC, after=events, limit=1)
        )

    def count(self, progress: Progress, *, now: Millis) -> int:
        """Bring the days up to date with the log; returns how many impressions the window holds. Raises Unavailable."""
        held = {one.day: one for one in self.held(now=now)}
        first = now // DAY - DAYS + 1
        progress(0.05, "Looking for new pages and events")
        pages_from, pages_through = self._new(SERVED_TOPIC, _through(held.values())[0], first)
        events_from, events_through = self._new(TOPIC, _through(held.values())[1], first)
        affected = {*pages_from, *events_from}
        if (pages_through, events_through) != _through(held.values()):
            affected.add(now // DAY)  # whatever was read is not read again, even if it bears on no day
        if affected:
            for day, one in held.items():
                pages_from[day] = min(one.pages_from, pages_from.get(day, one.pages_from))
                events_from[day] = min(one.events_from, events_from.get(day, one.events_from))
            start = min(affected)
            outcomes = self._join(start, pages_from, events_from, progress)
            counted = outcomes.days()
            days = sorted(day for day in {*pages_from, *events_from, *affected} if day >= start)
            self._days.upsert_many(
                CalibrationDay(
                    id=str(day),
                    version=held[day].version + 1 if day in held else 1,
                    day=day,
                    impressions=counted[day][0] if day in counted else 0,
                    cells=counted[day][1].cells(ACTIONS) if day in counted else {},
                    share=outcomes.share,
                    pages_from=pages_from.get(day, pages_through + 1),
                    events_from=events_from.get(day, events_through + 1),
                    pages_through=pages_through,
                    events_through=events_through,
                    updated_at=now,
                )
                for day in days
            )
        for old in list(self._days.each({"day": {"lt": first}})):
            self._days.delete(old.id)
        return sum(one.impressions for one in self.held(now=now))

    def rebuild(self, progress: Progress, *, now: Millis) -> int:
        """Forget everything and count the log from its start; returns how many impressions the window holds."""
        for one in list(self._days.each()):
            self._days.delete(one.id)
        return self.count(progress, now=now)

    def _join(
        self, start: int, pages_from: dict[int, int], events_from: dict[int, int], progress: Progress
    ) -> Outcomes:
        outcomes = Outcomes(start * DAY)
        offsets = [offset for day, offset in pages_from.items() if day >= start]
        progress(0.2, "Reading served pages")
        if offsets:
            for record in self._records(SERVED_TOPIC, min(offsets) - 1):
                if (page := _page(record)) is not None:
                    outcomes.serve(page)
        offsets = [offset for day, offset in events_from.items() if day >= start]
        progress(0.5, "Reading what viewers did")
        if offsets:
            for number, record in enumerate(self._records(TOPIC, min(offsets) - 1)):
                if number % BATCH == 0:
                    progress(0.5, "Reading what viewers did")
                if (event := _viewer_event(record)) is not None:
                    outcomes.act(event)
        return outcomes

    def _new(self, topic: str, after: int, first: int) -> tuple[dict[int, int], int]:
        """For each day of the window that new records bear on the first of their offsets, and how far the topic goes."""
        found: dict[int, int] = {}
        for record in self._records(topic, after):
            after = record.offset
            if topic == SERVED_TOPIC:
                page = _page(record)
                days = set() if page is None else {page.at // DAY}
            else:
                event = _viewer_event(record)
                days = set() if event is None else {(event.at - WINDOW) // DAY, (event.at + EARLY) // DAY}
            for day in days:
                if day >= first:
                    found.setdefault(day, record.offset)
        return found, after

    def _records(self, topic: str, after: int) -> Iterator[Record]:
        while records := self._log.replay(topic, after=after, limit=BATCH):
            yield from records
            after = records[-1].offset


def total(days: list[CalibrationDay]) -> Counts:
    """The sum of days."""
    return Counts.read((one.cells for one in days), ACTIONS)


def _through(days: Iterable[CalibrationDay]) -> tuple[int, int]:
    held = list(days)
    return (
        max((one.pages_through for one in held), default=0),
        max((one.events_through for one in held), default=0),
    )


def _page(record: Record) -> ServedPage | None:
    try:
        return read_served(record.payload)
    except msgspec.DecodeError:
        return None


def _viewer_event(record: Record) -> ViewerEvent | None:
    try:
        return _event.decode(record.payload)
    except (msgspec.DecodeError, InvalidInput):
        return None
