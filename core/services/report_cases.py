"""The moderation case that stands behind reports of a post: opened, strengthened, made urgent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from core.domain.errors import Conflict, Duplicate
from core.domain.ids import Millis
from core.domain.moderation import SLA, Case, CaseState, Outcome, Screening, Severity, Signal
from core.domain.post import Post, PostStatus
from core.domain.report import ReportReason
from core.models import risk
from core.services.audit import Audit
from core.services.review_queue import OPEN
from core.services.screening import round_of
from core.services.stores import Stores

SIGNAL: Final = "reports.viewers"
_TRIES: Final = 16
_MOST_CASES: Final = 1_000


class ReportCases:
    """At most one open case per post; a live post's case is a sample, so that it stays live while a person looks."""

    def __init__(self, stores: Stores, audit: Audit) -> None:
        self._stores, self._audit = stores, audit

    def ensure(self, post: Post, reasons: Mapping[ReportReason, int], *, strength: float, now: Millis) -> Case:
        """The post's open case, with these reports in it. `strength` 0..1 is what the reports are worth as a signal."""
        signal = Signal(name=SIGNAL, score=round(strength, 3), detail=_detail(reasons))
        for _ in range(_TRIES):
            held = self._open(post)
            if held is None:
                made = self._made(post, signal, now)
                if made is not None:
                    return made
                continue
            changes = self._changes(held, post, signal, now)
            if not changes:
                return held
            try:
                return self._stores.cases.patch(held.id, changes, expected_version=held.version)
            except Conflict:
                continue
        raise Conflict(f"the case of post {post.id} keeps changing")

    def _open(self, post: Post) -> Case | None:
        for case in self._stores.cases.each({"post": post.id, "state": {"in": OPEN}}):
            if case.round == round_of(post):
                return case
        return None

    def _made(self, post: Post, signal: Signal, now: Millis) -> Case | None:
        """A new case under the next free number; None if somebody else has just opened one."""
        held = post.status is PostStatus.HELD
        severity = Severity.P0 if held else Severity.P1
        screening = self._screening(post, signal, now)
        case = Case(
            id="",
            post=post.id,
            publisher=post.publisher,
            author=post.author,
            round=round_of(post),
            severity=severity,
            priority=round(risk.priority(severity, screening.risk, now, now + SLA[severity], now), 3),
            held=held,
            sample=post.status is PostStatus.LIVE,
            screening=screening,
            due_at=now + SLA[severity],
            created_at=now,
            updated_at=now,
        )
        for number in range(1, _MOST_CASES):
            id = f"{post.id}.{case.round}.r{number}"
            found = self._stores.cases.find_one(id)
            if found is not None and found.state in OPEN:
                return None
            if found is not None:
                continue
            try:
                opened = self._stores.cases.insert(replace(case, id=id))
            except Duplicate:
                return None
            self._audit.record(None, "case.open", id, now=now, post=post.id, why="reports")
            return opened
        raise Conflict(f"post {post.id} has more than {_MOST_CASES:,} cases")

    def _changes(self, case: Case, post: Post, signal: Signal, now: Millis) -> dict[str, object]:
        """What an open case has to learn; nothing while a moderator reads it, unless the post was taken out of the feed."""
        moved = (case.held, case.sample) != (post.status is PostStatus.HELD, post.status is PostStatus.LIVE)
        known = next((one for one in case.screening.signals if one.name == SIGNAL), None)
        if not moved and (known == signal or case.state is CaseState.LEASED):
            return {}
        signals = (signal, *(one for one in case.screening.signals if one.name != SIGNAL))
        urgent = post.status is PostStatus.HELD
        severity = Severity.P0 if urgent else min(case.severity, Severity.P1)
        due_at = min(case.due_at, now + SLA[severity])
        fused = round(risk.fuse(signals), 4)
        return {
            "held": urgent,
            "sample": post.status is PostStatus.LIVE,
            "severity": severity,
            "due_at": due_at,
            "priority": round(risk.priority(severity, fused, case.created_at, due_at, now), 3),
            "screening": replace(case.screening, risk=fused, signals=signals),
            "updated_at": now,
        }

    def _screening(self, post: Post, signal: Signal, now: Millis) -> Screening:
        """What the machine saw when the post was submitted, and the reports."""
        seen = self._stores.screenings.find_one(f"{post.id}.{round_of(post)}")
        signals = (signal, *(seen.screening.signals if seen else ()))
        outcome = Outcome.HOLD if post.status is PostStatus.HELD else Outcome.QUEUE
        rules = seen.screening.rules_version if seen else "reports of viewers"
        return Screening(
            outcome=outcome, risk=round(risk.fuse(signals), 4), signals=signals, rules_version=rules, at=now
        )


def _detail(reasons: Mapping[ReportReason, int]) -> str:
    count = sum(reasons.values())
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{reason.label.lower()} {many}" for reason, many in ordered)
    return f"{count} viewer{'s' * (count != 1)} reported it: {named}"
