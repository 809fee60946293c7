"""Live, in stock, in the viewer's region and languages, and not hidden by the viewer."""

from __future__ import annotations

from dataclasses import dataclass

from core.feed.gate_kernels import SEEN
from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates, Kept


@dataclass(frozen=True, slots=True)
class Eligible:
    """Drop what this viewer may not or does not want to be shown."""

    def filter(self, query: FeedQuery, candidates: Candidates) -> Kept:
        """What is left, with a count per reason."""
        _, reasons = query.gate.judged(candidates.rows)
        return Kept.of(candidates, *query.reasons(candidates.rows)) if reasons & ~SEEN else Kept(candidates)
