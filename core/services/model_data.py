"""What a model is trained on: the event log in columns, and which viewers belong to which segment."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from core.domain.errors import InvalidInput
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import Millis
from core.domain.ports.event_log import Record
from core.feed.next_item import Acts
from core.feed.served_record import SERVED_TOPIC
from core.feed.viewer_update import weight_of
from core.services.engagement import TOPIC
from core.services.stores import Stores

BATCH = 5_000
Said = Callable[[float, str], None]
_event = msgspec.json.Decoder(ViewerEvent)


class _Seen(msgspec.Struct):
    """What matters here of a served page."""

    viewer: str
    segment: str = ""


_seen = msgspec.json.Decoder(_Seen)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """`acts` of posts that still exist; `events` counts all events read, through `offset` of the log; `segments` by viewer."""

    acts: Acts
    events: int
    offset: int
    first: Millis
    last: Millis
    segments: Mapping[str, str]


def read_training_data(stores: Stores, said: Said, *, now: Millis) -> TrainingData:
    """The whole event log; about 20 bytes per act beside the ids. `said` hears how far it is, by the time of the events."""
    viewers: dict[str, int] = {}
    items: dict[str, int] = {}
    viewer, item, weight, at = array("q"), array("q"), array("d"), array("q")
    segments = {viewer.id: viewer.segment for viewer in stores.sample_viewers.each() if viewer.segment}
    events, offset, first, last = 0, -1, 0, 0
    for record in _records(stores, TOPIC):
        offset = record.offset
        try:
            event = _event.decode(record.payload)
        except (msgspec.DecodeError, InvalidInput):
            continue
        events += 1
        first, last = first or event.at, max(last, event.at)
        if event.kind is EventKind.EXPOSURE:
            if event.text:
                segments.setdefault(event.viewer, event.text)
        elif event.post and (worth := weight_of(event)):
            viewer.append(viewers.setdefault(event.viewer, len(viewers)))
            item.append(items.setdefault(event.post, len(items)))
            weight.append(worth)
            at.append(event.at)
        if events % BATCH == 0:
            said(min(max(event.at - first, 0) / max(now - first, 1), 1.0), f"{events:,} events read")
    for record in _records(stores, SERVED_TOPIC):
        try:
            page = _seen.decode(record.payload)
        except msgspec.DecodeError:
            continue
        if page.segment:
            segments[page.viewer] = page.segment
    codes = np.array(item, np.int64)
    exists = _existing(stores, list(items))[codes] if len(codes) else np.zeros(0, np.bool_)
    acts = Acts.of(
        list(viewers),
        list(items),
        np.array(viewer, np.int64)[exists],
        codes[exists],
        np.array(weight, np.float64)[exists],
        np.array(at, np.int64)[exists],
    )
    return TrainingData(acts, events, offset, first, last, segments)


def _existing(stores: Stores, ids: list[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    found = np.zeros(len(ids), np.bool_)
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        held = stores.posts.get_many(part)
        found[start : start + len(part)] = [id in held for id in part]
    return found


def _records(stores: Stores, topic: str) -> Iterator[Record]:
    after = 0
    while records := stores.log.replay(topic, after=after, limit=BATCH):
        yield from records
        after = records[-1].offset
