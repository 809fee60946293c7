"""The review queue: who looks at which case now. A lease of ten minutes, taken in one atomic step, renewed while it is open."""

from __future__ import annotations

from collections.abc import Iterator

from core.domain.account import Account, Role
from core.domain.errors import Conflict, Forbidden
from core.domain.ids import Millis
from core.domain.moderation import LEASE, Case, CaseState, Severity
from core.domain.post import Post, PostStatus
from core.domain.review import QueueEntry
from core.models import risk
from core.services.audit import Audit
from core.services.screening import Screener, round_of
from core.services.stores import Stores

OPEN = [CaseState.QUEUED, CaseState.LEASED]
WINDOW = 200
"""How many of the most severe, and of the most urgent, cases are weighed against each other at a claim."""


def waits(case: Case, post: Post | None) -> bool:
    """Whether the post still stands where its case needs a verdict."""
    if post is None or case.round != round_of(post):
        return False
    return post.status in ((PostStatus.LIVE,) if case.sample else (PostStatus.IN_REVIEW, PostStatus.HELD))


class ReviewQueue:
    """Claim, renew, skip, list. Nobody gets a case that a colleague holds, or a post of their own."""

    def __init__(self, stores: Stores, audit: Audit, screener: Screener) -> None:
        self._stores = stores
        self._cases = stores.cases
        self._audit = audit
        self._screener = screener

    def current(self, actor: Account, *, now: Millis) -> Case | None:
        """The case that this moderator holds, if the lease still runs."""
        actor.require(Role.MODERATOR)
        for case in self._cases.each({"holder": actor.id, "state": CaseState.LEASED, "lease_until": {"gt": now}}):
            if self._ready(case, now):
                return case
        return None

    def claim_next(self, actor: Account, *, now: Millis, severity: Severity | None = None) -> Case | None:
        """The case to look at now: the one already held, else the most urgent that is free. None when nothing is left."""
        if (held := self.current(actor, now=now)) is not None:
            return held
        for case in self._free(actor, now, severity):
            if (taken := self._take(actor, case.id, now)) is not None:
                return taken
        return None

    def peek(self, actor: Account, *, now: Millis) -> Case | None:
        """The case that `claim_next` would give, left where it is."""
        actor.require(Role.MODERATOR)
        return next(self._free(actor, now, None), None)

    def claim(self, actor: Account, case_id: str, *, now: Millis) -> Case:
        """This very case, putting back the one held before. Raises Conflict naming who has it, Forbidden for one's own post."""
        actor.require(Role.MODERATOR)
        self.return_expired(now=now)
        case = self._cases.get(case_id)
        if case.author == actor.id:
            raise Forbidden("nobody reviews a post of their own")
        held = self.current(actor, now=now)
        if held is not None and held.id == case_id:
            return held
        if not self._ready(case, now) or (taken := self._take(actor, case_id, now)) is None:
            raise Conflict(self.why_not(self._cases.get(case_id)))
        if held is not None:
            self.put_back(actor, held, now=now)
        return taken

    def renew(self, actor: Account, case_id: str, *, now: Millis) -> Case:
        """Ten more minutes. Raises Conflict if the lease was lost; the case's version moves."""
        actor.require(Role.MODERATOR)
        renewed = self._cases.claim(
            {"id": case_id, "state": CaseState.LEASED, "holder": actor.id, "lease_until": {"gt": now}},
            {"lease_until": now + LEASE},
        )
        if renewed is None:
            raise Conflict(self.why_not(self._cases.get(case_id)))
        return renewed

    def skip(self, actor: Account, case_id: str, *, now: Millis) -> None:
        """Give the case back for somebody else. Raises Conflict if it is not held by this moderator."""
        actor.require(Role.MODERATOR)
        case = self._cases.get(case_id)
        if case.state is not CaseState.LEASED or case.holder != actor.id:
            raise Conflict(self.why_not(case))
        others = [id for id in case.skipped_by if id != actor.id]
        self.put_back(actor, case, now=now, skipped_by=[*others, actor.id])

    def return_expired(self, *, now: Millis) -> int:
        """Cases whose lease ran out go back to the queue; returns how many."""
        returned = 0
        where: dict[str, object] = {"state": CaseState.LEASED, "lease_until": {"lte": now}}
        for case in self._cases.find(where, limit=WINDOW).items:
            back: dict[str, object] = {"state": CaseState.QUEUED, "holder": None, "updated_at": now}
            if self._cases.claim({"id": case.id, **where}, back) is not None:
                self._audit.record(None, "case.lease_expired", case.id, now=now, holder=case.holder or "")
                returned += 1
        return returned

    def entries(
        self, actor: Account, *, now: Millis, severity: Severity | None = None, limit: int = 50
    ) -> list[QueueEntry]:
        """The queue as a table, most urgent first; cases of colleagues are shown as taken."""
        actor.require(Role.MODERATOR)
        self.return_expired(now=now)
        ranked = list(self._ranked(now, severity, states=OPEN))
        posts = self._stores.posts.get_many([case.post for case in ranked])
        publishers = self._stores.publishers.get_many(list({case.publisher for case in ranked}))
        people = self._stores.accounts.get_many([case.holder for case in ranked if case.holder])
        found = []
        for case in ranked:
            post = posts.get(case.post)
            if post is None or not waits(case, post):
                continue
            publisher = publishers.get(case.publisher)
            holder = people.get(case.holder or "")
            found.append(
                QueueEntry(
                    case=case,
                    post=post,
                    publisher_name=publisher.name if publisher else "Unknown publisher",
                    priority=self._priority(case, now),
                    holder_name=holder.name if holder else "",
                    claimable=case.author != actor.id and case.holder in (None, actor.id),
                )
            )
        return found[:limit]

    def counts(self, actor: Account, *, now: Millis) -> dict[str, int]:
        """How many wait: `waiting`, `p0`, `p1`, `p2`, `leased`, `overdue`, `due_soon`."""
        actor.require(Role.MODERATOR)
        queued = self._cases.group_counts("severity", {"state": CaseState.QUEUED})
        waiting: dict[str, object] = {"state": {"in": OPEN}}
        return {
            "waiting": sum(queued.values()),
            **{severity.value: queued.get(severity.value, 0) for severity in Severity},
            "leased": self._cases.count({"state": CaseState.LEASED}),
            "overdue": self._cases.count(waiting | {"due_at": {"lt": now}}),
            "due_soon": self._cases.count(waiting | {"due_at": {"gte": now, "lt": now + risk.BREACH}}),
        }

    def close(self, case: Case, *, now: Millis) -> None:
        """A case that needs no verdict any more: its post was withdrawn, changed, or is gone."""
        where: dict[str, object] = {"id": case.id, "state": {"in": OPEN}}
        if self._cases.claim(where, {"state": CaseState.CLOSED, "holder": None, "updated_at": now}) is not None:
            self._audit.record(None, "case.close", case.id, now=now, post=case.post)

    def close_stale(self, *, now: Millis) -> int:
        """Close all open cases whose post has moved on; returns how many."""
        closed = 0
        for case in list(self._cases.each({"state": {"in": OPEN}})):
            closed += not self._ready(case, now)
        return closed

    def put_back(self, actor: Account, case: Case, *, now: Millis, skipped_by: list[str] | None = None) -> None:
        """Give a held case back to the queue; `skipped_by` if this moderator passed it on."""
        back: dict[str, object] = {"state": CaseState.QUEUED, "holder": None, "updated_at": now}
        if skipped_by is not None:
            back["skipped_by"] = skipped_by
        if self._cases.claim({"id": case.id, "state": CaseState.LEASED, "holder": actor.id}, back) is not None:
            action = "case.put_back" if skipped_by is None else "case.skip"
            self._audit.record(actor, action, case.id, now=now, post=case.post)

    def why_not(self, case: Case) -> str:
        """Why this case cannot be taken or decided, as a sentence for the moderator."""
        if case.state is CaseState.LEASED:
            holder = self._stores.accounts.find_one(case.holder or "")
            return f"taken by {holder.name if holder else 'a colleague'}; take the next one"
        if case.state is CaseState.DECIDED:
            return "decided already; take the next one"
        if case.state is CaseState.CLOSED:
            return "this post was changed or withdrawn; take the next one"
        return "your lease on this case has ended; claim it again"

    def _ranked(self, now: Millis, severity: Severity | None, states: list[CaseState] | None = None) -> Iterator[Case]:
        where: dict[str, object] = {"state": {"in": states} if states else CaseState.QUEUED}
        if severity is not None:
            where["severity"] = severity
        weighed = self._cases.find(where, order="priority", descending=True, limit=WINDOW).items
        urgent = self._cases.find(where, order="due_at", limit=WINDOW).items
        both = {case.id: case for case in (*weighed, *urgent)}
        return iter(sorted(both.values(), key=lambda case: (-self._priority(case, now), case.id)))

    @staticmethod
    def _priority(case: Case, now: Millis) -> float:
        return risk.priority(case.severity, case.screening.risk, case.created_at, case.due_at, now)

    def _free(self, actor: Account, now: Millis, severity: Severity | None) -> Iterator[Case]:
        """Cases this moderator may take, most urgent first."""
        self.return_expired(now=now)
        for case in self._ranked(now, severity):
            if case.author != actor.id and actor.id not in case.skipped_by and self._ready(case, now):
                yield case

    def _ready(self, case: Case, now: Millis) -> bool:
        """Whether the case still needs a verdict; finishes a screening that was cut off, closes a case that is stale."""
        self._screener.settle(case, now=now)
        if waits(case, self._stores.posts.find_one(case.post)):
            return True
        self.close(case, now=now)
        return False

    def _take(self, actor: Account, case_id: str, now: Millis) -> Case | None:
        lease: dict[str, object] = {
            "state": CaseState.LEASED, "holder": actor.id, "lease_until": now + LEASE, "updated_at": now,
        }  # fmt: skip
        taken = self._cases.claim({"id": case_id, "state": CaseState.QUEUED}, lease)
        if taken is not None:
            self._audit.record(actor, "case.claim", case_id, now=now, post=taken.post)
        return taken
