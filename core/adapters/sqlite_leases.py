"""Which member of a consumer group reads which partition: shares by name, held under leases, fenced at commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Set
from dataclasses import dataclass

from core.adapters.sqlite_connections import Connections
from core.domain.errors import Conflict
from core.domain.ids import Millis


@dataclass(frozen=True, slots=True)
class _State:
    """What the file says of one group: until when each member is alive, and who holds each partition until when."""

    members: dict[str, Millis]
    leases: dict[int, tuple[str, Millis]]

    def share(self, member: str, partitions: int) -> frozenset[int]:
        """The partitions that fall to `member`: in turn, by the alphabet, so that all members agree without talking."""
        order = sorted({*self.members, member})
        return frozenset(range(order.index(member), partitions, len(order)))

    def held(self, member: str) -> frozenset[int]:
        """The partitions that `member` holds."""
        return frozenset(partition for partition, (holder, _) in self.leases.items() if holder == member)


class Leases:
    """Shares partitions among the members that keep polling."""

    def __init__(self, connections: Connections, partitions: int) -> None:
        self._connections = connections
        self._partitions = partitions

    def hold(self, topic: str, group: str, member: str, *, lease_ms: int, now: Millis) -> frozenset[int]:
        """Take or renew this member's share as far as it is free, give up the rest; returns what it holds."""
        with self._connections.read() as connection:
            state = _read(connection, topic, group, now)
        share, held = state.share(member, self._partitions), state.held(member)
        fresh = state.members.get(member, 0) - now > lease_ms // 2
        if fresh and held == share and all(state.leases[partition][1] - now > lease_ms // 2 for partition in held):
            return held
        # Not durable: a lease that power loss takes back is as good as one that has run out.
        with self._connections.write(durable=False) as connection:
            return self._take(connection, topic, group, member, now=now, until=now + lease_ms)

    def check(self, connection: sqlite3.Connection, topic: str, group: str, member: str, partitions: Set[int]) -> None:
        """Raise Conflict unless `member` holds all these partitions; inside the transaction that commits."""
        sql = "SELECT partition FROM leases WHERE topic = ? AND name = ? AND member = ?"
        held = {partition for (partition,) in connection.execute(sql, (topic, group, member))}
        if lost := sorted(partitions - held):
            raise Conflict(
                f"{member} no longer holds partition {lost[0]} of {topic} for {group}; its work will be repeated"
            )

    def _take(
        self, connection: sqlite3.Connection, topic: str, group: str, member: str, *, now: Millis, until: Millis
    ) -> frozenset[int]:
        connection.execute("INSERT OR IGNORE INTO groups VALUES (?, ?)", (topic, group))
        connection.execute("DELETE FROM members WHERE topic = ? AND name = ? AND until <= ?", (topic, group, now))
        connection.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?)", (topic, group, member, until))
        state = _read(connection, topic, group, now)
        share = state.share(member, self._partitions)
        taken_by_others = {
            partition for partition, (holder, end) in state.leases.items() if holder != member and end > now
        }
        mine = share - taken_by_others
        connection.execute("DELETE FROM leases WHERE topic = ? AND name = ? AND member = ?", (topic, group, member))
        connection.executemany(
            "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?)",
            [(topic, group, partition, member, until) for partition in mine],
        )
        return mine


def _read(connection: sqlite3.Connection, topic: str, group: str, now: Millis) -> _State:
    members = connection.execute(
        "SELECT member, until FROM members WHERE topic = ? AND name = ? AND until > ?", (topic, group, now)
    )
    leases = connection.execute(
        "SELECT partition, member, until FROM leases WHERE topic = ? AND name = ?", (topic, group)
    )
    return _State(dict(members.fetchall()), {partition: (member, until) for partition, member, until in leases})
