"""The garbage collector, kept from looking at what never becomes garbage.

Streamlit collects in full after every run of a page. With pandas, plotly and the feed's engine loaded that is a few hundred
thousand objects: 50 to 125 ms each time, for everybody. What survives a slow collection is therefore set aside (`gc.freeze`).
"""

from __future__ import annotations

import gc
import time
from typing import Any, Final

SLOW: Final = 0.010
"""Seconds that a full collection may take before its survivors are set aside."""
LOOK_AT_ALL: Final = 120.0
"""Seconds after which everything is looked at once more, so that what was set aside and has died since is let go."""
GARBAGE: Final = 100
"""So many objects found by a look at the young are worth the next one."""
OLDEST = 2


class SmallCollector:
    """Watches full collections: sets survivors aside when one was slow, takes all back every two minutes.

    With `every`, the young are set aside unseen and only every so many times looked at, or as long as looking finds GARBAGE: a
    thousand of them take some milliseconds, and where next to nothing becomes garbage most of that is for nothing.
    """

    def __init__(self, *, every: int | None = None) -> None:
        self._every, self._unseen = every, 0
        self._looks = self._found = False
        self._started = 0.0
        self._looked_at_all = time.monotonic()

    def start(self) -> None:
        """Collect now, set aside what there is, and watch from now on."""
        gc.collect()
        gc.freeze()
        gc.callbacks.append(self.watch)

    def stop(self) -> None:
        """Watch no more."""
        gc.callbacks.remove(self.watch)
        gc.unfreeze()

    def watch(self, phase: str, info: dict[str, Any]) -> None:
        """Called by the collector before and after each collection."""
        if info["generation"] != OLDEST:
            if self._every is not None:
                self._watch_young(phase, info["collected"])
            return
        now = time.monotonic()
        if phase == "start":
            if now - self._looked_at_all > LOOK_AT_ALL:
                gc.unfreeze()
                self._looked_at_all = now
            self._started = now
        elif now - self._started > SLOW:
            gc.freeze()

    def _watch_young(self, phase: str, collected: int) -> None:
        if phase == "start":
            self._looks = self._found or self._unseen == self._every
            self._unseen = 0 if self._looks else self._unseen + 1
        elif self._looks:
            self._found = collected >= GARBAGE
        if phase == "stop" or not self._looks:
            gc.freeze()
