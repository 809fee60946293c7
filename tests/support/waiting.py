"""Waiting for what another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(shown: Callable[[], bool], seconds: float = 30) -> float:
    """Return once it is so, with how long it took in seconds; fails if it does not happen."""
    began = time.monotonic()
    while not shown():
        assert time.monotonic() - began < seconds, "it did not happen"
        time.sleep(0.005)
    return time.monotonic() - began
