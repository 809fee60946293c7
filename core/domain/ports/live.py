"""Live state: quick, small, shared by all processes, rebuildable from the event log (sessions excepted)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.account import Session
from core.domain.ids import HOUR, Millis
from core.domain.viewer import ViewerState

TREND_HALF_LIFE: Millis = 6 * HOUR
"""In which a trending score halves."""


class Sessions(Protocol):
    """Signed-in browsers."""

    def save(self, session: Session) -> None:
        """Remember until it expires."""

    def find(self, key: str) -> Session | None:
        """The session, or None if unknown, revoked or expired."""

    def revoke(self, key: str) -> None:
        """Forget one session."""

    def revoke_account(self, account: str) -> int:
        """Forget all sessions of an account; returns how many."""


class RateLimits(Protocol):
    """Fixed-window counters."""

    def hit(self, name: str, *, limit: int, window_ms: int, now: int, cost: int = 1) -> float:
        """Count `cost` (also when refused); 0.0 if the sum is within the limit, else seconds until the window ends."""

    def reset(self, name: str) -> None:
        """Forget the counter."""


SERVING_TOPICS: tuple[str, ...] = ("catalogue", "policies", "models", "campaigns", "experiments")
"""What a feed process follows: with every page it learns the versions of these, so that a change counts on the very next page."""


@dataclass(frozen=True, slots=True)
class LiveRead:
    """What one feed request reads: the viewer, the decayed trend score per post, the version of each of SERVING_TOPICS."""

    viewer: ViewerState
    trending: Mapping[str, float]
    versions: Mapping[str, int]


class ViewerStates(Protocol):
    """State per viewer, changed by compare-and-set so that concurrent requests never lose or repeat anything."""

    def read(self, viewer: str, *, trending: int = 200) -> LiveRead:
        """One round trip: state (fresh if unknown), the top `trending` posts, the versions of SERVING_TOPICS (0: never bumped)."""

    def read_all(self, viewers: Sequence[str], *, trending: int = 200) -> list[LiveRead]:
        """One round trip: what `read` gives for each of them, trends and versions the same for all."""

    def write(self, state: ViewerState, *, expected_version: int) -> bool:
        """Store as version `expected_version + 1` if the held version is still the expected one (0: none is held yet).

        False if somebody was quicker: read again and repeat.
        """

    def read_many(self, viewers: Sequence[str]) -> list[ViewerState]:
        """One round trip: the state of each, fresh if unknown."""

    def recall_many(self, viewers: Sequence[str]) -> list[ViewerState] | None:
        """The state of each as this process last knew it, without asking: somebody else may have changed it since, and then a write
        over its version fails. None unless that is unlikely for all of them."""

    def write_many(self, states: Sequence[tuple[ViewerState, int]]) -> list[bool]:
        """One round trip: `write` for each state and its expected version, independently of the others. If it raises, some of them
        may be written."""

    def forget(self, viewer: str) -> None:
        """Delete what is known of a viewer."""


class Trending(Protocol):
    """Exponentially decayed counters per post. Scores are as of the latest bump; only positive ones are shown."""

    def bump(self, scores: Mapping[str, float], *, now: int) -> None:
        """Add to each post's counter as of `now`."""

    def top(self, count: int) -> dict[str, float]:
        """The highest counters."""

    def clear(self) -> None:
        """Forget all, before a rebuild."""


class Signals(Protocol):
    """Version numbers that all processes watch. They only grow, maybe by more than 1; a lost store never repeats one."""

    def bump(self, topic: str) -> int:
        """Raise the topic's version, tell every listener, return it."""

    def version(self, topic: str) -> int:
        """The topic's version; 0 if never bumped."""

    def listen(self, topics: Sequence[str], heard: Callable[[str, int], None]) -> Callable[[], None]:
        """Call `heard(topic, version)` from a thread after bumps, at least for the latest; returns what stops it."""


class Live(Protocol):
    """The live store, whole.

    Every call raises Unavailable if the store does not answer. What keeps one on a server leaves that alone for a moment then: all
    calls of the process fail at once until it is known to be back, so that it costs one of them a wait, and the others none.
    """

    @property
    def sessions(self) -> Sessions: ...
    @property
    def limits(self) -> RateLimits: ...
    @property
    def viewers(self) -> ViewerStates: ...
    @property
    def trending(self) -> Trending: ...
    @property
    def signals(self) -> Signals: ...

    def ping(self) -> None:
        """Return if the store answers, raise Unavailable if not."""

    def close(self) -> None:
        """Let go of connections."""
