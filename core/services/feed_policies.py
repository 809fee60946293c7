"""Which mix a page is made by: policies as a feed process holds them."""

from __future__ import annotations

import threading
from dataclasses import replace

from core.domain.errors import Conflict, Duplicate, InvalidInput, ServiceError
from core.domain.ids import Millis
from core.domain.mix import MixPolicy
from core.feed.default_policy import DEFAULT_POLICY
from core.services.stores import Stores


class Policies:
    """Stored policies never change, so each is read once per process; which one is in force follows the signal `policies`."""

    def __init__(self, stores: Stores) -> None:
        self._policies = stores.policies
        self._held: dict[str, MixPolicy] = {}
        self._lock = threading.Lock()

    def current(self, version: int, *, now: Millis) -> MixPolicy:
        """The policy in force as of this version of the signal. Never raises: a store that is down leaves the last known one."""
        return self._default(now)

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

    def all(self) -> list[MixPolicy]:
        """All that are stored, the default first, then by name and age."""
        default = self._default(0)
        others = [policy for policy in self._policies.each() if policy.id != default.id]
        return [default, *sorted(others, key=lambda policy: (policy.name, policy.created_at))]

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
