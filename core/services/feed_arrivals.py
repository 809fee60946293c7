"""Posts that went live after a model's training get places in it: by a thread beside the requests, within a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from core.domain.errors import ServiceError
from core.domain.ids import SECOND, Millis
from core.feed.index import Index
from core.feed.serving_model import ServingModel
from core.services import feed_metrics as metrics
from core.services.post_docs import read_docs
from core.services.stores import Stores

AT_A_TIME: Final = 32
"""Posts that are read and placed before pages may see them."""
REST: Final = 3.0
"""So many times as long as it worked a thread rests, so that placing takes a quarter of a core at most."""
HEAD_START: Final = 0.5
"""Seconds that a model waits, at most, before it serves, for posts that came after it."""
RETRY: Final[Millis] = SECOND


class FeedArrivals:
    """Follows the index for every model that pages are made with. `look` belongs to requests and costs them next to nothing."""

    def __init__(self, stores: Stores, index: Callable[[Millis], Index]) -> None:
        """`index` gives the newest snapshot."""
        self._stores, self._index = stores, index
        self._lock = threading.Lock()
        self._retry: Millis = 0

    def look(self, model: ServingModel, index: Index, *, now: Millis) -> None:
        """If this snapshot may hold posts that the model has no place for, have them placed. Never waits and never raises."""
        arrivals = model.arrivals
        if (
            arrivals is None
            or not arrivals.behind(index)
            or now < self._retry
            or not self._lock.acquire(blocking=False)
        ):
            return
        threading.Thread(target=self._follow, args=(model, now), name="new posts", daemon=True).start()

    def begin(self, model: ServingModel, *, now: Millis) -> None:
        """Give posts places in a model that no page is made with yet, for HEAD_START at most; requests see to the rest."""
        with suppress(ServiceError):
            self.place(model, now=now, seconds=HEAD_START)

    def place(self, model: ServingModel, *, now: Millis, rest: float = 0.0, seconds: float = float("inf")) -> None:
        """Place all that waits, as far as the time goes. Raises Unavailable; what waits then goes on waiting.

        For one thread at a time.
        """
        arrivals, end = model.arrivals, time.monotonic() + seconds
        if arrivals is None:
            return
        while arrivals.behind(index := self._index(now)) and time.monotonic() < end:
            began = time.thread_time()
            arrivals.follow(index)
            arrivals.place(index, read_docs(self._stores, arrivals.waiting(index, AT_A_TIME)), AT_A_TIME)
            metrics.ARRIVALS.set(arrivals.seen.count if arrivals.seen is not None else 0)
            time.sleep(rest * (time.thread_time() - began))

    def _follow(self, model: ServingModel, now: Millis) -> None:
        try:
            self.place(model, now=now, rest=REST)
        except ServiceError:
            self._retry = now + RETRY
            metrics.DEGRADED.labels("new posts").inc()
        finally:
            self._lock.release()
