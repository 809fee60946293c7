"""Ranges of a layer: who holds which part of the viewers, what overlaps, and what is free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.domain.experiment import Experiment, ExperimentState

LAUNCHED = (ExperimentState.RAMPING, ExperimentState.RUNNING, ExperimentState.PAUSED)
"""States in which an experiment holds its range."""
FINEST = 1e-9


@dataclass(frozen=True, slots=True)
class Taken:
    """A range of a layer (0..1) and the launched experiment that holds it."""

    lower: float
    upper: float
    experiment: Experiment


def taken(layer: str, experiments: Iterable[Experiment], *, besides: str = "") -> list[Taken]:
    """What launched experiments hold of a layer, from the left; the one with the id `besides` is left out."""
    held = [
        Taken(one.lower, one.upper, one)
        for one in experiments
        if one.layer == layer and one.state in LAUNCHED and one.id != besides
    ]
    return sorted(held, key=lambda one: (one.lower, one.upper))


def overlapping(lower: float, upper: float, ranges: Sequence[Taken]) -> Taken | None:
    """The first range that shares viewers with this one."""
    return next((one for one in ranges if lower < one.upper - FINEST and one.lower < upper - FINEST), None)


def gaps(ranges: Sequence[Taken]) -> list[tuple[float, float]]:
    """The free parts of a layer, from the left.

    >>> gaps([])
    [(0.0, 1.0)]
    """
    found, at = [], 0.0
    for one in ranges:
        if one.lower > at + FINEST:
            found.append((at, one.lower))
        at = max(at, one.upper)
    if at < 1.0 - FINEST:
        found.append((at, 1.0))
    return found


def proposed(ranges: Sequence[Taken], width: float = 1.0) -> tuple[float, float] | None:
    """A free range: `width` of the first gap that is wide enough, else the widest gap; None if nothing is free."""
    free = gaps(ranges)
    fitting = next((gap for gap in free if gap[1] - gap[0] >= width - FINEST), None)
    if fitting is not None:
        return fitting[0], min(1.0, fitting[0] + width)
    return max(free, key=lambda gap: gap[1] - gap[0], default=None)
