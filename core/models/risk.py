"""From signals to an outcome, and from an outcome to a place in the queue. The numbers are starting values, under one version."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

from core.domain.ids import MINUTE, Millis
from core.domain.moderation import Outcome, Severity, Signal

THRESHOLDS = "2026-11.1"
"""Named in every screening; changes whenever a number below does."""

HOLD_RISK = 0.90
AUTO_OK_NEW, AUTO_OK_EARNED = 0.15, 0.20
WEIGHTS: dict[str, float] = {}
"""How much of a signal's score counts, by name before the first dot; 1 if not named."""

SEVERITY_WEIGHT = {Severity.P0: 1.0, Severity.P1: 0.6, Severity.P2: 0.2}
BREACH: Millis = 30 * MINUTE
"""Cases that would miss their time limit within this go before all others."""


def fuse(signals: Iterable[Signal]) -> float:
    """risk = 1 − Π(1 − w·s): independent signals, each able to raise the risk, none able to lower it."""
    clean = 1.0
    for signal in signals:
        clean *= 1 - WEIGHTS.get(signal.name.partition(".")[0], 1.0) * signal.score
    return 1 - clean


def auto_ok(belief: float) -> float:
    """Risk below which a post is published unseen: .15 for a new publisher (belief 0), up to .35 for a fully trusted one."""
    return AUTO_OK_NEW + AUTO_OK_EARNED * belief


def decide(signals: Iterable[Signal], *, belief: float = 0.0) -> tuple[Outcome, float]:
    """Outcome and risk. A hard signal holds whoever the publisher is; a signal that could not be taken is never passed."""
    signals = tuple(signals)
    risk = fuse(signals)
    if risk >= HOLD_RISK or any(signal.hard for signal in signals):
        return Outcome.HOLD, risk
    if risk >= auto_ok(belief) or not all(signal.available for signal in signals):
        return Outcome.QUEUE, risk
    return Outcome.PUBLISH, risk


def severity(outcome: Outcome, risk: float) -> Severity:
    """Held posts are P0; a queued one is P1 from risk .7 on."""
    if outcome is Outcome.HOLD:
        return Severity.P0
    return Severity.P1 if outcome is Outcome.QUEUE and risk >= 0.7 else Severity.P2


def priority(
    severity: Severity, risk: float, created_at: Millis, due_at: Millis, now: Millis, *, reach: float = 0.0
) -> float:
    """40·severity + 30·risk + 15·log2(1 + reach per hour) + 15·min(1, age/SLA); 1,000 more when the limit is near.

    `reach` is impressions per hour of a post that is live while it waits.
    """
    age = min(1.0, (now - created_at) / (due_at - created_at))
    score = 40 * SEVERITY_WEIGHT[severity] + 30 * risk + 15 * math.log2(1 + reach) + 15 * age
    return score + (1_000 if due_at - now < BREACH else 0)


def sampled(post: str, percent: float = 2.0) -> bool:
    """Whether a published post is in the sample that people check anyway: the same answer for the same post, always."""
    number = int.from_bytes(hashlib.sha256(f"quality sample {post}".encode()).digest()[:8], "big")
    return number / 2**64 < percent / 100
