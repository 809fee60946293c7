"""The connection to Redis or Valkey: one client per process, errors in a line, an embedded server brought up again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import redis as redis_py
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.adapters import embedded_valkey
from core.adapters.breaker import Breaker
from core.adapters.redis_wire import Wire, packed
from core.domain.errors import Unavailable

T = TypeVar("T")
PREFIX = "feedroom:"

TRIAL = 0.5
"""Seconds that a server which did not answer has for each answer when somebody finds out whether it is back."""

_Unknown = redis_py.exceptions.NoScriptError


class Link:
    """Runs commands and turns every failure into Unavailable with the address, never with a password.

    All of a process's calls come by here, whatever they are for. When one finds the server gone or silent, all others fail at
    once until a short trial has found it back (`Breaker`). Listeners have connections of their own, on which silence means nothing.
    `client` is typed Any because redis-py declares each answer as maybe awaitable.
    """

    def __init__(self, client: Any, address: str, revive: Callable[[], object] | None = None) -> None:
        self.client = client
        self.address = address
        self._revive = revive
        self._wire = Wire(client.connection_pool)
        self._breaker = Breaker(self._trial)

    def ask(self, commands: bytes, answers: int) -> list[Any]:
        """The answers to packed commands, in one round trip and the short way. Errors and revival as in `call`."""
        return self.call(lambda _: self._wire.ask(commands, answers))

    def call(self, work: Callable[[Any], T]) -> T:
        """The result of `work(client)`. If an embedded server is gone it is started again and `work` repeated once; one that is
        there and silent is busy, and is left alone. Raises Unavailable."""
        self._breaker.check()
        try:
            return work(self.client)
        except redis_py.ConnectionError as error:
            if self._revive is None:
                raise self._lost(error) from error
        except redis_py.TimeoutError as error:
            raise self._lost(error) from error
        except _Unknown:
            raise
        except redis_py.RedisError as error:
            raise self.unavailable(error) from error
        return self._again(self._revive, work)

    def script(self, text: str) -> Script:
        """A Lua script to be called."""
        return Script(self, text)

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()
        self.client.close()

    def unavailable(self, error: Exception) -> Unavailable:
        """The error to raise for this one of redis-py."""
        reason = " ".join(str(error).split()) or type(error).__name__
        return Unavailable(f"live state at {self.address} does not answer: {reason}")

    def _again(self, revive: Callable[[], object], work: Callable[[Any], T]) -> T:
        try:
            revive()
            return work(self.client)
        except Unavailable as problem:
            self._breaker.failed(problem)
            raise
        except (redis_py.ConnectionError, redis_py.TimeoutError) as error:
            raise self._lost(error) from error
        except _Unknown:
            raise
        except redis_py.RedisError as error:
            raise self.unavailable(error) from error

    def _lost(self, error: Exception) -> Unavailable:
        """The error to raise when the server did not answer; nobody else waits for it now."""
        problem = self.unavailable(error)
        self._breaker.failed(problem)
        self._wire.close()  # connections that were idle as long may be as dead, and each would cost a wait
        self.client.connection_pool.disconnect(inuse_connections=False)
        return problem

    def _trial(self) -> None:
        """Return if the server answers within a short time, or was an embedded one that could be started again.

        Raises Unavailable.
        """
        pool = self.client.connection_pool
        short = {"socket_timeout": TRIAL, "socket_connect_timeout": TRIAL}
        once = {"retry": Retry(NoBackoff(), 0), "health_check_interval": 0}
        connection = pool.connection_class(**pool.connection_kwargs | short | once)
        try:
            connection.connect()
            connection.send_command("PING")
            connection.read_response()
        except redis_py.ResponseError:
            return  # an answer, if not a kind one
        except redis_py.ConnectionError as error:
            if self._revive is None:
                raise self.unavailable(error) from error
            self._revive()
        except redis_py.RedisError as error:
            raise self.unavailable(error) from error
        finally:
            connection.disconnect()


Call = tuple[list[str], list[str | bytes | int]]
"""Keys and arguments of a script."""


class Script:
    """A Lua script as a function of keys and arguments; one round trip, two if the server does not know it yet."""

    def __init__(self, link: Link, text: str) -> None:
        self._link, self._text = link, text
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: list[str], arguments: list[str | bytes | int]) -> Any:
        try:
            return self._link.ask(packed("EVALSHA", self._digest, len(keys), *keys, *arguments), 1)[0]
        except _Unknown:
            return self._link.ask(packed("EVAL", self._text, len(keys), *keys, *arguments), 1)[0]

    def many(self, calls: Sequence[Call]) -> list[Any]:
        """Several calls in one round trip. If the server does not know the script, each is made for itself."""
        commands = [packed("EVALSHA", self._digest, len(keys), *keys, *arguments) for keys, arguments in calls]
        try:
            return self._link.ask(b"".join(commands), len(calls))
        except _Unknown:
            return [self(keys, arguments) for keys, arguments in calls]


def connect(url: str | None, data: Path) -> Link:
    """A link to the server at `url`, or to the data folder's embedded one, which is started. Connects when first used."""
    options: dict[str, Any] = {
        "protocol": 2,
        "socket_timeout": 5.0,
        "socket_connect_timeout": 3.0,
        "health_check_interval": 30,
        # one more try: an idle connection may have been dropped; none where the server was silent, which would double the wait
        "retry": Retry(NoBackoff(), 1, (redis_py.ConnectionError,)),
    }
    if url is None:
        path = embedded_valkey.ensure(data)
        client = redis_py.Redis(unix_socket_path=str(path), **options)
        return Link(client, str(path), lambda: embedded_valkey.ensure(data))
    try:
        client = redis_py.Redis.from_url(url, **options)
    except ValueError as error:
        raise Unavailable(f"FEEDROOM_REDIS_URL={shown(url)}: {error}") from None
    client.connection_pool.connection_kwargs["protocol"] = 2  # whatever the address says: answers are read in this form
    return Link(client, shown(url))


def shown(url: str) -> str:
    """The address without name, password and query, fit for logs."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
