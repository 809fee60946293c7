"""Periods of the holdout: which mix it keeps, since when, who said so."""

from __future__ import annotations

from core.domain.account import Account, Role
from core.domain.collection import Collection
from core.domain.errors import Conflict, Duplicate
from core.domain.holdout import HoldoutPeriod
from core.domain.ids import Millis
from core.domain.mix_life import publish_id
from core.services.assignments import SIGNAL
from core.services.audit import Audit
from core.services.feed_policies import Policies, last_publish
from core.services.stores import Stores


class Holdouts:
    """While a period runs, publishing a mix does not reach the holdout: the difference to everybody else is what was shipped."""

    def __init__(self, stores: Stores, audit: Audit) -> None:
        self._stores, self._audit = stores, audit
        self._policies = Policies(stores)

    def current(self, actor: Account) -> HoldoutPeriod | None:
        """The period that runs; None if the holdout gets what everybody gets."""
        actor.require(Role.PRODUCT_MANAGER)
        last = last_period(self._stores.holdout_periods)
        return last if last is not None and last.policy else None

    def begin(self, actor: Account, *, now: Millis) -> HoldoutPeriod:
        """Start a period: the holdout keeps the mix that is in force now. Raises Conflict if somebody else did just now."""
        actor.require(Role.PRODUCT_MANAGER)
        published = last_publish(self._stores.mix_publishes)
        return self._append(actor, self._policies.first().id if published is None else published.policy, now)

    def end(self, actor: Account, *, now: Millis) -> None:
        """Give the holdout the mix in force again. Raises Conflict if no period runs."""
        if self.current(actor) is None:
            raise Conflict("no holdout period runs: the holdout has the mix in force")
        self._append(actor, "", now)

    def _append(self, actor: Account, policy: str, now: Millis) -> HoldoutPeriod:
        last = last_period(self._stores.holdout_periods)
        id = publish_id(1 + (int(last.id) if last else 0))
        period = HoldoutPeriod(id=id, policy=policy, since=now, by=actor.id, by_name=actor.name)
        try:
            self._stores.holdout_periods.insert(period)
        except Duplicate:
            raise Conflict("somebody else changed the holdout just now; look again") from None
        self._stores.live.signals.bump(SIGNAL)
        self._audit.record(actor, "holdout.begin" if policy else "holdout.end", id, now=now, policy=policy)
        return period


def last_period(periods: Collection[HoldoutPeriod]) -> HoldoutPeriod | None:
    """The last line of its history."""
    found = periods.find(descending=True, limit=1).items
    return found[0] if found else None
