"""What every event log promises: order, no id twice, shares under leases, fencing, lag, retention."""

from __future__ import annotations

import itertools
import multiprocessing
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.adapters.sqlite import SqliteEventLog
from core.domain.errors import Conflict
from core.domain.ports.event_log import EventLog, NewEvent, Record
from tests.fakes.event_log import MemoryEventLog

LEASE = 30_000


class Clock:
    """The time of appending, set by hand."""

    now = 1_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[EventLog]:
    store: EventLog = MemoryEventLog(clock=clock)
    if request.param == "sqlite":
        store = SqliteEventLog(tmp_path / "events.sqlite", clock=clock)
    yield store
    store.close()


def events(count: int, *, keys: int = 20, prefix: str = "e") -> list[NewEvent]:
    return [NewEvent(f"{prefix}{n}", f"viewer {n % keys}", f"payload {n}".encode()) for n in range(count)]


def drain(log: EventLog, member: str, *, group: str = "g", now: int = 0, limit: int = 500) -> list[Record]:
    """All that this member gets, committed batch by batch."""
    records: list[Record] = []
    while batch := log.poll("t", group, member, now=now, limit=limit):
        log.commit("t", group, member, batch)
        records += batch
    return records


def test_what_is_appended_is_read_in_order_of_its_key(log: EventLog) -> None:
    assert log.append("t", events(200)) == [True] * 200
    assert log.append("t", []) == []
    records = drain(log, "m", limit=7)
    assert {(record.id, record.key, record.payload) for record in records} == {
        (event.id, event.key, event.payload) for event in events(200)
    }
    by_key: dict[str, list[str]] = defaultdict(list)
    for record in records:
        by_key[record.key].append(record.id)
    for key, ids in by_key.items():
        assert ids == [event.id for event in events(200) if event.key == key]
    assert len({record.partition for record in records}) > 1
    for partition in {record.partition for record in records}:
        offsets = [record.offset for record in records if record.partition == partition]
        assert offsets == sorted(set(offsets))


def test_an_event_id_is_appended_once_per_topic(log: EventLog) -> None:
    event = NewEvent("e1", "k", b"first")
    assert log.append("t", [event, NewEvent("e1", "other", b"second"), NewEvent("e2", "k", b"")]) == [True, False, True]
    assert log.append("t", [NewEvent("e1", "k", b"third")]) == [False]
    assert log.append("u", [event]) == [True]
    assert [(record.id, record.payload) for record in log.replay("t")] == [("e1", b"first"), ("e2", b"")]


def test_what_is_not_committed_comes_again(log: EventLog) -> None:
    log.append("t", events(30))
    first = log.poll("t", "g", "m", now=0, limit=10)
    assert log.poll("t", "g", "m", now=1, limit=10) == first
    log.commit("t", "g", "m", first[:4])
    assert {record.id for record in log.poll("t", "g", "m", now=2)} == {event.id for event in events(30)} - {
        record.id for record in first[:4]
    }
    log.commit("t", "g", "m", [])


def test_a_commit_never_goes_back(log: EventLog) -> None:
    log.append("t", events(30))
    records = log.poll("t", "g", "m", now=0)
    log.commit("t", "g", "m", records)
    log.commit("t", "g", "m", records[:3])
    assert log.lag("t", "g") == 0
    assert log.poll("t", "g", "m", now=1) == []


def test_groups_read_independently(log: EventLog) -> None:
    log.append("t", events(10))
    assert len(drain(log, "m", group="a")) == 10
    assert (log.lag("t", "a"), log.lag("t", "b"), log.lag("u", "a")) == (0, 10, 0)
    assert len(drain(log, "m", group="b")) == 10


def test_members_share_the_partitions(log: EventLog) -> None:
    log.append("t", events(300, keys=60))
    for _ in range(2):  # the second round gives up what now falls to another
        shares = {member: log.poll("t", "g", member, now=10) for member in ("a", "b", "c")}
    shares = {member: log.poll("t", "g", member, now=11) for member in ("a", "b", "c")}
    assert Counter(record.id for share in shares.values() for record in share) == {f"e{n}": 1 for n in range(300)}
    assert all(shares.values())


def test_a_member_that_stops_polling_loses_its_share(log: EventLog) -> None:
    log.append("t", events(100))
    for _ in range(2):
        held = {member: log.poll("t", "g", member, now=0, lease_ms=LEASE) for member in ("a", "b")}
    assert {record.id for record in log.poll("t", "g", "b", now=LEASE - 1)} < {f"e{n}" for n in range(100)}
    assert len(log.poll("t", "g", "b", now=LEASE + 1)) == 100
    with pytest.raises(Conflict, match="a no longer holds partition"):
        log.commit("t", "g", "a", held["a"])
    assert log.lag("t", "g") == 100
    assert len(drain(log, "b", now=LEASE + 2)) == 100


def test_a_commit_with_one_lost_partition_marks_nothing(log: EventLog) -> None:
    log.append("t", events(100))
    everything = log.poll("t", "g", "a", now=0)
    assert log.poll("t", "g", "b", now=1) == [], "nobody takes what another still holds"
    kept = log.poll("t", "g", "a", now=2)
    taken = log.poll("t", "g", "b", now=3)
    assert {record.id for record in kept} | {record.id for record in taken} == {f"e{n}" for n in range(100)}
    with pytest.raises(Conflict):
        log.commit("t", "g", "a", everything)
    assert log.lag("t", "g") == 100
    log.commit("t", "g", "a", kept)
    log.commit("t", "g", "b", taken)
    assert log.lag("t", "g") == 0


def test_a_stranger_cannot_commit(log: EventLog) -> None:
    log.append("t", events(3))
    records = log.poll("t", "g", "a", now=0)
    with pytest.raises(Conflict):
        log.commit("t", "g", "stranger", records)


def test_a_replay_goes_through_everything_in_the_order_of_appending(log: EventLog) -> None:
    for batch in range(5):
        log.append("t", events(10, prefix=f"b{batch} "))
        log.append("u", events(3, prefix=f"b{batch} "))
    seen: list[Record] = []
    while page := log.replay("t", after=seen[-1].offset if seen else 0, limit=7):
        seen += page
    assert [record.id for record in seen] == [f"b{batch} {n}" for batch in range(5) for n in range(10)]
    assert {record.topic for record in seen} == {"t"}


def test_dead_letters_are_kept_with_their_reason(log: EventLog, clock: Clock) -> None:
    log.append("t", events(3, keys=1))
    records = log.poll("t", "g", "m", now=0)
    for record in records[:2]:
        clock.now += 1
        log.dead_letter(record, "g", "no such kind")
    clock.now += 1
    log.dead_letter(records[0], "g", "still no such kind")
    letters = log.dead_letters("t")
    assert [(letter.record, letter.group, letter.error) for letter in letters] == [
        (records[0], "g", "still no such kind"),
        (records[1], "g", "no such kind"),
    ]
    assert log.dead_letters("t", limit=1) == letters[:1]
    assert log.dead_letters("u") == []


def test_trimming_spares_what_a_group_has_not_passed(log: EventLog, clock: Clock) -> None:
    log.append("t", events(40))
    clock.now = 2_000
    log.append("t", events(10, prefix="late "))
    drain(log, "m", group="quick")
    slow = log.poll("t", "slow", "m", now=0)
    assert log.trim("t", before_ms=2_000) == 0
    log.commit("t", "slow", "m", [record for record in slow if record.id.startswith("e")][:12])
    trimmed = log.trim("t", before_ms=2_000)
    assert trimmed >= 12
    assert log.lag("t", "slow") == 50 - trimmed
    drain(log, "m", group="slow", now=1)
    assert log.trim("t", before_ms=2_000) == 40 - trimmed
    assert [record.id for record in log.replay("t")] == [f"late {n}" for n in range(10)]
    assert log.trim("t", before_ms=2_001) == 10


def test_a_trimmed_log_goes_on_with_greater_offsets(log: EventLog) -> None:
    log.append("t", events(5))
    last = log.replay("t")[-1].offset
    assert log.trim("t", before_ms=10**15) == 5
    assert log.append("t", events(1)) == [True]
    assert log.replay("t")[0].offset > last
    assert log.trim("u", before_ms=10**15) == 0


STEPS = some.lists(
    some.tuples(
        some.sampled_from(["append", "poll", "commit", "crash"]), some.sampled_from("abc"), some.integers(0, 9)
    ),
    max_size=40,
)


def test_whatever_members_do_every_event_is_committed_at_least_once(log: EventLog) -> None:
    numbers = itertools.count()

    @given(steps=STEPS)
    def law(steps: list[tuple[str, str, int]]) -> None:
        topic, now, appended = f"t{next(numbers)}", 0, 0
        held: dict[str, list[Record]] = {}
        done: set[str] = set()

        def commit(member: str) -> None:
            records = held.pop(member, [])
            with suppress(Conflict):
                log.commit(topic, "g", member, records)
                done.update(record.id for record in records)

        for act, member, number in steps:
            now += number * LEASE // 8
            if act == "append":
                log.append(topic, [NewEvent(f"e{appended + n}", f"k{n}", b"") for n in range(number)])
                appended += number
            elif act == "poll":
                held[member] = log.poll(topic, "g", member, now=now, limit=number + 1, lease_ms=LEASE)
            elif act == "commit":
                commit(member)
            else:
                held.pop(member, None)
        now += 2 * LEASE
        while batch := log.poll(topic, "g", "last", now=now, limit=500, lease_ms=LEASE):
            held["last"] = batch
            commit("last")
        assert done == {f"e{n}" for n in range(appended)}
        assert log.lag(topic, "g") == 0

    law()


def test_threads_that_append_the_same_ids_add_each_once(log: EventLog) -> None:
    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(lambda _: log.append("t", events(100)), range(8)))
    assert [sum(column) for column in zip(*new, strict=True)] == [1] * 100
    assert len(log.replay("t")) == 100


def append_at(path: str, worker: int) -> int:
    log = SqliteEventLog(Path(path))
    return sum(sum(log.append("t", events(10, prefix=f"w{worker} b{batch} "))) for batch in range(20))


@pytest.mark.server
def test_four_processes_append_and_a_fifth_reads_all(tmp_path: Path) -> None:
    path = str(tmp_path / "events.sqlite")
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(append_at, [path] * 4, range(4))) == [200] * 4
    log = SqliteEventLog(Path(path))
    records = drain(log, "m", limit=64)
    assert len({record.id for record in records}) == len(records) == 800
    log.close()
