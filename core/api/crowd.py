"""When a process is asked for more than it can do: who comes then is turned away at once, and those who wait are served."""

from __future__ import annotations

import time
from typing import Final

from core.domain.errors import Busy
from core.services import feed_metrics as metrics

LONGEST_WAIT: Final = 2.0
"""Seconds. Whoever has waited that long has mostly gone, and a queue that grows without end serves nobody in time."""
RETRY_AFTER: Final = 1.0


def turn_away_if_crowded(oldest: float, what: str) -> None:
    """Raise Busy if the one who waits longest has waited since `oldest`, by the monotonic clock, and that is too long."""
    if time.monotonic() - oldest > LONGEST_WAIT:
        metrics.TURNED_AWAY.labels(what).inc()
        raise Busy(f"more {what} are asked for than this process can serve; try again in a moment", RETRY_AFTER)
