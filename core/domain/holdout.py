"""The global holdout: the few viewers who are in no experiment, and the mix that they keep while others get what is shipped."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.ids import Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldoutPeriod:
    """From `since` on the holdout is served by `policy`, a version of the mix; "" means that in force. Never changed.

    Ids are consecutive numbers, so that of two people who begin one at once only one can be next.
    """

    id: str
    version: int = 1
    policy: str
    since: Millis
    by: str
    by_name: str
