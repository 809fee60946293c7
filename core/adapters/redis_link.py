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
from core.adapters.redis_wire import Wire, packed
from core.domain.errors import Unavailable

T = TypeVar("T")
PREFIX = "feedroom:"

_LOST = (redis_py.ConnectionError, redis_py.TimeoutError)
_Unknown = redis_py.exceptions.NoScriptError


class Link:
    """Runs commands and turns every failure into Unavailable with the address, never with a password.

    `client` is typed Any because redis-py declares each answer as maybe awaitable.
    """

    def __init__(self, client: Any, address: str, revive: Callable[[], object] | None = None) -> None:
        self.client = client
        self.address = address
        self._revive = revive
        self._wire = Wire(client.connection_pool)

    def ask(self, commands: bytes, answers: int) -> list[Any]:
        """The answers to packed commands, in one round trip and the short way. Errors and revival as in `call`."""
        return self.call(lambda _: self._wire.ask(commands, answers))

    def call(self, work: Callable[[Any], T]) -> T:
        """The result of `work(client)`. If an embedded server is gone it is started again and `work` repeated once."""
        try:
            return work(self.client)
        except _LOST as error:
            if self._revive is None:
                raise self.unavailable(error) from error
        except _Unknown:
            raise
        except redis_py.RedisError as error:
            raise self.unavailable(error) from error
        self._revive()
        try:
            return work(self.client)
        except _Unknown:
            raise
        except redis_py.RedisError as error:
            raise self.unavailable(error) from error

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
        "retry": Retry(NoBackoff(), 1),  # one more try: an idle connection may have been dropped
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
