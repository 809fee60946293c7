"""Whether each viewer likes a post: a like counts once per viewer, however often it is sent or taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import joined
from core.domain.ports.event_log import Record
from core.domain.social import Like
from core.services.counted import keep
from core.services.stores import Stores

_LIKING = (EventKind.LIKE, EventKind.UNLIKE)


@dataclass(frozen=True, slots=True)
class LikeChanges:
    """What a batch changes: `by_record` 1 or -1 for each record that gives or takes a like, by partition and offset."""

    by_record: Mapping[tuple[int, int], int] = field(default_factory=dict)
    before: Mapping[str, Like] = field(default_factory=dict)
    after: Mapping[str, Like] = field(default_factory=dict)

    def of(self, record: Record) -> int:
        """What this record adds to the likes of its post."""
        return self.by_record.get((record.partition, record.offset), 0)


class LikeMarks:
    """First `changes`, then the totals of posts are stored, then `keep`: whatever a crash interrupts comes to the same again."""

    def __init__(self, stores: Stores) -> None:
        self._likes = stores.likes

    def changes(self, read: Iterable[tuple[Record, ViewerEvent]]) -> LikeChanges:
        """What these records, in the order of the log, change. The newest event by its time holds."""
        acts = [
            (joined(":", event.post, event.viewer), record, event) for record, event in read if event.kind in _LIKING
        ]
        if not acts:
            return LikeChanges()
        before = self._likes.get_many(sorted({id for id, _, _ in acts}))
        after, by_record = dict(before), dict[tuple[int, int], int]()
        for id, record, event in acts:
            held = after.get(id) or Like(id=id)
            if record.offset <= held.offset:
                continue
            liking = event.kind is EventKind.LIKE if event.at >= held.at else held.liking
            if liking is not held.liking:
                by_record[record.partition, record.offset] = 1 if liking else -1
            after[id] = Like(id=id, liking=liking, at=max(event.at, held.at), offset=record.offset)
        return LikeChanges(by_record, before, after)

    def keep(self, changes: LikeChanges) -> None:
        """Remember what was changed."""
        for id, like in changes.after.items():
            if like is not changes.before.get(id):
                keep(self._likes, id, changes.before.get(id), lambda _, like=like: like)  # type: ignore[misc]
