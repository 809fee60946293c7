"""Verdicts of people on cases: decided once, under a lease and a version, and reversible for half a minute."""

from __future__ import annotations

from core.domain.account import Account, Role
from core.domain.errors import Conflict, Forbidden, InvalidInput
from core.domain.ids import HOUR, Millis
from core.domain.moderation import LEASE, Case, CaseState, Reason, Verdict
from core.domain.post import Post, PostStatus
from core.domain.review import REASON_TEXT, UNDO
from core.services.audit import Audit
from core.services.lifecycle import Lifecycle
from core.services.review_queue import ReviewQueue, waits
from core.services.screening import round_of
from core.services.stores import Stores

MODERATION = "moderation"
"""Who a post's history names for a verdict: creators never learn which person it was; the audit trail knows."""
MAX_NOTE = 500


class Verdicts:
    """Decide and undo. The case is decided first, durably; a crash before the post has moved is made good by `settle`."""

    def __init__(self, stores: Stores, audit: Audit, queue: ReviewQueue) -> None:
        self._stores = stores
        self._audit = audit
        self._queue = queue
        self._lifecycle = Lifecycle(stores)

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
        """Approve or reject. Needs the lease and the version that was looked at; a rejection needs a reason.

        Raises InvalidInput, Forbidden (one's own post), Conflict saying who took it or what changed meanwhile.
        """
        actor.require(Role.MODERATOR)
        note = note.strip()
        if verdict is Verdict.REJECT and reason is None:
            raise InvalidInput("reason", None, "a rejection needs a reason; choose one")
        if len(note) > MAX_NOTE:
            raise InvalidInput("note", note, f"at most {MAX_NOTE} characters")
        case = self._stores.cases.get(case_id)
        if case.author == actor.id:
            raise Forbidden("nobody reviews a post of their own")
        self._check_lease(actor, case, expected_version, now)
        post = self._stores.posts.find_one(case.post)
        if post is None or not waits(case, post):
            self._queue.close(case, now=now)
            raise Conflict("the creator has changed or withdrawn this post; take the next one")
        detail = {"post": case.post, "reason": reason or "", "note": note}
        self._audit.record_first(actor, f"case.{verdict}", case_id, turn=expected_version, now=now, **detail)
        decided = self._stores.cases.patch(
            case_id,
            {
                "state": CaseState.DECIDED,
                "holder": None,
                "verdict": verdict,
                "reason": reason if verdict is Verdict.REJECT else None,
                "note": note,
                "decided_by": actor.id,
                "decided_at": now,
                "updated_at": now,
            },
            expected_version=expected_version,
        )
        self._apply(decided, now)
        return decided

    def undo(self, actor: Account, case_id: str, *, now: Millis) -> Case:
        """Take back one's own verdict within half a minute: the post stands where it stood, the case is held again.

        Raises Conflict when it is too late, or when the post has moved on since.
        """
        actor.require(Role.MODERATOR)
        case = self._stores.cases.get(case_id)
        if case.state is not CaseState.DECIDED or case.decided_by != actor.id or case.decided_at is None:
            raise Conflict("there is no verdict of yours to undo here")
        if now - case.decided_at > UNDO:
            raise Conflict(f"a verdict can be undone for {UNDO // 1_000} seconds; ask for a review of the post instead")
        post = self._stores.posts.get(case.post)
        if not self._stands(case, post):
            raise Conflict("the post has changed since this verdict")
        again: dict[str, object] = {
            "state": CaseState.LEASED, "holder": actor.id, "lease_until": now + LEASE, "verdict": None, "reason": None,
            "decided_by": None, "decided_at": None, "updated_at": now,
        }  # fmt: skip
        held = self._queue.current(actor, now=now)
        taken_back = {"post": case.post, "verdict": case.verdict or ""}
        self._audit.record_first(actor, "case.undo", case_id, turn=case.version, now=now, **taken_back)
        reopened = self._stores.cases.patch(case_id, again, expected_version=case.version)
        if held is not None:
            self._queue.put_back(actor, held, now=now)
        self._reverse(case, post, now)
        return reopened

    def settle(self, *, now: Millis) -> int:
        """Move the posts of verdicts that a crash left unapplied; returns how many."""
        recent: dict[str, object] = {"state": CaseState.DECIDED, "decided_at": {"gte": now - 24 * HOUR}}
        return sum(self._apply(case, now) for case in list(self._stores.cases.each(recent, order="decided_at")))

    def _check_lease(self, actor: Account, case: Case, expected_version: int, now: Millis) -> None:
        if case.state is CaseState.LEASED and case.holder == actor.id and case.lease_until > now:
            if case.version != expected_version:
                raise Conflict("this case has changed since you opened it; look again and decide")
            return
        raise Conflict(self._queue.why_not(case))

    def _apply(self, case: Case, now: Millis) -> bool:
        """Move the post as decided, unless it has moved on since; False if there was nothing to do."""
        for _ in range(5):
            post = self._stores.posts.find_one(case.post)
            if post is None or not waits(case, post) or case.decided_at is None:
                return False
            if case.sample and (case.verdict is Verdict.APPROVE or post.history[-1].at >= case.decided_at):
                return False
            status = PostStatus.LIVE if case.verdict is Verdict.APPROVE else PostStatus.REJECTED
            try:
                self._lifecycle.move(post, status, by=MODERATION, now=now, note=_creator_note(case))
            except Conflict:
                continue
            return True
        raise Conflict("the post keeps changing; the verdict is kept and will be applied within a minute")

    @staticmethod
    def _stands(case: Case, post: Post) -> bool:
        """Whether the post is still where this verdict put it."""
        status = PostStatus.LIVE if case.verdict is Verdict.APPROVE else PostStatus.REJECTED
        if case.round != round_of(post) or post.status is not status:
            return False
        last = post.history[-1]
        if case.sample and case.verdict is Verdict.APPROVE:
            return True
        return last.by == MODERATION and last.at >= (case.decided_at or 0)

    def _reverse(self, case: Case, post: Post, now: Millis) -> None:
        if case.sample and case.verdict is Verdict.APPROVE:
            return
        before = PostStatus.HELD if case.held else PostStatus.LIVE if case.sample else PostStatus.IN_REVIEW
        first = case.verdict is Verdict.APPROVE and post.published_at == post.history[-1].at
        also: dict[str, object] = {"published_at": None} if first else {}
        note = "The decision was taken back; the post is being looked at again."
        self._lifecycle.move(post, before, by=MODERATION, now=now, note=note, also=also)


def _creator_note(case: Case) -> str:
    """What the creator reads in the post's history."""
    if case.verdict is Verdict.APPROVE or case.reason is None:
        return case.note or "Approved after a look by a person."
    return f"{case.reason.label}. {case.note or REASON_TEXT[case.reason][0]}"
