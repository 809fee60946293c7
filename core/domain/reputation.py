"""What reviewers' decisions say about a publisher, and how far its posts are shown because of it."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.ids import Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Reputation:
    """One publisher; `id` is the publisher's.

    `approved`, `rejected` and `passed` count decisions of people for and against, and posts that the machine published and nobody
    objected to. `fine` and `violations` are the same faded by age and weighed by severity. `mean`, `low` and `high` describe the
    Beta posterior of "a post of theirs is fine" (`low` is the 10% point that decides, `high` the 90% point); engagement of its
    posts is multiplied by `multiplier`, .5 to 1.
    """

    id: str
    version: int = 1
    approved: int = 0
    rejected: int = 0
    passed: int = 0
    fine: float = 0.0
    violations: float = 0.0
    mean: float = 0.0
    low: float = 0.0
    high: float = 0.0
    multiplier: float = 1.0
    computed_at: Millis = 0
    updated_at: Millis = 0
