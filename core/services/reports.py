"""Reports of posts: they gather, weighed by how often a reporter was right, until a person has to look or the post is held.

Everything follows from the reports that came after the last verdict of a person, so it may be worked out again at any time:
after a crash, after a redelivery, after an undone verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from core.domain.account import Account, Role
from core.domain.anonymous import Anonymous
from core.domain.errors import Conflict, Duplicate, InvalidInput, NotFound, Unavailable
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import Millis
from core.domain.moderation import Case, CaseState, Verdict
from core.domain.post import Post, PostStatus
from core.domain.report import (
    PostReport,
    Reporter,
    ReportOutcome,
    ReportReason,
    ReportRules,
    ReportView,
)
from core.domain.review import UNDO
from core.services.audit import MACHINE, Audit
from core.services.engagement import Engagement
from core.services.event_intake import EventStatus, own_id
from core.services.lifecycle import Lifecycle
from core.services.report_cases import ReportCases
from core.services.screening import round_of
from core.services.stores import Stores

NOTE: Final = "Viewers reported this post; a person looks at it before it is shown again."
KEPT_TIMES: Final = 20
AT_ONCE: Final = 200
"""Open reports that one sweep looks at in turn."""
_TRIES: Final = 16


class Reports:
    """`take` for the worker, `of` for moderators, `sweep` every ten seconds by one thread of each worker."""

    def __init__(self, stores: Stores, audit: Audit, anonymous: Anonymous, rules: ReportRules | None = None) -> None:
        self._anonymous = anonymous
        self._stores, self._audit, self.rules = stores, audit, rules or ReportRules()
        self._cases = ReportCases(stores, audit)
        self._lifecycle = Lifecycle(stores)
        self._swept: Millis = 0
        self._cursor: str | None = None

    def report(
        self, engagement: Engagement, post: str, viewer: str, reason: str = "", note: str = "", *, now: Millis
    ) -> bool:
        """A viewer's report as an event; False if this viewer reported this post before. Raises NotFound, InvalidInput."""
        found = self._stores.posts.find_one(post)
        if found is None or found.published_at is None:
            raise NotFound(f"no live post {post!r}", field="id", value=post)
        fields: dict[str, object] = {"reason": reason, "text": note.strip(), "post": post, "viewer": viewer}
        id = own_id("report", f"{post}.{round_of(found)}", viewer)
        (result,) = engagement.accept([fields | {"id": id, "kind": EventKind.REPORT.value, "at": now}], now)
        if result.status is EventStatus.REFUSED:
            field = "note" if result.field == "text" else result.field
            raise InvalidInput(
                field, shown if isinstance(shown := fields.get(result.field), str) else None, result.reason
            )
        return result.status is EventStatus.ACCEPTED

    def take(self, event: ViewerEvent, *, now: Millis) -> None:
        """Count a report event; one viewer counts once for each submission of a post."""
        post = self._stores.posts.find_one(event.post)
        if post is None:
            return
        number = round_of(post)
        report = PostReport(
            id=f"{post.id}.{number}:{event.viewer}",
            post=post.id,
            round=number,
            viewer=event.viewer,
            reason=ReportReason(event.reason) if event.reason else ReportReason.OTHER,
            note=event.text,
            created_at=min(event.at, now),
            updated_at=now,
        )
        try:
            self._stores.post_reports.insert(report)
            self._seen(event.viewer, min(event.at, now))
        except Duplicate:
            pass  # the same viewer again, or the same record: weighing once more changes nothing
        self._weigh(post, self._verdict(post), now)

    def of(self, actor: Account, post: str, *, now: Millis, limit: int = 50) -> list[ReportView]:
        """Who reported a post and why, newest first, without saying who it was."""
        actor.require(Role.MODERATOR)
        where = {"post": post}
        reports = self._stores.post_reports.find(where, order="created_at", descending=True, limit=limit).items
        reporters = self._stores.reporters.get_many([one.viewer for one in reports])
        return [
            ReportView(
                who=self._anonymous(one.viewer),
                reason=one.reason,
                note=one.note,
                outcome=one.outcome,
                weight=round(reporters.get(one.viewer, Reporter(id=one.viewer)).weight(now), 2),
                at=one.created_at,
            )
            for one in reports
        ]

    def sweep(self, *, now: Millis) -> int:
        """Settle reports that a person has judged, let old ones expire, and finish what a crash cut off; returns how many were
        settled.

        Those of posts whose verdict has become final since the last sweep at once; all others in turn, AT_ONCE with each sweep, as
        the thread that does this has other things to look after.
        """
        since, self._swept = self._swept or now, now
        final = {"gte": since - UNDO, "lt": now - UNDO}
        cases = self._stores.cases.each({"state": CaseState.DECIDED, "decided_at": final}, order="decided_at")
        open_ = {"outcome": ReportOutcome.OPEN}
        reports = {
            one.id: one
            for post in dict.fromkeys(case.post for case in cases)
            for one in self._stores.post_reports.each({"post": post} | open_, order="created_at")
        }
        page = self._stores.post_reports.find(open_, order="created_at", limit=AT_ONCE, cursor=self._cursor)
        self._cursor = page.cursor
        by_post: dict[str, list[PostReport]] = {}
        for report in (reports | {one.id: one for one in page.items}).values():
            by_post.setdefault(report.post, []).append(report)
        posts = self._stores.posts.get_many(list(by_post))
        return sum(self._put_in_order(posts[id], own, now) for id, own in by_post.items() if id in posts)

    def _put_in_order(self, post: Post, reports: Sequence[PostReport], now: Millis) -> int:
        verdict = self._verdict(post)
        settled = sum(self._settle(report, post, verdict, now) for report in reports)
        self._weigh(post, verdict, now)
        return settled

    def _weigh(self, post: Post, verdict: Case | None, now: Millis) -> None:
        """Open or strengthen a case, or hold the post, as the reports since the last verdict demand."""
        since = max(verdict.decided_at or 0 if verdict else 0, now - self.rules.lasts)
        where = {"post": post.id, "created_at": {"gt": since}}
        fresh = [one for one in self._stores.post_reports.each(where) if one.round == round_of(post)]
        weight = self._weight(fresh, now)
        approved = verdict is not None and verdict.verdict is Verdict.APPROVE and verdict.round == round_of(post)
        times = self.rules.after_approval if approved else 1.0
        if weight < self.rules.review_from * times:
            return
        hold = weight >= self.rules.hold_from * times
        reasons = Counter(one.reason for one in fresh)
        if hold and post.status is PostStatus.LIVE:
            try:
                post = self._lifecycle.move(post, PostStatus.HELD, by=MACHINE, now=now, note=NOTE)
            except Conflict:
                return  # it has just changed: the next report or sweep weighs it again
            self._audit.record(None, "post.hold", post.id, now=now, reports=str(len(fresh)), weight=f"{weight:.1f}")
        if post.status in (PostStatus.LIVE, PostStatus.HELD, PostStatus.IN_REVIEW):
            strength = min(0.95, weight / (weight + self.rules.review_from))
            self._cases.ensure(post, reasons, strength=strength, now=now)

    def _weight(self, reports: Sequence[PostReport], now: Millis) -> float:
        reporters = self._stores.reporters.get_many([one.viewer for one in reports])
        return sum(reporters.get(one.viewer, Reporter(id=one.viewer)).weight(now) for one in reports)

    def _verdict(self, post: Post) -> Case | None:
        """The latest verdict of a person on this post."""
        where = {"post": post.id, "state": CaseState.DECIDED}
        decided = self._stores.cases.find(where, order="decided_at", descending=True, limit=1).items
        return decided[0] if decided else None

    def _settle(self, report: PostReport, post: Post, verdict: Case | None, now: Millis) -> bool:
        judged = verdict is not None and (verdict.decided_at or 0) >= report.created_at
        if judged and verdict is not None and now - (verdict.decided_at or 0) > UNDO:
            upheld = verdict.verdict is Verdict.REJECT
            outcome = ReportOutcome.UPHELD if upheld else ReportOutcome.DISMISSED
        elif report.round != round_of(post):
            outcome = ReportOutcome.OUTDATED
        elif report.created_at <= now - self.rules.lasts:
            outcome = ReportOutcome.EXPIRED
        else:
            return False
        changes: dict[str, object] = {"outcome": outcome, "updated_at": now}
        try:
            self._stores.post_reports.patch(report.id, changes, expected_version=report.version)
        except Conflict:
            return False
        if outcome in (ReportOutcome.UPHELD, ReportOutcome.DISMISSED):
            self._judged(report.viewer, upheld=outcome is ReportOutcome.UPHELD, now=now)
        return True

    def _seen(self, viewer: str, at: Millis) -> None:
        self._remember(viewer, lambda one: replace(one, recent=(*one.recent, at)[-KEPT_TIMES:], updated_at=at))

    def _judged(self, viewer: str, *, upheld: bool, now: Millis) -> None:
        self._remember(
            viewer,
            lambda one: replace(
                one, upheld=one.upheld + upheld, dismissed=one.dismissed + (not upheld), updated_at=now
            ),
        )

    def _remember(self, viewer: str, change: Callable[[Reporter], Reporter]) -> None:
        for _ in range(_TRIES):
            held = self._stores.reporters.find_one(viewer)
            after = change(held or Reporter(id=viewer))
            try:
                if held is None:
                    self._stores.reporters.insert(after)
                else:
                    changes: dict[str, object] = {
                        "recent": after.recent, "upheld": after.upheld, "dismissed": after.dismissed,
                        "updated_at": after.updated_at,
                    }  # fmt: skip
                    self._stores.reporters.patch(viewer, changes, expected_version=held.version)
            except (Conflict, Duplicate):
                continue
            return
        raise Unavailable(f"what is known of viewer {viewer} is changing too fast")
