"""What a batch of viewer events adds to counters: pure, so that every stream processor comes to the same sums.

Lives beside the worker; the arithmetic itself is in `core.feed.totals`, where services may use it too.
"""

from __future__ import annotations

from core.feed.totals import TREND_WEIGHTS, PostSums, add, sums_of, trend_scores

__all__ = ["TREND_WEIGHTS", "PostSums", "add", "sums_of", "trend_scores"]
