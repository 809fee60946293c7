"""Signals over Redis: a version per topic, announced by publish and checked again after every reconnect."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import redis as redis_py

from core.adapters.redis_link import PREFIX, Link

logger = logging.getLogger(__name__)

# Microseconds of the server's clock as a floor: a server that lost its last second, or everything, never repeats a version.
_BUMP = """
local time = redis.call('TIME')
local floor = time[1] * 1000000 + time[2]
local version = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') + 1, floor)
local text = string.format('%.0f', version)
redis.call('SET', KEYS[1], text)
redis.call('PUBLISH', ARGV[1], text)
return version
"""


def version_key(topic: str) -> str:
    """Where a topic's version is kept."""
    return f"{PREFIX}version:{topic}"


class RedisSignals:
    """`Signals` of `core.domain.ports.live`."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._bump = link.script(_BUMP)
        self._stops: list[Callable[[], None]] = []

    def bump(self, topic: str) -> int:
        return int(self._bump([version_key(topic)], [_channel(topic)]))

    def version(self, topic: str) -> int:
        return int(self._link.call(lambda client: client.get(version_key(topic))) or 0)

    def listen(self, topics: Sequence[str], heard: Callable[[str, int], None]) -> Callable[[], None]:
        listener = _Listener(self._link, tuple(topics), heard)
        self._stops.append(listener.stop)
        return listener.stop

    def close(self) -> None:
        """Stop all listeners."""
        while self._stops:
            self._stops.pop()()


def _channel(topic: str) -> str:
    return f"{PREFIX}signal:{topic}"


class _Listener:
    """A thread that stays subscribed; after a lost connection it catches up by comparing versions."""

    def __init__(self, link: Link, topics: tuple[str, ...], heard: Callable[[str, int], None]) -> None:
        self._link, self._topics, self._heard = link, topics, heard
        self._latest: dict[str, int] | None = None
        self._stopped = threading.Event()
        self._subscribed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)
        self._thread.start()
        self._subscribed.wait(3.0)  # so that a bump right after `listen` is heard

    def stop(self) -> None:
        self._stopped.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(3.0)

    def _run(self) -> None:
        pause = 0.1
        while not self._stopped.is_set():
            subscription = self._link.client.pubsub(ignore_subscribe_messages=True)
            try:
                subscription.subscribe(*map(_channel, self._topics))
                self._catch_up()
                self._subscribed.set()
                pause = 0.1
                while not self._stopped.is_set():
                    self._receive(subscription.get_message(timeout=0.5))
            except (redis_py.RedisError, OSError) as error:
                logger.warning("%s; listening again in %.1f s", self._link.unavailable(error), pause)
                self._stopped.wait(pause)
                pause = min(pause * 2, 5.0)
            finally:
                subscription.close()

    def _catch_up(self) -> None:
        versions = self._link.client.mget(*map(version_key, self._topics))
        current = {topic: int(version or 0) for topic, version in zip(self._topics, versions, strict=True)}
        missed = {} if self._latest is None else {t: v for t, v in current.items() if v != self._latest.get(t)}
        self._latest = current
        for topic, version in missed.items():
            self._tell(topic, version)

    def _receive(self, message: dict[str, Any] | None) -> None:
        if message is None or self._latest is None:
            return
        topic, version = message["channel"].decode().removeprefix(_channel("")), int(message["data"])
        if version != self._latest.get(topic):
            self._latest[topic] = version
            self._tell(topic, version)

    def _tell(self, topic: str, version: int) -> None:
        try:
            self._heard(topic, version)
        except Exception:  # a listener's mistake must not end the thread that others rely on
            logger.exception("a listener of %s failed at version %d", topic, version)
