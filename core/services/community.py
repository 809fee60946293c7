"""The reader of the event log for what viewers do to each other's posts and publishers: reports, follows, opened links."""

from __future__ import annotations

from typing import Final

import msgspec

from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import Millis
from core.domain.ports.event_log import Record
from core.services.engagement import TOPIC
from core.services.reports import Reports
from core.services.social import Social
from core.services.stores import Stores

GROUP: Final = "community"
_decode = msgspec.json.Decoder(ViewerEvent).decode


class Community:
    """Every step is harmless when it is done again: records may come twice."""

    def __init__(self, stores: Stores, reports: Reports, social: Social) -> None:
        self._log, self._reports, self._social = stores.log, reports, social

    def consume(self, member: str, *, now: Millis, limit: int = 1_000) -> int:
        """Take the next records in; returns how many. Raises Conflict if a lease was lost."""
        records = self._log.poll(TOPIC, GROUP, member, limit=limit, now=now)
        opened: dict[str, list[tuple[Record, ViewerEvent]]] = {}
        for record in records:
            try:
                event = _decode(record.payload)
            except (msgspec.DecodeError, ValueError) as error:
                self._log.dead_letter(record, GROUP, str(error)[:500])
                continue
            if event.kind is EventKind.REPORT:
                self._reports.take(event, now=now)
            elif event.kind in (EventKind.FOLLOW, EventKind.UNFOLLOW):
                self._social.take(event, now=now)
            elif event.kind is EventKind.SHARE_OPEN:
                opened.setdefault(event.share, []).append((record, event))
        for share, own in opened.items():
            self._social.take_opens(share, own, now=now)
        if records:
            self._log.commit(TOPIC, GROUP, member, records)
        return len(records)
