"""Reputation of publishers from reviewers' decisions, kept up to date by the worker and followed by every feed process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from core.domain.account import Account, Role
from core.domain.ids import DAY, HOUR, MINUTE, Millis
from core.domain.moderation import Case, CaseState, Reason, Verdict
from core.domain.post import PostStatus
from core.domain.publisher import Publisher
from core.domain.reputation import Reputation
from core.services.lifecycle import CATALOGUE
from core.services.stores import Stores
from core.statistics.reputation import clean_posts_needed, standing

FINE_HALF_LIFE: Final[Millis] = 90 * DAY
VIOLATION_HALF_LIFE: Final[Millis] = 180 * DAY
REACH: Final[Millis] = 4 * VIOLATION_HALF_LIFE
"""Older decisions weigh less than a sixteenth and are not looked at."""
SEVERITY: Final[Mapping[Reason, int]] = {
    Reason.LOW_QUALITY: 1,
    Reason.WRONG_PRODUCT: 1,
    Reason.SPAM: 1,
    Reason.MISLEADING_CLAIM: 2,
    Reason.COPYRIGHT: 2,
    Reason.PERSONAL_DATA: 2,
    Reason.COUNTERFEIT: 5,
    Reason.PROHIBITED_ITEM: 5,
    Reason.ADULT: 5,
    Reason.VIOLENCE: 5,
    Reason.HATE: 5,
}
"""How many slight violations a rejection counts for."""
PASSED: Final = 0.25
"""What a live post counts that the machine published and no person has judged."""
PASSED_A_DAY: Final = 4
"""At most this many of them count per day, so that nobody uploads themselves a reputation."""
RENEW: Final[Millis] = DAY
LOOK: Final[Millis] = HOUR
OVERLAP: Final[Millis] = 2 * MINUTE
FELT: Final = 0.005
"""A change of the multiplier smaller than this waits for the feed's next refresh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherStanding:
    """One line of the table. `clean_needed` is how many more posts must be found fine for full exposure."""

    publisher: Publisher
    reputation: Reputation
    clean_needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision that counts: `weight` is signed (fine above 0, violations below) and faded by age."""

    post: str
    title: str
    verdict: Verdict
    reason: Reason | None
    at: Millis
    weight: float


class Reputations:
    """`sweep` computes, `table` and `decisions` show. Everything is computed anew from the cases, so an undo counts at once."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._high: Millis = 0
        self._looked: Millis = 0

    def sweep(self, *, now: Millis) -> int:
        """Renew publishers with fresh decisions, and everybody once a day; returns how many multipliers moved. For the worker."""
        publishers = self._decided_since((self._high or now - DAY) - OVERLAP)
        if now - self._looked >= LOOK:
            publishers |= self._due(now)
            self._looked = now
        self._high = now
        moved = sum(self.renew(publisher, now=now) for publisher in sorted(publishers))
        if moved:
            self._stores.live.signals.bump(CATALOGUE)
        return moved

    def renew(self, publisher: str, *, now: Millis) -> bool:
        """Compute one publisher's reputation; True if the feed should hear of it at once."""
        held = self._stores.reputations.find_one(publisher)
        fresh = self._computed(publisher, now)
        if held is None:
            self._stores.reputations.upsert_many([fresh])
            return fresh.multiplier < 1 - FELT
        if replace(fresh, version=held.version, computed_at=0, updated_at=0) == replace(
            held, computed_at=0, updated_at=0
        ):
            self._stores.reputations.patch(publisher, {"computed_at": now})
            return False
        self._stores.reputations.upsert_many([replace(fresh, version=held.version + 1)])
        return abs(fresh.multiplier - held.multiplier) >= FELT

    def table(self, actor: Account, *, limit: int = 500) -> list[PublisherStanding]:
        """Publishers, those with the lowest multiplier first."""
        actor.require(Role.PRODUCT_MANAGER, Role.MODERATOR)
        found = self._stores.reputations.find(order="multiplier", limit=limit).items
        publishers = self._stores.publishers.get_many([one.id for one in found])
        lines = [
            PublisherStanding(
                publisher=publishers[one.id],
                reputation=one,
                clean_needed=clean_posts_needed(one.fine, one.violations),
            )
            for one in found
            if one.id in publishers
        ]
        return sorted(
            lines, key=lambda line: (line.reputation.multiplier, -line.reputation.rejected, line.publisher.name)
        )

    def decisions(self, actor: Account, publisher: str, *, now: Millis, limit: int = 50) -> list[Decision]:
        """The decisions behind one publisher's reputation, newest first."""
        actor.require(Role.PRODUCT_MANAGER, Role.MODERATOR)
        cases = sorted(self._cases(publisher, now), key=lambda case: -(case.decided_at or 0))[:limit]
        posts = self._stores.posts.get_many([case.post for case in cases])
        return [
            Decision(
                post=case.post,
                title=posts[case.post].title if case.post in posts else case.post,
                verdict=case.verdict or Verdict.APPROVE,
                reason=case.reason,
                at=case.decided_at or 0,
                weight=_weight(case, now),
            )
            for case in cases
        ]

    def _computed(self, publisher: str, now: Millis) -> Reputation:
        cases = self._cases(publisher, now)
        weights = [_weight(case, now) for case in cases]
        judged = {case.post for case in cases}
        days: Counter[int] = Counter()
        passed = 0
        for post in self._stores.posts.each(
            {"publisher": publisher, "updated_at": {"gte": now - REACH}}, order="updated_at"
        ):
            if post.status is PostStatus.LIVE and post.id not in judged and post.published_at is not None:
                passed += 1
                days[post.published_at // DAY] += 1
        fine = sum(weight for weight in weights if weight > 0)
        fine += sum(
            PASSED * min(count, PASSED_A_DAY) * 0.5 ** (max(now - day * DAY, 0) / FINE_HALF_LIFE)
            for day, count in days.items()
        )
        violations = -sum(weight for weight in weights if weight < 0)
        found = standing(fine, violations)
        return Reputation(
            id=publisher,
            approved=sum(case.verdict is Verdict.APPROVE for case in cases),
            rejected=sum(case.verdict is Verdict.REJECT for case in cases),
            passed=passed,
            fine=round(fine, 2),
            violations=round(violations, 2),
            mean=round(found.mean, 4),
            low=round(found.low, 4),
            high=round(found.high, 4),
            multiplier=round(found.multiplier, 3),
            computed_at=now,
            updated_at=now,
        )

    def _cases(self, publisher: str, now: Millis) -> list[Case]:
        where: dict[str, object] = {"publisher": publisher, "decided_at": {"gte": now - REACH}}
        found = self._stores.cases.each(where, order="decided_at")
        return [case for case in found if case.verdict is not None and case.state is CaseState.DECIDED]

    def _decided_since(self, since: Millis) -> set[str]:
        """Publishers of cases that were decided, or whose verdict was taken back, since then."""
        decided = {
            case.publisher for case in self._stores.cases.each({"decided_at": {"gte": since}}, order="decided_at")
        }
        reopened = {"state": CaseState.LEASED, "updated_at": {"gte": since}}
        return decided | {case.publisher for case in self._stores.cases.each(reopened)}

    def _due(self, now: Millis) -> set[str]:
        fresh = {one.id for one in self._stores.reputations.each({"computed_at": {"gte": now - RENEW}})}
        return {publisher.id for publisher in self._stores.publishers.each()} - fresh


def _weight(case: Case, now: Millis) -> float:
    """What a decided case counts: 1 for an approval, minus its severity for a rejection, halved with each half-life."""
    age = max(now - (case.decided_at or 0), 0)
    if case.verdict is Verdict.APPROVE:
        return float(0.5 ** (age / FINE_HALF_LIFE))
    severity = SEVERITY.get(case.reason, 1) if case.reason is not None else 1
    return float(-severity * 0.5 ** (age / VIOLATION_HALF_LIFE))
