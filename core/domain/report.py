"""Reports: viewers who say that a post should not be shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.errors import InvalidInput
from core.domain.ids import DAY, Millis

MAX_REPORT_NOTE = 500


class ReportReason(StrEnum):
    """What a viewer says is wrong."""

    PROHIBITED_ITEM = "prohibited_item"
    ADULT = "adult"
    VIOLENCE = "violence"
    HATE = "hate"
    MISLEADING = "misleading"
    COUNTERFEIT = "counterfeit"
    COPYRIGHT = "copyright"
    PERSONAL_DATA = "personal_data"
    WRONG_PRODUCT = "wrong_product"
    SPAM = "spam"
    OTHER = "other"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


class ReportOutcome(StrEnum):
    """What became of a report: a person agreed, or did not, or the post was changed first, or nobody had to
    look for too long; `OPEN` until then."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    OUTDATED = "outdated"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostReport:
    """One viewer's report of one submission of a post; `id` is `{post}.{round}:{viewer}`, so a second one changes nothing."""

    id: str
    version: int = 1
    post: str
    round: int
    viewer: str
    reason: ReportReason = ReportReason.OTHER
    note: str = ""
    outcome: ReportOutcome = ReportOutcome.OPEN
    created_at: Millis = 0
    updated_at: Millis = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """How a viewer's reports fared. `recent` are the times of the latest reports."""

    id: str
    version: int = 1
    upheld: int = 0
    dismissed: int = 0
    recent: tuple[Millis, ...] = ()
    updated_at: Millis = 0

    def weight(self, now: Millis) -> float:
        """What one report of this viewer counts: 2·(upheld + 1) / (upheld + dismissed + 2), so 1 for a newcomer.

        After more than ten reports within a day each counts a quarter of that.
        """
        precision = 2 * (self.upheld + 1) / (self.upheld + self.dismissed + 2)
        return precision * (0.25 if sum(at > now - DAY for at in self.recent) > 10 else 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRules:
    """How many reports, by weight, it takes. After a person has approved a post it takes `after_approval` times as many.

    A report counts for as long as `lasts`: a few in a year are no reason to look.
    """

    review_from: float = 3.0
    hold_from: float = 10.0
    after_approval: float = 2.0
    lasts: Millis = 90 * DAY

    def __post_init__(self) -> None:
        if not 0 < self.review_from <= self.hold_from:
            raise InvalidInput(
                "hold_from", self.hold_from, f"not fewer reports than for a review ({self.review_from:g})"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """One report as a moderator sees it: who it was is not told, only that it is always the same somebody."""

    who: str
    reason: ReportReason
    note: str
    outcome: ReportOutcome
    weight: float
    at: Millis
