"""`EventLog` in memory: the whole contract, none of the durability."""

from __future__ import annotations

import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import islice

from core.domain.errors import Conflict
from core.domain.ports.event_log import DeadLetter, NewEvent, Record


class MemoryEventLog:
    """One list of records in the order of their offsets, behind one lock."""

    def __init__(self, *, partitions: int = 8, clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._partitions = partitions
        self._clock = clock
        self._lock = threading.RLock()
        self._last = 0
        self._records: dict[str, list[tuple[int, Record]]] = defaultdict(list)
        self._ids: dict[str, set[str]] = defaultdict(set)
        self._done: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
        self._members: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        self._leases: dict[tuple[str, str], dict[int, tuple[str, int]]] = defaultdict(dict)
        self._dead: list[DeadLetter] = []

    def append(self, topic: str, events: Sequence[NewEvent]) -> list[bool]:
        new = []
        with self._lock:
            for event in events:
                new.append(event.id not in self._ids[topic])
                if not new[-1]:
                    continue
                self._last += 1
                self._ids[topic].add(event.id)
                partition = zlib.crc32(event.key.encode()) % self._partitions
                record = Record(topic, partition, self._last, event.id, event.key, event.payload)
                self._records[topic].append((self._clock(), record))
        return new

    def poll(
        self, topic: str, group: str, member: str, *, limit: int = 500, lease_ms: int = 30_000, now: int
    ) -> list[Record]:
        with self._lock:
            members, leases = self._members[topic, group], self._leases[topic, group]
            members[member] = now + lease_ms
            for name in [name for name, until in members.items() if until <= now]:
                del members[name]
            order = sorted(members)
            held = set()
            for partition in range(self._partitions):
                holder, until = leases.get(partition, ("", 0))
                if order[partition % len(order)] != member:
                    if holder == member:
                        del leases[partition]
                elif holder in ("", member) or until <= now:
                    leases[partition] = member, now + lease_ms
                    held.add(partition)
            done = self._done[topic, group]
            waiting = (
                record
                for _, record in self._records[topic]
                if record.partition in held and record.offset > done.get(record.partition, 0)
            )
            return list(islice(waiting, limit))

    def commit(self, topic: str, group: str, member: str, records: Sequence[Record]) -> None:
        with self._lock:
            for record in records:
                holder, _ = self._leases[topic, group].get(record.partition, ("", 0))
                if holder != member:
                    raise Conflict(f"{member} no longer holds partition {record.partition} of {topic} for {group}")
            done = self._done[topic, group]
            for record in records:
                done[record.partition] = max(done.get(record.partition, 0), record.offset)

    def lag(self, topic: str, group: str) -> int:
        with self._lock:
            done = self._done.get((topic, group), {})
            return sum(record.offset > done.get(record.partition, 0) for _, record in self._records[topic])

    def replay(self, topic: str, *, after: int = 0, limit: int = 1_000) -> list[Record]:
        with self._lock:
            return list(islice((record for _, record in self._records[topic] if record.offset > after), limit))

    def dead_letter(self, record: Record, group: str, error: str) -> None:
        with self._lock:
            letter = DeadLetter(record, group, error)
            self._dead = [held for held in self._dead if (held.record, held.group) != (record, group)] + [letter]

    def dead_letters(self, topic: str, *, limit: int = 100) -> list[DeadLetter]:
        with self._lock:
            return [letter for letter in self._dead if letter.record.topic == topic][: -limit - 1 : -1]

    def trim(self, topic: str, *, before_ms: int) -> int:
        with self._lock:
            groups = [done for (name, _), done in self._done.items() if name == topic]
            kept, gone = [], 0
            for at, record in self._records[topic]:
                passed = all(done.get(record.partition, 0) >= record.offset for done in groups)
                if at < before_ms and passed:
                    self._ids[topic].discard(record.id)
                    gone += 1
                else:
                    kept.append((at, record))
            self._records[topic] = kept
            return gone

    def ping(self) -> None:
        return None

    def close(self) -> None:
        return None
