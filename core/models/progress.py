"""How a long fit says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float], None]
"""Told the part that is done, rising, 0..1. It may raise to end the fit."""


def quiet(done: float) -> None:
    """Tell nobody."""


def part(progress: Progress, start: float, end: float) -> Progress:
    """The progress of a step that takes the whole from `start` to `end`."""
    return lambda done: progress(start + (end - start) * done)
