"""Screening: what the machine sees in a post, and the outcome: publish, queue for a person, or hold.

Running twice, or again after a crash, changes nothing more: the record and the case of a submission have one id,
`{post}.{round}`, and a post that is not waiting for screening is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from core.domain.errors import Conflict, Duplicate, FeedroomError
from core.domain.ids import Millis
from core.domain.moderation import (
    SLA,
    Case,
    CaseState,
    Outcome,
    Screening,
    ScreeningRecord,
    Signal,
)
from core.domain.post import Post, PostStatus
from core.domain.product import Product
from core.domain.review import MarkedText, TextMatch
from core.models import risk
from core.models.contact_patterns import find_contacts
from core.models.hash_bank import HOLD_DISTANCE
from core.models.text_matcher import TextMatcher, default_matcher
from core.services.audit import MACHINE
from core.services.known_files import KnownFiles
from core.services.lifecycle import Lifecycle
from core.services.stores import Stores

REGULATED = frozenset(
    {"alcohol", "tobacco", "vaping", "medicine", "pharmacy", "supplements", "weapons", "knives", "adult", "gambling", "pesticides"}
)  # fmt: skip
"""Product categories whose posts a person looks at first."""

NOTES = {
    Outcome.PUBLISH: "Passed the automatic check.",
    Outcome.QUEUE: "A person will look at this post before it is shown.",
    Outcome.HOLD: "On hold until a person has looked at this post.",
}
STATUS = {
    Outcome.PUBLISH: PostStatus.LIVE,
    Outcome.QUEUE: PostStatus.IN_REVIEW,
    Outcome.HOLD: PostStatus.HELD,
}


def round_of(post: Post) -> int:
    """How often the post was submitted for screening."""
    return sum(line.status is PostStatus.SCREENING for line in post.history)


def case_id(post: Post) -> str:
    """The id that screening gives to the record and the case of the post's latest submission."""
    return f"{post.id}.{round_of(post)}"


class Screener:
    """Looks at one post at a time; safe to share between threads."""

    def __init__(self, stores: Stores, known: KnownFiles, matcher: TextMatcher | None = None) -> None:
        self._stores = stores
        self._lifecycle = Lifecycle(stores)
        self._known = known
        self._matcher = matcher or default_matcher()

    def screen(self, post_id: str, *, now: Millis) -> Screening | None:
        """Screen a post and move it on. None if it is not waiting for that (withdrawn, or screened already)."""
        for _ in range(5):
            post = self._stores.posts.get(post_id)
            if post.status is not PostStatus.SCREENING:
                return None
            screening = self._record(post, self.look(post, now=now), now)
            try:
                self._settle(post, screening, now)
            except Conflict:
                continue
            return screening
        raise Conflict(f"post {post_id} keeps changing while it is screened")

    def look(self, post: Post, *, now: Millis) -> Screening:
        """All signals of a post and what they add up to; changes nothing."""
        products = tuple(self._stores.products.get_many(post.products).values())
        signals = (
            *_taken("text", lambda: _text_signals(self.mark(post, products))),
            *_taken("known", lambda: self._known_signals(post)),
            *_taken("catalogue", lambda: _catalogue_signals(post, products)),
            *_history_signals(post),
        )
        outcome, total = risk.decide(signals)
        return Screening(
            outcome=outcome,
            risk=round(total, 4),
            signals=signals,
            rules_version=f"words {self._matcher.version}, thresholds {risk.THRESHOLDS}",
            at=now,
        )

    def mark(self, post: Post, products: Iterable[Product]) -> tuple[MarkedText, ...]:
        """The texts of a post, each with what was found in it."""
        texts = [("title", post.title), ("caption", post.caption)]
        texts += [("tag", tag.replace("-", " ")) for tag in post.tags]
        texts += [("product", product.name) for product in products]
        return tuple(
            MarkedText(field=field, text=text, matches=self._find(field, text)) for field, text in texts if text
        )

    def settle(self, case: Case, *, now: Millis) -> None:
        """Move the post of a case whose screening was cut off between opening the case and moving the post."""
        post = self._stores.posts.find_one(case.post)
        if (
            post is not None
            and post.status is PostStatus.SCREENING
            and case.round == round_of(post)
            and not case.sample
        ):
            self._move(post, case.screening, now)

    def _find(self, field: str, text: str) -> tuple[TextMatch, ...]:
        contacts = find_contacts(text) if field in ("title", "caption") else []
        words = self._matcher.find(text)
        return tuple(sorted([*contacts, *words], key=lambda match: (match.start, match.end)))

    def _record(self, post: Post, screening: Screening, now: Millis) -> Screening:
        """Keep the screening; if an earlier run kept one for this submission, that one counts."""
        record = ScreeningRecord(
            id=case_id(post), post=post.id, publisher=post.publisher, screening=screening, created_at=now
        )
        try:
            return self._stores.screenings.insert(record).screening
        except Duplicate:
            return self._stores.screenings.get(record.id).screening

    def _settle(self, post: Post, screening: Screening, now: Millis) -> None:
        """Close cases of earlier submissions, open the case if there is one, then move the post."""
        for older in self._stores.cases.each({"post": post.id, "state": {"in": [CaseState.QUEUED, CaseState.LEASED]}}):
            if older.round != round_of(post):
                self._stores.cases.patch(older.id, {"state": CaseState.CLOSED, "holder": None, "updated_at": now})
        sample = screening.outcome is Outcome.PUBLISH and risk.sampled(post.id)
        if screening.outcome is not Outcome.PUBLISH or sample:
            self._open_case(post, screening, sample=sample, now=now)
        self._move(post, screening, now)

    def _open_case(self, post: Post, screening: Screening, *, sample: bool, now: Millis) -> None:
        severity = risk.severity(screening.outcome, screening.risk)
        due_at = now + SLA[severity]
        case = Case(
            id=case_id(post),
            post=post.id,
            publisher=post.publisher,
            author=post.author,
            round=round_of(post),
            severity=severity,
            priority=round(risk.priority(severity, screening.risk, now, due_at, now), 3),
            held=screening.outcome is Outcome.HOLD,
            sample=sample,
            screening=screening,
            due_at=due_at,
            created_at=now,
            updated_at=now,
        )
        try:
            self._stores.cases.insert(case)
        except Duplicate:
            return

    def _move(self, post: Post, screening: Screening, now: Millis) -> None:
        outcome = screening.outcome
        self._lifecycle.move(post, STATUS[outcome], by=MACHINE, now=now, note=NOTES[outcome])

    def _known_signals(self, post: Post) -> Sequence[Signal]:
        media = post.media
        if media is None or not media.sha256 or not media.dhash:
            return [Signal(name="known", score=0.0, detail="the file has no fingerprint to compare", available=False)]
        bank = self._known.bank()
        if (entry := bank.blocked(media.sha256)) is not None:
            return [
                Signal(name="known.file", score=1.0, hard=True, detail=f"this very file is blocked (entry {entry})")
            ]
        if bank.allowed(media.sha256) is not None:
            return [Signal(name="known.allowed", score=0.0, detail="this very file was allowed before")]
        near = bank.nearest_blocked(media.dhash)
        if near is None:
            return [Signal(name="known", score=0.0, detail=f"compared with {bank.size:,} known files")]
        how = f"{near.distance} of 64 bits from blocked entry {near.id}{', mirrored' if near.mirrored else ''}"
        if near.distance <= HOLD_DISTANCE:
            return [Signal(name="known.picture", score=0.95, hard=True, detail=f"the same picture: {how}")]
        return [Signal(name="known.picture", score=0.5, detail=f"a similar picture: {how}")]


def _taken(name: str, look: Callable[[], Sequence[Signal]]) -> Sequence[Signal]:
    """The signals of one look; "unavailable" if it broke. A store that is down is not a broken look: the job is tried again."""
    try:
        return look()
    except FeedroomError:
        raise
    except Exception as error:  # noqa: BLE001 (safety fails closed: whatever went wrong, a person looks at the post)
        return [Signal(name=name, score=0.0, available=False, detail=f"could not look: {type(error).__name__}")]


def _text_signals(texts: Iterable[MarkedText]) -> Sequence[Signal]:
    """One signal per list, worth its most severe match."""
    strongest: dict[str, tuple[TextMatch, MarkedText, int]] = {}
    for marked in texts:
        for match in marked.matches:
            best, where, count = strongest.get(match.list, (match, marked, 0))
            if (match.severity, match.score) > (best.severity, best.score):
                best, where = match, marked
            strongest[match.list] = (best, where, count + 1)
    if not strongest:
        return [Signal(name="text", score=0.0, detail="no listed words, contact details or links")]
    signals = []
    for name, (match, marked, count) in sorted(strongest.items()):
        more = f" and {count - 1} more" if count > 1 else ""
        quoted = marked.text[match.start : match.end]
        detail = f"“{quoted}” in the {marked.field}{more}"
        signals.append(Signal(name=f"text.{name}", score=match.score, hard=match.severity == 3, detail=detail))
    return signals


def _history_signals(post: Post) -> Sequence[Signal]:
    """A person's rejection outlives edits, withdrawing and restoring: until a person approves, a person looks again."""
    decided = [line.status for line in post.history if line.status in (PostStatus.LIVE, PostStatus.REJECTED)]
    if not decided or decided[-1] is not PostStatus.REJECTED:
        return []
    return [Signal(name="history.rejected", score=0.6, detail="a moderator rejected it before it was changed")]


def _catalogue_signals(post: Post, products: Sequence[Product]) -> Sequence[Signal]:
    """Regulated products, links to products that are gone, and the declaration that the post was made by AI."""
    signals = [
        Signal(name="catalogue.regulated", score=0.5, detail=f"“{product.name}” is in the category {product.category}")
        for product in products
        if {word.strip().lower() for word in product.category.replace("/", ">").split(">")} & REGULATED
    ]
    if missing := len(post.products) - len(products):
        signals.append(Signal(name="catalogue.missing", score=0.3, detail=f"{missing} linked products do not exist"))
    if post.ai_generated:
        signals.append(Signal(name="declared.ai_generated", score=0.0, detail="declared as made by AI"))
    return signals or [Signal(name="catalogue", score=0.0, detail="no regulated products")]
