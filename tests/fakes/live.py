"""Live state in memory: what `core.adapters.redis` promises, for tests of services."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from core.domain.account import Session
from core.domain.ids import Millis
from core.domain.ports.live import SERVING_TOPICS, TREND_HALF_LIFE, LiveRead
from core.domain.viewer import ViewerState

logger = logging.getLogger(__name__)


class MemorySessions:
    """Sessions in a dict. Without a clock they never expire by themselves, so tests may use any time."""

    def __init__(self, clock: Callable[[], Millis] | None) -> None:
        self._held: dict[str, Session] = {}
        self._clock = clock

    def save(self, session: Session) -> None:
        self._held[session.key] = session

    def find(self, key: str) -> Session | None:
        session = self._held.get(key)
        if session is not None and self._clock is not None and session.expires_at <= self._clock():
            return None
        return session

    def revoke(self, key: str) -> None:
        self._held.pop(key, None)

    def revoke_account(self, account: str) -> int:
        keys = [key for key, session in self._held.items() if session.account == account]
        for key in keys:
            del self._held[key]
        return len(keys)


class MemoryRateLimits:
    """One window and its count per name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[int, int]] = {}

    def hit(self, name: str, *, limit: int, window_ms: int, now: int, cost: int = 1) -> float:
        with self._lock:
            window, count = self._held.get(name, (0, 0))
            current = max(now // window_ms, window)
            count = (count if current == window else 0) + cost
            self._held[name] = (current, count)
        return 0.0 if count <= limit else max((current + 1) * window_ms - now, 1) / 1000

    def reset(self, name: str) -> None:
        self._held.pop(name, None)


class MemoryTrending:
    """Counters with the time they are as of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scores: dict[str, float] = {}
        self._as_of: Millis = 0

    def bump(self, scores: Mapping[str, float], *, now: int) -> None:
        with self._lock:
            if now > self._as_of:
                fade = 0.5 ** ((now - self._as_of) / TREND_HALF_LIFE)
                self._scores = {post: score * fade for post, score in self._scores.items()}
                self._as_of = now
            late = 0.5 ** ((self._as_of - now) / TREND_HALF_LIFE)
            for post, score in scores.items():
                self._scores[post] = self._scores.get(post, 0.0) + score * late

    def top(self, count: int) -> dict[str, float]:
        with self._lock:
            ranked = sorted(self._scores.items(), key=lambda item: item[1], reverse=True)[:count]
        return {post: score for post, score in ranked if score > 0}

    def clear(self) -> None:
        with self._lock:
            self._scores.clear()
            self._as_of = 0


class MemorySignals:
    """Versions in a dict; each listener is a thread fed by a queue."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._versions: dict[str, int] = {}
        self._listeners: list[tuple[frozenset[str], queue.SimpleQueue[tuple[str, int] | None]]] = []

    def bump(self, topic: str) -> int:
        with self._lock:
            version = self._versions[topic] = self._versions.get(topic, 0) + 1
            for topics, inbox in self._listeners:
                if topic in topics:
                    inbox.put((topic, version))
        return version

    def version(self, topic: str) -> int:
        return self._versions.get(topic, 0)

    def listen(self, topics: Sequence[str], heard: Callable[[str, int], None]) -> Callable[[], None]:
        inbox: queue.SimpleQueue[tuple[str, int] | None] = queue.SimpleQueue()
        listener = (frozenset(topics), inbox)

        def deliver() -> None:
            while (message := inbox.get()) is not None:
                try:
                    heard(*message)
                except Exception:  # a listener's mistake must not end its thread
                    logger.exception("a listener of %s failed at version %d", *message)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)
            inbox.put(None)

        with self._lock:
            self._listeners.append(listener)
        threading.Thread(target=deliver, daemon=True).start()
        return stop


class MemoryViewerStates:
    """States in a dict, written by compare-and-set."""

    def __init__(self, trending: MemoryTrending, signals: MemorySignals) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, ViewerState] = {}
        self._trending, self._signals = trending, signals

    def read(self, viewer: str, *, trending: int = 200) -> LiveRead:
        state = self._held.get(viewer) or ViewerState(viewer=viewer)
        versions = {topic: self._signals.version(topic) for topic in SERVING_TOPICS}
        return LiveRead(state, self._trending.top(trending), versions)

    def read_all(self, viewers: Sequence[str], *, trending: int = 200) -> list[LiveRead]:
        return [self.read(viewer, trending=trending) for viewer in viewers]

    def write(self, state: ViewerState, *, expected_version: int) -> bool:
        with self._lock:
            held = self._held.get(state.viewer)
            if (held.version if held else 0) != expected_version:
                return False
            self._held[state.viewer] = replace(state, version=expected_version + 1)
            return True

    def read_many(self, viewers: Sequence[str]) -> list[ViewerState]:
        return [self.read(viewer, trending=0).viewer for viewer in viewers]

    def recall_many(self, viewers: Sequence[str]) -> list[ViewerState] | None:
        return None

    def write_many(self, states: Sequence[tuple[ViewerState, int]]) -> list[bool]:
        return [self.write(state, expected_version=expected) for state, expected in states]

    def forget(self, viewer: str) -> None:
        self._held.pop(viewer, None)


class MemoryLive:
    """All of it. Give a clock to let sessions expire."""

    def __init__(self, clock: Callable[[], Millis] | None = None) -> None:
        self.sessions = MemorySessions(clock)
        self.limits = MemoryRateLimits()
        self.trending = MemoryTrending()
        self.signals = MemorySignals()
        self.viewers = MemoryViewerStates(self.trending, self.signals)

    def ping(self) -> None:
        """Always there."""

    def close(self) -> None:
        """Nothing to let go of."""
