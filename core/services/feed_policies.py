"""Which mix a page is made by: policies as a feed process holds them."""

from __future__ import annotations

import threading
from dataclasses import replace

from core.domain.collection import Collection
from core.domain.errors import Conflict, Duplicate, InvalidInput, ServiceError
from core.domain.ids import SECOND, Millis
from core.domain.mix import MixPolicy
from core.domain.mix_life import MixPublish
from core.feed.default_policy import DEFAULT_POLICY
from core.services import feed_metrics as metrics
from core.services.stores import Stores

SIGNAL = "policies"
"""Bumped by every publish and roll back."""
RETRY: Millis = 1 * SECOND
REFRESH: Millis = 10 * SECOND


class Policies:
    """Stored policies never change, so each is read once per process; which one is in force follows the signal `policies`."""

    def __init__(self, stores: Stores) -> None:
        self._policies, self._publishes = stores.policies, stores.mix_publishes
        self._held: dict[str, MixPolicy] = {}
        self._current: MixPolicy | None = None
        self._version = -1
        self._looked_at: Millis = 0
        self._retry_at: Millis = 0
        self._lock = threading.Lock()

    def current(self, version: int, *, now: Millis) -> MixPolicy:
        """The policy in force as of this version of the signal. Never raises: a store that is down leaves the last known one."""
        current = self._current
        if current is not None and self._version >= version:
            return current
        with self._lock:
            held = self._current
            if held is not None and (self._version >= version or now < self._retry_at):
                return held
            return self._look(version, now)

    def refresh(self, *, now: Millis) -> None:
        """Look now and then without a signal too: one that was lost with the live store must not leave the mix of yesterday."""
        if now < self._looked_at + REFRESH or not self._lock.acquire(blocking=False):
            return
        try:
            self._look(self._version, now)
        finally:
            self._lock.release()

    def resolve(self, policy: MixPolicy | str) -> MixPolicy:
        """A policy itself, or the one with this id. Raises InvalidInput for an unknown id."""
        if isinstance(policy, MixPolicy):
            return policy
        if policy == DEFAULT_POLICY.id:
            return self._default(0)
        if (held := self._held.get(policy)) is None:
            if (held := self._policies.find_one(policy)) is None:
                raise InvalidInput("policy", policy, "there is no such policy")
            self._held[policy] = held
        return held

    def asked_for(self, policy: MixPolicy | str) -> MixPolicy | None:
        """As `resolve`, but None, which means the one in force, for one that cannot be looked up now."""
        try:
            return self.resolve(policy)
        except ServiceError:
            metrics.DEGRADED.labels("policies").inc()
            return None

    def first(self) -> MixPolicy:
        """What Feedroom started with."""
        return self._default(0)

    def all(self) -> list[MixPolicy]:
        """All that are stored, the default first, then by name and age."""
        default = self._default(0)
        others = [policy for policy in self._policies.each() if policy.id != default.id]
        return [default, *sorted(others, key=lambda policy: (policy.name, policy.created_at))]

    def _look(self, version: int, now: Millis) -> MixPolicy:
        """Read which policy is in force. The version is kept only if that worked, so that the next request looks again."""
        self._looked_at = now
        try:
            last = last_publish(self._publishes)
            self._current = self._default(now) if last is None else self.resolve(last.policy)
            self._version = version
        except (ServiceError, InvalidInput):
            metrics.DEGRADED.labels("policies").inc()
            self._retry_at = now + RETRY
            self._current = self._current or self._default(now)
        return self._current

    def _default(self, now: Millis) -> MixPolicy:
        """The default as stored; stored now if it never was. A store that is down leaves the one in the code."""
        if (held := self._held.get(DEFAULT_POLICY.id)) is not None:
            return held
        try:
            stored = self._policies.find_one(DEFAULT_POLICY.id)
            if stored is None:
                stored = self._policies.insert(replace(DEFAULT_POLICY, created_at=now, updated_at=now))
        except (Duplicate, Conflict):
            stored = self._policies.get(DEFAULT_POLICY.id)
        except ServiceError:
            return DEFAULT_POLICY
        self._held[DEFAULT_POLICY.id] = stored
        return stored


def last_publish(publishes: Collection[MixPublish]) -> MixPublish | None:
    """The line that says which policy is in force; None if none was ever published."""
    found = publishes.find(descending=True, limit=1).items
    return found[0] if found else None
