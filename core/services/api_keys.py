"""Keys with which programs ask: made and revoked by administrators, checked on every request."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from core.domain.account import Account, ApiKey, Role, Scope
from core.domain.bounded import Bounded
from core.domain.errors import Forbidden, InvalidInput, ServiceError, Throttled, Unauthenticated
from core.domain.ids import MINUTE, SECOND, Millis, new_id
from core.services import feed_metrics as metrics
from core.services.audit import Audit
from core.services.stores import Stores

START = "fr_live_"
REMEMBERED: Millis = 2 * SECOND
"""How long a process goes on without asking the store: a revoked key works at most this much longer."""
MOST_REMEMBERED, MOST_UNKNOWN = 10_000, 1_000
"""Keys, and secrets that are none: a program with a wrong one asks again and again. Each kind makes room for its own only."""
MAX_PER_MINUTE = 10_000_000


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it was made; `secret` is shown once and kept nowhere."""

    key: ApiKey
    secret: str


@dataclass(slots=True)
class _Allowance:
    """Requests of the current minute that this process has reserved and not used yet; `alone` if nobody else counts them."""

    minute: int
    left: int
    alone: bool = False


class ApiKeys:
    """Create, list, revoke, authenticate.

    Feed traffic asks thousands of times a second, so a process remembers a key for REMEMBERED milliseconds and reserves
    requests from the shared counter in blocks of a hundredth of the limit.
    """

    def __init__(self, stores: Stores, audit: Audit) -> None:
        self._stores = stores
        self._audit = audit
        self._known: Bounded[str, tuple[ApiKey, Millis]] = Bounded(MOST_REMEMBERED)
        self._unknown: Bounded[str, Millis] = Bounded(MOST_UNKNOWN)
        self._allowances: dict[str, _Allowance] = {}

    def create(
        self, actor: Account, name: str, scopes: Iterable[Scope], *, per_minute: int = 60_000, now: Millis
    ) -> NewKey:
        """A new key. Raises InvalidInput without a name, without scopes or for an impossible limit."""
        actor.require(Role.ADMINISTRATOR)
        name, chosen = " ".join(name.split()), tuple(sorted(set(scopes)))
        if not 1 <= len(name) <= 80:
            raise InvalidInput("name", name, "1 to 80 characters that say which program uses the key")
        if not chosen:
            raise InvalidInput("scopes", (), "choose at least one thing that the key may do")
        if not 1 <= per_minute <= MAX_PER_MINUTE:
            raise InvalidInput("per_minute", per_minute, f"1 to {MAX_PER_MINUTE:,} requests a minute")
        prefix = START + secrets.token_hex(4)
        secret = f"{prefix}_{secrets.token_urlsafe(32)}"
        key = ApiKey(
            id=new_id(now), name=name, prefix=prefix, secret_hash=_hash(secret), scopes=chosen, per_minute=per_minute,
            created_by=actor.id, created_at=now, updated_at=now,
        )  # fmt: skip
        self._stores.api_keys.insert(key)
        self._audit.record(actor, "api_key.create", key.id, now=now, name=name, scopes=" ".join(chosen))
        return NewKey(key, secret)

    def find(self, actor: Account) -> list[ApiKey]:
        """All keys, newest first."""
        actor.require(Role.ADMINISTRATOR)
        return list(self._stores.api_keys.each(order="created_at", descending=True))

    def revoke(self, actor: Account, key: str, *, now: Millis) -> ApiKey:
        """End a key for good. Raises NotFound."""
        actor.require(Role.ADMINISTRATOR)
        found = self._stores.api_keys.get(key)
        if found.revoked_at is None:
            self._audit.record_first(actor, "api_key.revoke", key, turn=found.version, now=now, name=found.name)
            found = self._stores.api_keys.patch(key, {"revoked_at": now, "updated_at": now})
        self._known.pop(found.secret_hash, None)
        return found

    def authenticate(self, secret: str, scope: Scope, *, now: Millis) -> ApiKey:
        """The key of this secret. Raises Unauthenticated, Forbidden without the scope, Throttled beyond its limit."""
        key = self._look_up(secret, now)
        if key is None or key.revoked_at is not None:
            raise Unauthenticated("this API key is not known or has been revoked")
        _check_scope(key, scope)
        if (wait := self._spend(key, now)) > 0:
            raise Throttled(f"this API key may ask {key.per_minute:,} times a minute", wait)
        return key

    def remembered(self, secret: str, scope: Scope, *, now: Millis) -> ApiKey | None:
        """What `authenticate` says, if this process can tell without asking a store, else None. Raises Forbidden."""
        key, asked_at = self._known.get(_hash(secret), (None, 0))
        if key is None or key.revoked_at is not None or not 0 <= now - asked_at < REMEMBERED:
            return None
        allowance = self._allowances.get(key.id)
        if allowance is None or allowance.minute != now // MINUTE or allowance.left <= 0:
            return None
        _check_scope(key, scope)
        allowance.left -= 1
        return key

    def _look_up(self, secret: str, now: Millis) -> ApiKey | None:
        if not secret.startswith(START) or len(secret) > 100:
            return None
        hashed = _hash(secret)
        known, asked_at = self._known.get(hashed, (None, self._unknown.get(hashed, -REMEMBERED)))
        if 0 <= now - asked_at < REMEMBERED:
            return known
        try:
            found = next(iter(self._stores.api_keys.find({"secret_hash": hashed}, limit=1).items), None)
        except ServiceError:
            if known is None:
                raise
            # A key that was good stays good while the store is down, where it could not be revoked either.
            metrics.DEGRADED.labels("api keys").inc()
            self._known.put(hashed, (known, now - REMEMBERED // 2))
            return known
        if found is None:
            self._known.pop(hashed, None)
            self._unknown.put(hashed, now)
        else:
            self._known.put(hashed, (found, now))
        return found

    def _spend(self, key: ApiKey, now: Millis) -> float:
        minute = now // MINUTE
        allowance = self._allowances.get(key.id)
        if allowance is None or allowance.minute != minute:
            allowance = self._allowances[key.id] = _Allowance(minute, 0)
        if allowance.left > 0:
            allowance.left -= 1
            return 0.0
        block = max(1, key.per_minute // 100)
        wait = 0.0
        for cost in (block, 1) if block > 1 else (1,):
            try:
                wait = self._stores.live.limits.hit(
                    f"api-key:{key.id}", limit=key.per_minute, window_ms=MINUTE, now=now, cost=cost
                )
            except ServiceError:
                return self._spend_alone(key, allowance, now)
            if wait == 0:
                allowance.left += cost - 1
                return 0.0
        return wait

    def _spend_alone(self, key: ApiKey, allowance: _Allowance, now: Millis) -> float:
        """Without the shared counter each process allows the whole limit: a feed that answers beats a limit that is exact."""
        metrics.DEGRADED.labels("rate limits").inc()
        if allowance.alone:
            return (MINUTE - now % MINUTE) / SECOND
        allowance.alone, allowance.left = True, key.per_minute - 1
        return 0.0


def _check_scope(key: ApiKey, scope: Scope) -> None:
    if scope not in key.scopes:
        raise Forbidden(f"this API key lacks the scope {scope.value}", field="scope", value=scope.value)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
