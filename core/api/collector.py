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
OLDEST = 2


class SmallCollector:
    """Watches full collections: sets survivors aside when one was slow, takes all back every two minutes.

    With `every`, what survived that many collections of the youngest is set aside too: the middle generation, whose collections
    take longer than a page, then has nothing to look at.
    """

    def __init__(self, *, every: int | None = None) -> None:
        self._every, self._youngest = every, 0
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
            if self._every is not None and phase == "stop":
                self._youngest += 1
                if self._youngest >= self._every:
                    self._youngest = 0
                    gc.freeze()
            return
        now = time.monotonic()
        if phase == "start":
            if now - self._looked_at_all > LOOK_AT_ALL:
                gc.unfreeze()
                self._looked_at_all = now
            self._started = now
        elif now - self._started > SLOW:
            gc.freeze()
