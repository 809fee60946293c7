"""Moderation as its callers see it: the worker screens, moderators review, creators learn the outcome and why."""

from __future__ import annotations

from core.domain.account import Account, Role
from core.domain.errors import NotFound
from core.domain.ids import DAY, HOUR, MINUTE, Millis
from core.domain.moderation import Case, CaseState, Reason, Screening, Severity, Verdict
from core.domain.post import Post, PostStatus
from core.domain.review import REASON_TEXT, CaseView, PublisherRecord, QueueEntry, ReviewOutcome
from core.services.audit import Audit
from core.services.known_files import KnownFiles
from core.services.review_queue import ReviewQueue
from core.services.screening import Screener, round_of
from core.services.stores import Stores
from core.services.verdicts import Verdicts

INDIA: Millis = 5 * HOUR + 30 * MINUTE
"""Offset of Indian time, in which a moderator's day is counted."""


class Moderation:
    """One room for screening, queue, verdicts and the bank of known files (`known`)."""

    def __init__(self, stores: Stores, audit: Audit) -> None:
        self._stores = stores
        self.known = KnownFiles(stores, audit)
        self._screener = Screener(stores, self.known)
        self._queue = ReviewQueue(stores, audit, self._screener)
        self._verdicts = Verdicts(stores, audit, self._queue)

    def screen(self, post_id: str, *, now: Millis) -> Screening | None:
        """Screen a post and publish, queue or hold it; None if it is not waiting for that. For the worker; safe to repeat."""
        return self._screener.screen(post_id, now=now)

    def sweep(self, *, now: Millis) -> int:
        """What the worker does once a minute: return expired leases, apply verdicts a crash left, close stale cases."""
        settled = self._queue.return_expired(now=now) + self._verdicts.settle(now=now)
        return settled + self._queue.close_stale(now=now)

    def current(self, actor: Account, *, now: Millis) -> Case | None:
        """The case this moderator holds."""
        return self._queue.current(actor, now=now)

    def claim_next(self, actor: Account, *, now: Millis, severity: Severity | None = None) -> Case | None:
        """The most urgent free case, under a lease; the one already held comes first."""
        return self._queue.claim_next(actor, now=now, severity=severity)

    def peek(self, actor: Account, *, now: Millis) -> Case | None:
        """The case that `claim_next` would give, without taking it."""
        return self._queue.peek(actor, now=now)

    def claim(self, actor: Account, case_id: str, *, now: Millis) -> Case:
        """This very case. Raises Conflict naming who has it."""
        return self._queue.claim(actor, case_id, now=now)

    def renew(self, actor: Account, case_id: str, *, now: Millis) -> Case:
        """Ten more minutes; returns the case with its new version. Raises Conflict if the lease was lost."""
        return self._queue.renew(actor, case_id, now=now)

    def skip(self, actor: Account, case_id: str, *, now: Millis) -> None:
        """Pass the case on to a colleague."""
        self._queue.skip(actor, case_id, now=now)

    def decide(
        self,
        actor: Account,
        case_id: str,
        *,
        expected_version: int,
        verdict: Verdict,
        reason: Reason | None = None,
        note: str = "",
        now: Millis,
    ) -> Case:
        """Approve or reject under lease and version; see `Verdicts.decide`."""
        return self._verdicts.decide(
            actor, case_id, expected_version=expected_version, verdict=verdict, reason=reason, note=note, now=now
        )

    def undo(self, actor: Account, case_id: str, *, now: Millis) -> Case:
        """Take back one's own verdict within half a minute."""
        return self._verdicts.undo(actor, case_id, now=now)

    def queue(
        self, actor: Account, *, now: Millis, severity: Severity | None = None, limit: int = 50
    ) -> list[QueueEntry]:
        """The queue, most urgent first."""
        return self._queue.entries(actor, now=now, severity=severity, limit=limit)

    def counts(self, actor: Account, *, now: Millis) -> dict[str, int]:
        """How many cases wait, by severity and urgency."""
        return self._queue.counts(actor, now=now)

    def decisions(self, actor: Account, *, now: Millis, limit: int = 100) -> list[tuple[Case, Post | None]]:
        """This moderator's verdicts of today (Indian time), newest first, each with its post."""
        actor.require(Role.MODERATOR)
        midnight = (now + INDIA) // DAY * DAY - INDIA
        where = {"decided_by": actor.id, "decided_at": {"gte": midnight}}
        cases = self._stores.cases.find(where, order="decided_at", descending=True, limit=limit).items
        posts = self._stores.posts.get_many([case.post for case in cases])
        return [(case, posts.get(case.post)) for case in cases]

    def view(self, actor: Account, case_id: str) -> CaseView:
        """All that a reviewer needs on one screen."""
        actor.require(Role.MODERATOR)
        case = self._stores.cases.get(case_id)
        post = self._stores.posts.get(case.post)
        found = self._stores.products.get_many(post.products)
        products = tuple(found[id] for id in post.products if id in found)
        return CaseView(
            case=case,
            post=post,
            publisher=self._stores.publishers.find_one(case.publisher),
            texts=self._screener.mark(post, products),
            products=products,
            record=self._record(case.publisher),
        )

    def outcome(self, actor: Account, post_id: str) -> ReviewOutcome:
        """What the creator of a post is told: where it stands, why, and what to do next.

        Brands and creators see their own posts only (NotFound otherwise); who decided and the raw signals are never told.
        """
        actor.require(*Role)
        post = self._stores.posts.get(post_id)
        if actor.publisher is not None and actor.publisher != post.publisher:
            raise NotFound(f"no post {post_id!r}", field="id", value=post_id)
        latest = self._stores.cases.find({"post": post_id}, order="created_at", descending=True, limit=1).items
        case = latest[0] if latest and latest[0].round == round_of(post) else None
        since = post.history[-1].at if post.history else post.created_at
        told = _TOLD.get(post.status)
        if post.status is PostStatus.REJECTED and case is not None and case.reason is not None:
            why, next_step = REASON_TEXT[case.reason]
            return ReviewOutcome(
                status=post.status, headline=why, reason=case.reason, note=case.note, next_step=next_step, at=since
            )
        if told is None:
            return ReviewOutcome(status=post.status, headline=f"{post.status.label}.", note=post.problem, at=since)
        note = case.note if case is not None and case.state is CaseState.DECIDED else ""
        return ReviewOutcome(status=post.status, headline=told[0], note=note, next_step=told[1], at=since)

    def _record(self, publisher: str) -> PublisherRecord:
        counts = self._stores.posts.group_counts("status", {"publisher": publisher})
        rejected = self._stores.posts.find(
            {"publisher": publisher, "status": PostStatus.REJECTED}, order="updated_at", descending=True, limit=3
        )
        latest = tuple((post.title, post.history[-1].note if post.history else "") for post in rejected.items)
        return PublisherRecord(
            live=counts.get(PostStatus.LIVE, 0),
            rejected=counts.get(PostStatus.REJECTED, 0),
            total=sum(counts.values()),
            latest_rejections=latest,
        )


_TOLD: dict[PostStatus, tuple[str, str]] = {
    PostStatus.SCREENING: ("The automatic check is running.", "Nothing to do: it takes a few seconds."),
    PostStatus.IN_REVIEW: (
        "A person will look at this post before it is shown.",
        "Nothing to do: most posts are decided within a day. You may still change or withdraw it.",
    ),
    PostStatus.HELD: (
        "On hold: a person must look at this post before it can be shown.",
        "Nothing to do: posts on hold are looked at first, usually within an hour. You may withdraw it.",
    ),
    PostStatus.LIVE: ("In the feed.", ""),
    PostStatus.REJECTED: ("Not shown in the feed.", "Change the post and submit it again."),
    PostStatus.WITHDRAWN: ("You have withdrawn this post.", "Restore it to have it checked again."),
}
