"""Orders back to the slot that brought them: the worker follows events and served pages, and keeps sums that merge.

Two steps, each safe to repeat. First each viewer's `Shopper` takes records in (offsets say which), and what changes is stated to
the log, each statement once by its id. Then statements are added to the sums of their posts and days, guarded by offsets. A
crash anywhere makes records come again and changes nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Final

import msgspec

from core.domain.attribution import PageFacts, Shopper, Statement, Windows
from core.domain.errors import Conflict, Duplicate, Unavailable
from core.domain.events import ViewerEvent
from core.domain.ids import MINUTE, Millis
from core.domain.ports.event_log import NewEvent, Record
from core.feed.attribution import RELEVANT, PostOrigin, page_facts, with_event, with_page
from core.feed.attribution_sums import added, day_ids, paths_of
from core.feed.served_record import SERVED_TOPIC, read_served
from core.services.engagement import TOPIC as EVENT_TOPIC
from core.services.remembered import Remembered
from core.services.stores import Stores

STATEMENTS: Final = "attributions"
GROUP: Final = "attribution"
BATCH: Final = 1_000
AHEAD: Final = 5 * MINUTE
_TRIES: Final = 32

_decode_event = msgspec.json.Decoder(ViewerEvent).decode
_decode_statement = msgspec.json.Decoder(Statement).decode
_encode = msgspec.json.Encoder().encode

Happened = ViewerEvent | PageFacts


class Attribution:
    """`consume` for the worker; `core.services.attribution_rebuild` after a loss. Any number of workers may share the work."""

    def __init__(self, stores: Stores, windows: Windows | None = None) -> None:
        self._stores, self._log = stores, stores.log
        self.windows = windows or Windows()
        self._posts = Remembered(stores.posts, capacity=12_000)

    def consume(self, member: str, *, now: Millis, limit: int = BATCH) -> int:
        """Take the next records in; returns how many. Raises Conflict if a lease was lost; nothing is lost by it."""
        events = self._log.poll(EVENT_TOPIC, GROUP, member, limit=limit, now=now)
        reached = self._follow(EVENT_TOPIC, member, events, event_of, now)
        pages = self._log.poll(SERVED_TOPIC, GROUP, member, limit=limit, now=now)
        if len(events) == limit:
            # There is a backlog: pages keep step with events, or they would be forgotten before their events come.
            pages = list(takewhile(lambda record: _served_by(record, reached + AHEAD), pages))
        self._follow(SERVED_TOPIC, member, pages, page_of, now)
        return len(events) + len(pages) + self._add_up(member, now, limit)

    def lag(self) -> int:
        """Records of all steps that are not taken in yet."""
        return sum(self._log.lag(topic, GROUP) for topic in (SERVED_TOPIC, EVENT_TOPIC, STATEMENTS))

    def _follow(
        self,
        topic: str,
        member: str,
        records: Sequence[Record],
        read: Callable[[bytes], Happened | None],
        now: Millis,
    ) -> Millis:
        """Take records of one topic in and commit them; returns the time of the latest."""
        reached = 0
        by_viewer: dict[str, list[tuple[Record, Happened]]] = {}
        for record in records:
            try:
                item = read(record.payload)
            except (msgspec.DecodeError, ValueError) as error:
                self._log.dead_letter(record, GROUP, str(error)[:500])
                continue
            if item is not None:
                reached = max(reached, item.at)
                by_viewer.setdefault(record.key, []).append((record, item))
        if by_viewer:
            origins = self.origins([item for own in by_viewer.values() for _, item in own], now)
            held = self._stores.shoppers.get_many(list(by_viewer))
            # First what a run that was cut off may not have said, as taking records in forgets it; of all viewers at once, as each
            # append waits for the disk.
            self._state(said for shopper in held.values() for said in shopper.outbox)
            taken = [self._take_in(viewer, held.get(viewer), own, origins) for viewer, own in by_viewer.items()]
            self._state(said for shopper in taken for said in shopper.outbox)
        if records:
            self._log.commit(topic, GROUP, member, records)
        return reached

    def _take_in(
        self,
        viewer: str,
        held: Shopper | None,
        own: Sequence[tuple[Record, Happened]],
        origins: Mapping[str, PostOrigin],
    ) -> Shopper:
        """One viewer's records, stored; what they changed is in the outbox of the shopper that is returned."""
        for _ in range(_TRIES):
            after = self.after(held or Shopper(id=viewer), own, origins)
            if held is not None and after.offsets == held.offsets:
                return held
            try:
                if held is None:
                    self._stores.shoppers.insert(after)
                else:
                    changes = msgspec.to_builtins(after)
                    del changes["id"], changes["version"]
                    self._stores.shoppers.patch(viewer, changes, expected_version=held.version)
            except (Duplicate, Conflict):
                held = self._stores.shoppers.find_one(viewer)
                self._state(held.outbox if held else ())
                continue
            return after
        raise Unavailable(f"what is known of viewer {viewer} is changing too fast")

    def after(
        self, shopper: Shopper, own: Sequence[tuple[Record, Happened]], origins: Mapping[str, PostOrigin]
    ) -> Shopper:
        """The shopper after these records; its outbox holds what they changed."""
        offsets = dict(shopper.offsets)
        shopper = msgspec.structs.replace(shopper, outbox=())
        for record, item in own:
            place = place_of(record)
            if record.offset <= offsets.get(place, -1):
                continue
            offsets[place] = record.offset
            if isinstance(item, ViewerEvent):
                shopper = with_event(shopper, item, origins.get(item.post), self.windows)
            else:
                shopper = with_page(shopper, item, self.windows)
        return msgspec.structs.replace(shopper, offsets=offsets)

    def _state(self, statements: Iterable[Statement]) -> None:
        new = [NewEvent(f"{one.order}@{one.revision}", one.viewer, _encode(one)) for one in statements]
        if new:
            self._log.append(STATEMENTS, new)

    def _add_up(self, member: str, now: Millis, limit: int) -> int:
        records = self._log.poll(STATEMENTS, GROUP, member, limit=limit, now=now)
        by_day: dict[str, list[tuple[Record, Statement]]] = {}
        for record in records:
            statement = _decode_statement(record.payload)
            for id in day_ids(statement):
                by_day.setdefault(id, []).append((record, statement))
            self._keep_paths(statement)
        for id, own in by_day.items():
            self._add_day(id, own)
        if records:
            self._log.commit(STATEMENTS, GROUP, member, records)
        return len(records)

    def _add_day(self, id: str, own: Sequence[tuple[Record, Statement]]) -> None:
        for _ in range(_TRIES):
            held = self._stores.attribution_days.find_one(id)
            after = held
            for record, statement in own:
                place = place_of(record)
                if after is None or record.offset > after.offsets.get(place, -1):
                    after = added(after, id, statement, {place: record.offset})
            if after is held or after is None:
                return
            try:
                if held is None:
                    self._stores.attribution_days.insert(after)
                else:
                    changes: dict[str, object] = {
                        "cells": after.cells, "offsets": after.offsets, "publisher": after.publisher,
                    }  # fmt: skip
                    self._stores.attribution_days.patch(id, changes, expected_version=held.version)
            except (Duplicate, Conflict):
                continue
            return
        raise Unavailable(f"the sums of {id} are changing too fast")

    def _keep_paths(self, statement: Statement) -> None:
        gone, kept = paths_of(statement)
        held = self._stores.attributed_orders.get_many([*gone, *(one.id for one in kept)])
        if any(one.revision > statement.revision for one in held.values()):
            return
        for id in gone:
            self._stores.attributed_orders.delete(id)
        self._stores.attributed_orders.upsert_many(kept)

    def origins(self, items: Iterable[Happened], now: Millis) -> dict[str, PostOrigin]:
        """What the events' posts say of themselves."""
        ids = {item.post for item in items if isinstance(item, ViewerEvent) and item.post}
        return {id: PostOrigin.of(post) for id, post in self._posts.get_many(sorted(ids), now=now).items()}


def event_of(payload: bytes) -> ViewerEvent | None:
    """The event, if attribution needs it."""
    event = _decode_event(payload)
    return event if event.kind in RELEVANT else None


def page_of(payload: bytes) -> PageFacts:
    """The served page."""
    return page_facts(read_served(payload))


def _served_by(record: Record, until: Millis) -> bool:
    try:
        return read_served(record.payload).at <= until
    except (msgspec.DecodeError, ValueError):
        return True


def place_of(record: Record) -> str:
    """The name under which a record's offset is kept."""
    return f"{record.topic}/{record.partition}"
