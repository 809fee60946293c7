"""The short way to the live store: no answer is lost, mixed up or read by somebody else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis as redis_py

from core.adapters import breaker, embedded_valkey, redis
from core.adapters.redis_link import Link, connect
from core.adapters.redis_wire import packed
from core.domain.errors import Unavailable

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="feedroom-") as name:
        yield Path(name)
        embedded_valkey.stop(Path(name))


@pytest.fixture
def link(folder: Path) -> Iterator[Link]:
    path = embedded_valkey.ensure(folder)
    link = connect(f"unix://{path}", folder)  # as one that does not bring its server up again
    link.client.flushall()
    yield link
    link.close()


def killed(link: Link) -> None:
    """The server closes every other connection."""
    link.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def test_answers_come_in_the_order_of_the_commands(link: Link) -> None:
    asked = packed("SET", "a", b"\x00\xff") + packed("GET", "a") + packed("MGET", "a", "b") + packed("INCRBY", "n", 3)
    assert link.ask(asked, 4) == [b"OK", b"\x00\xff", [b"\x00\xff", None], 3]


def test_connections_that_the_server_closed_are_made_anew(link: Link) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: link.ask(packed("BLPOP", "none", 1), 1), range(4)))
    for _ in range(3):
        killed(link)
        assert link.ask(packed("PING"), 1) == [b"PONG"]


def test_an_error_names_the_address_and_leaves_no_answer_behind(link: Link) -> None:
    link.ask(packed("SET", "text", "x"), 1)
    with pytest.raises(Unavailable, match=r"valkey\.sock does not answer: WRONGTYPE"):
        link.ask(packed("HGET", "text", "f") + packed("GET", "text"), 2)
    assert link.ask(packed("PING"), 1) == [b"PONG"]


def test_a_script_that_the_server_has_forgotten_is_sent_again(link: Link) -> None:
    add = link.script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    assert add(["n"], [2]) == 2
    link.client.script_flush()
    assert add(["n"], [3]) == 5
    assert add(["n"], [1]) == 6


def test_threads_read_their_own_answers(link: Link) -> None:
    def echoed(number: int) -> bool:
        return link.ask(packed("ECHO", number) + packed("ECHO", -number), 2) == [b"%d" % number, b"%d" % -number]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(echoed, range(2_000)))


def test_a_forked_child_does_not_read_its_parents_answers(link: Link) -> None:
    assert link.ask(packed("ECHO", "parent"), 1) == [b"parent"]
    child = os.fork()
    if child == 0:
        answers = [link.ask(packed("ECHO", number), 1) for number in range(200)]
        os._exit(0 if answers == [[b"%d" % number] for number in range(200)] else 1)
    assert all(link.ask(packed("ECHO", -number), 1) == [b"%d" % -number] for number in range(200))
    assert os.waitpid(child, 0)[1] == 0


def test_a_server_that_is_silent_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "REST", 0.0)
    link = connect(f"unix://{embedded_valkey.ensure(folder)}?socket_timeout=0.05", folder)
    with pytest.raises(Unavailable, match="Timeout"):
        link.ask(packed("BLPOP", "none", 1), 1)
    assert link.ask(packed("ECHO", "next"), 1) == [b"next"]
    link.close()


def test_an_address_may_ask_for_the_newer_protocol(folder: Path) -> None:
    live = redis.open_live(f"unix://{embedded_valkey.ensure(folder)}?protocol=3", folder)
    live.trending.clear()
    live.trending.bump({"p1": 2.0}, now=1_790_000_000_000)
    assert live.viewers.read("asha", trending=3).trending == {"p1": 2.0}
    with pytest.raises(redis_py.ResponseError):
        live._link.client.execute_command("NONSENSE")
    live.close()
