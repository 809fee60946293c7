"""Screening by machine and review by people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.ids import HOUR, MINUTE, Millis

LEASE: Millis = 10 * MINUTE


class Outcome(StrEnum):
    """What screening says should happen to a post."""

    PUBLISH = "publish"
    QUEUE = "queue"
    HOLD = "hold"


class Severity(StrEnum):
    """How soon a case must be looked at, with its time limit in `SLA`."""

    P0 = "p0"
    P1 = "p1"
    P2 = "p2"


SLA: dict[Severity, Millis] = {Severity.P0: 1 * HOUR, Severity.P1: 4 * HOUR, Severity.P2: 24 * HOUR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One observation of a screener. `score` is 0..1; `hard` cannot be loosened; `available=False` means it could not look."""

    name: str
    score: float
    detail: str = ""
    hard: bool = False
    available: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What the machine saw and decided: risk 0..1, its signals and the versions of rules that were used."""

    outcome: Outcome
    risk: float
    signals: tuple[Signal, ...] = ()
    rules_version: str = ""
    at: Millis = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRecord:
    """One screening of a post, kept for good; `id` is `{post}.{round}`, the round counting how often it was submitted."""

    id: str
    version: int = 1
    post: str
    publisher: str
    screening: Screening
    created_at: Millis


class CaseState(StrEnum):
    QUEUED = "queued"
    LEASED = "leased"
    DECIDED = "decided"
    CLOSED = "closed"


class Verdict(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


class Reason(StrEnum):
    """Why a post was rejected, in words that its creator reads."""

    PROHIBITED_ITEM = "prohibited_item"
    ADULT = "adult"
    VIOLENCE = "violence"
    HATE = "hate"
    MISLEADING_CLAIM = "misleading_claim"
    COUNTERFEIT = "counterfeit"
    COPYRIGHT = "copyright"
    PERSONAL_DATA = "personal_data"
    WRONG_PRODUCT = "wrong_product"
    LOW_QUALITY = "low_quality"
    SPAM = "spam"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A post waiting for, or decided by, a person. Deciding needs the lease and the version.

    `round` counts how often the post was submitted: a case of an earlier round needs no verdict any more. `priority` sorts
    the queue, highest first (before age is added); `due_at` is the SLA's deadline. `sample` marks a live post that people
    check although the machine passed it. `skipped_by` are the moderators who passed it on; `author` never reviews it.
    """

    id: str
    version: int = 1
    post: str
    publisher: str
    state: CaseState = CaseState.QUEUED
    severity: Severity = Severity.P2
    priority: float = 0.0
    held: bool = False
    sample: bool = False
    round: int = 0
    author: str = ""
    skipped_by: tuple[str, ...] = ()
    screening: Screening
    holder: str | None = None
    lease_until: Millis = 0
    verdict: Verdict | None = None
    reason: Reason | None = None
    note: str = ""
    decided_by: str | None = None
    decided_at: Millis | None = None
    due_at: Millis = 0
    created_at: Millis = 0
    updated_at: Millis = 0


class BankList(StrEnum):
    ALLOW = "allow"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHash:
    """An entry of the hash bank: exact SHA-256, 64-bit difference hash (16 hex digits), or both."""

    id: str
    version: int = 1
    bank: BankList
    sha256: str = ""
    dhash: str = ""
    note: str = ""
    created_by: str = ""
    created_at: Millis = 0
    updated_at: Millis = 0
