"""Posts that the policy pins to a slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.query import FeedQuery
from core.pipeline.candidates import IntArray, Proposal


@dataclass(frozen=True, slots=True)
class Pinned:
    """The pinned posts, on the first page of a session; whether they get their slots is for the mix.

    A pin that this viewer cannot see is told, unless they have seen it already.
    """

    def propose(self, query: FeedQuery) -> Proposal:
        """Rows in the order of the pins."""
        pins = query.policy.pins
        if not pins or query.session.slots:
            return _NOTHING
        rows = np.array([query.index.row(pin.post) for pin in pins], np.int32)
        known = rows >= 0
        untold = [pin.position for pin, there in zip(pins, known, strict=True) if not there]
        rows = rows[known]
        unfit = query.unfit(rows)
        places = [pin.position for pin, there in zip(pins, known, strict=True) if there]
        for reason, mask in query.reasons(rows):
            untold += [place for place, out in zip(places, mask, strict=True) if out and reason != "seen"]
        named = ", ".join(str(place + 1) for place in sorted(set(untold)))
        note = f"Pinned to slot {named}: not live, or not for this viewer." if named else ""
        return Proposal(rows[~unfit], query.passed_over(rows[unfit]), note)


_EMPTY: IntArray = np.empty(0, np.int32)
_NOTHING = Proposal(_EMPTY)
