"""Counts of what the feed served and what viewers did with it, hour by hour, kept by the worker from the event log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from core.domain.account import Account, Role
from core.domain.errors import Conflict, Duplicate, Unavailable
from core.domain.events import ViewerEvent
from core.domain.feed_hour import FeedHour
from core.domain.ids import HOUR, Millis
from core.domain.ports.event_log import Record
from core.feed.served_record import SERVED_TOPIC, read_served
from core.services.engagement import TOPIC as EVENT_TOPIC
from core.services.stores import Stores

GROUP: Final = "feed-hours"
_TRIES: Final = 16
_event_decoder = msgspec.json.Decoder(ViewerEvent)

Counted = tuple[Millis, FeedHour]


class FeedHours:
    """`consume` counts, `read` adds up. A record that is delivered again changes nothing."""

    def __init__(self, stores: Stores) -> None:
        self._log = stores.log
        self._hours = stores.feed_hours

    def consume(self, member: str, *, now: Millis, limit: int = 500) -> int:
        """Count the next records of both topics; returns how many there were. Raises Conflict if a lease was lost."""
        return self._consume(SERVED_TOPIC, member, _served, now, limit) + self._consume(
            EVENT_TOPIC, member, _event, now, limit
        )

    def read(self, actor: Account, *, since: Millis, until: Millis) -> list[FeedHour]:
        """One total per hour from `since` to `until`, oldest first; hours in which nothing happened are all zero."""
        actor.require(Role.PRODUCT_MANAGER, Role.MODERATOR)
        first, last = since // HOUR * HOUR, until // HOUR * HOUR
        sums = {hour: FeedHour(id=str(hour), hour=hour) for hour in range(first, last + HOUR, HOUR)}
        for part in self._hours.each({"hour": {"gte": first, "lte": last}}, order="hour"):
            sums[part.hour] = _sum(sums[part.hour], part)
        return [sums[hour] for hour in sorted(sums)]

    def _consume(self, topic: str, member: str, count: Callable[[bytes], Counted], now: Millis, limit: int) -> int:
        records = self._log.poll(topic, GROUP, member, limit=limit, now=now)
        if not records:
            return 0
        by_document: dict[str, list[tuple[Record, FeedHour]]] = {}
        for record in records:
            try:
                hour, counted = count(record.payload)
            except (msgspec.DecodeError, ValueError) as error:
                self._log.dead_letter(record, GROUP, str(error)[:500])
                continue
            by_document.setdefault(f"{topic}.{record.partition}.{hour}", []).append((record, counted))
        for id, own in by_document.items():
            self._add(id, own)
        self._log.commit(topic, GROUP, member, records)
        return len(records)

    def _add(self, id: str, own: Sequence[tuple[Record, FeedHour]]) -> None:
        for _ in range(_TRIES):
            held = self._hours.find_one(id)
            total = held or replace(own[0][1], id=id, pages=0, slots={}, events={})
            for record, counted in own:
                if record.offset > total.through:
                    total = replace(_sum(total, counted), through=record.offset)
            if held is not None and total.through == held.through:
                return
            try:
                if held is None:
                    self._hours.insert(total)
                else:
                    changes: dict[str, object] = {
                        "pages": total.pages, "slots": total.slots, "events": total.events, "through": total.through,
                    }  # fmt: skip
                    self._hours.patch(id, changes, expected_version=held.version)
            except (Duplicate, Conflict):
                continue
            return
        raise Unavailable(f"the counts of {id} are changing too fast")


def _served(payload: bytes) -> Counted:
    page = read_served(payload)
    hour = page.at // HOUR * HOUR
    return hour, FeedHour(id="", hour=hour, pages=1, slots=dict(Counter(slot.kind for slot in page.slots)))


def _event(payload: bytes) -> Counted:
    event = _event_decoder.decode(payload)
    hour = event.at // HOUR * HOUR
    return hour, FeedHour(id="", hour=hour, events={event.kind.value: 1})


def _sum(left: FeedHour, right: FeedHour) -> FeedHour:
    return replace(
        left,
        pages=left.pages + right.pages,
        slots=_added(left.slots, right.slots),
        events=_added(left.events, right.events),
    )


def _added(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(left) + Counter(right))
