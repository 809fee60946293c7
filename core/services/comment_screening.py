"""Whether a comment may be shown at once, and what is remembered of those whose comments were removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.domain.comment import Commenter, CommentRules, CommentState
from core.domain.errors import Conflict, Duplicate, ServiceError, Throttled, Unavailable
from core.domain.ids import Millis
from core.domain.moderation import Outcome, Signal
from core.domain.review import MarkedText, TextMatch
from core.models import risk
from core.models.contact_patterns import find_contacts
from core.models.hidden_characters import find_hidden
from core.models.text_matcher import default_matcher
from core.services.stores import Stores

KEPT_REMOVALS: Final = 20
BELIEF: Final = 1.0
"""Comments are judged as posts of a trusted publisher are: mild words pass, contact details and worse words wait."""

Look = Callable[[str], Sequence[TextMatch]]


@dataclass(frozen=True, slots=True)
class Screened:
    """How a text may stand, and why. `urgent` ones are looked at first."""

    state: CommentState
    urgent: bool
    risk: float
    signals: tuple[Signal, ...]

    def changes(self) -> dict[str, object]:
        """The same as fields of a comment."""
        shown = self.state is CommentState.SHOWN
        return {
            "state": self.state, "visible": shown, "urgent": self.urgent, "risk": self.risk, "signals": self.signals,
        }  # fmt: skip


def look_at(text: str) -> Sequence[TextMatch]:
    """Listed words, contact details and links, hidden characters, in order."""
    matches = (*find_contacts(text), *find_hidden(text), *default_matcher().find(text))
    return sorted(matches, key=lambda match: (match.start, match.end))


class CommentScreening:
    """Screens texts and knows repeat offenders. A screen that fails holds the comment; limits that cannot be asked let it pass."""

    def __init__(self, stores: Stores, look: Look = look_at, rules: CommentRules | None = None) -> None:
        self._commenters, self._limits = stores.commenters, stores.live.limits
        self._look, self.rules = look, rules or CommentRules()

    def screen(self, text: str, viewer: str, *, now: Millis) -> Screened:
        """How this viewer's text may stand: shown, or held for a person. The machine removes nothing."""
        signals = [*self._signals(text), *self._past(viewer, now)]
        outcome, fused = risk.decide(signals, belief=BELIEF)
        state = CommentState.SHOWN if outcome is Outcome.PUBLISH else CommentState.HELD
        return Screened(state, outcome is Outcome.HOLD, round(fused, 4), tuple(signals))

    def check_pace(self, viewer: str, *, now: Millis) -> None:
        """Count one comment of this viewer. Raises Throttled; those whose comments were removed may write less often."""
        rules = self.rules
        offender = self._removals(viewer, now) >= rules.held_first_from
        window = rules.offender_window if offender else rules.window
        limit = rules.offender_per_window if offender else rules.per_window
        name = f"comments:{'slow:' if offender else ''}{viewer}"
        try:
            wait = self._limits.hit(name, limit=limit, window_ms=window, now=now)
        except ServiceError:
            return
        if wait:
            raise Throttled(f"viewer {viewer} has written {limit} comments in a short time; try again later", wait)

    def mark(self, text: str) -> MarkedText:
        """The text with what was found in it, for the reviewer's eyes."""
        return MarkedText(field="comment", text=text, matches=tuple(self._look(text)))

    def remember(self, viewer: str, *, removed: bool, now: Millis, undone: bool = False) -> Commenter:
        """Write down that a person removed or approved a comment of this viewer, or (`undone`) takes a removal back."""
        for _ in range(16):
            held = self._commenters.find_one(viewer)
            one = held or Commenter(id=viewer)
            if removed:
                one = replace(one, removals=(*one.removals, now)[-KEPT_REMOVALS:])
            else:
                one = replace(one, approved=one.approved + 1, removals=one.removals[:-1] if undone else one.removals)
            one = replace(one, updated_at=now)
            try:
                if held is None:
                    return self._commenters.insert(one)
                changes: dict[str, object] = {
                    "removals": one.removals, "approved": one.approved, "updated_at": now,
                }  # fmt: skip
                return self._commenters.patch(viewer, changes, expected_version=held.version)
            except (Conflict, Duplicate):
                continue
        raise Unavailable(f"what is known of viewer {viewer} is changing too fast")

    def record(self, viewer: str) -> Commenter:
        """What is remembered of a viewer."""
        return self._commenters.find_one(viewer) or Commenter(id=viewer)

    def _signals(self, text: str) -> Sequence[Signal]:
        try:
            return _signals(text, self._look(text))
        except Exception as error:  # noqa: BLE001 - safety fails closed: a text that cannot be screened is held
            return [Signal(name="text", score=0.0, available=False, detail=f"could not look: {type(error).__name__}")]

    def _past(self, viewer: str, now: Millis) -> Sequence[Signal]:
        removed = self._removals(viewer, now)
        if removed < self.rules.held_first_from:
            return ()
        return [
            Signal(name="history.removed", score=0.6, detail=f"{removed} comments of this viewer were removed lately")
        ]

    def _removals(self, viewer: str, now: Millis) -> int:
        return self.record(viewer).recent_removals(now, self.rules)


def _signals(text: str, matches: Iterable[TextMatch]) -> list[Signal]:
    """One signal per list, worth its most severe match."""
    strongest: dict[str, TextMatch] = {}
    for match in matches:
        held = strongest.get(match.list)
        if held is None or (match.severity, match.score) > (held.severity, held.score):
            strongest[match.list] = match
    if not strongest:
        return [Signal(name="text", score=0.0, detail="no listed words, contact details or links")]
    return [
        Signal(name=f"text.{name}", score=match.score, hard=match.severity == 3, detail=_detail(text, match))
        for name, match in sorted(strongest.items())
    ]


def _detail(text: str, match: TextMatch) -> str:
    return match.term if match.list == "hidden" else f"“{text[match.start : match.end]}”"
