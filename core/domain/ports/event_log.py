"""The event log, with Kafka's semantics: topics, keys, offsets, consumer groups, at least once, no event id twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec


class NewEvent(msgspec.Struct, frozen=True, gc=False):
    """An event to append. Events of one `key` keep their order; `id` makes appending twice harmless."""

    id: str
    key: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """An event as read back; offsets grow within a partition, with gaps allowed."""

    topic: str
    partition: int
    offset: int
    id: str
    key: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that `group` could not process, and why."""

    record: Record
    group: str
    error: str


class EventLog(Protocol):
    """A durable, ordered log."""

    def append(self, topic: str, events: Sequence[NewEvent]) -> list[bool]:
        """Append all; True for each event that is new, False for one whose id the topic still holds. Durable on return."""

    def poll(
        self, topic: str, group: str, member: str, *, limit: int = 500, lease_ms: int = 30_000, now: int
    ) -> list[Record]:
        """Records after the group's committed offsets, of partitions that `member` holds.

        Members share partitions by leases; a member that stops polling loses them after `lease_ms`, and one that joins gets
        its share at the others' next poll. Uncommitted records come again. Records of one key come in the order of appending.
        """

    def commit(self, topic: str, group: str, member: str, records: Sequence[Record]) -> None:
        """Mark these and all earlier records of their partitions as done, never going back.

        Raises Conflict, and marks nothing, if `member` no longer holds one of the partitions.
        """

    def lag(self, topic: str, group: str) -> int:
        """Records not yet committed by the group."""

    def replay(self, topic: str, *, after: int = 0, limit: int = 1_000) -> list[Record]:
        """Records in one global order, for rebuilds; continue with the last record's offset."""

    def dead_letter(self, record: Record, group: str, error: str) -> None:
        """Put a record that cannot be processed aside; the same one again only renews its error. Commit it afterwards."""

    def dead_letters(self, topic: str, *, limit: int = 100) -> list[DeadLetter]:
        """What was put aside, newest first."""

    def trim(self, topic: str, *, before_ms: int) -> int:
        """Delete records appended before a time, if every group has passed them; returns how many.

        An id that was trimmed is forgotten: the same event would be appended as a new one.
        """

    def ping(self) -> None:
        """Return if the log answers, raise Unavailable if not."""

    def close(self) -> None:
        """Let go of connections; a later call opens new ones."""
