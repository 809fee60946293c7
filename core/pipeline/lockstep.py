"""Several pieces of the same work, done in step: each takes its first step, then each its second.

A page runs through more code than the caches hold and comes back to hardly any of it, so every stage begins with waiting for
memory. Eight pages in step wait once: `tests.benchmarks.feed_latency` says what a page costs alone and what it costs in step.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[None, None, T]
"""Work that pauses after each step and returns its result."""


def in_step(works: Sequence[Steps[T]]) -> list[T | Exception]:
    """What each of them returned, or raised, in their order. One that fails holds no other up."""
    found: dict[int, T | Exception] = {}
    left = list(enumerate(works))
    while left:
        going = []
        for place, work in left:
            try:
                next(work)
            except StopIteration as end:
                found[place] = end.value
            except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this work alone
                found[place] = error
            else:
                going.append((place, work))
        left = going
    return [found[place] for place in range(len(works))]


def alone(work: Steps[T]) -> T:
    """The result of one of them, without pauses. Raises what it raises."""
    try:
        while True:
            next(work)
    except StopIteration as end:
        result: T = end.value
        return result
