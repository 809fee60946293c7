"""The collector sets aside what lives long, and still lets go of what has died."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from core.api import collector
from core.api.collector import SmallCollector


class Node:
    """Something that refers to itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallCollector]:
    monkeypatch.setattr(collector, "SLOW", -1.0)
    made = SmallCollector()
    made.start()
    yield made
    made.stop()


def test_survivors_of_a_slow_collection_are_set_aside(small: SmallCollector) -> None:
    before = gc.get_freeze_count()
    kept = [Node() for _ in range(5_000)]
    gc.collect()
    assert gc.get_freeze_count() >= before + len(kept)


def test_a_quick_collection_sets_nothing_aside(small: SmallCollector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "SLOW", 60.0)
    before = gc.get_freeze_count()
    kept = [Node() for _ in range(5_000)]
    gc.collect()
    assert gc.get_freeze_count() <= before
    assert kept


def test_what_was_set_aside_and_has_died_is_let_go_in_the_end(
    small: SmallCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node()
    gone = weakref.ref(node)
    gc.collect()
    del node
    gc.collect()
    assert gone() is not None
    monkeypatch.setattr(collector, "LOOK_AT_ALL", -1.0)
    gc.collect()
    assert gone() is None


@pytest.fixture
def young() -> Iterator[SmallCollector]:
    made = SmallCollector(every=2)
    made.start()
    yield made
    made.stop()


def test_the_young_are_set_aside_unseen_and_looked_at_every_few_times_if_that_is_wanted(young: SmallCollector) -> None:
    found = []
    for _ in range(3):
        gone = weakref.ref(Node())
        before = gc.get_freeze_count()
        kept = [Node() for _ in range(300)]
        gc.collect(0)
        assert gc.get_freeze_count() >= before + len(kept)
        found.append(gone() is None)
    assert found == [False, False, True]


def test_the_young_are_looked_at_as_long_as_there_is_garbage_among_them(young: SmallCollector) -> None:
    found = []
    for _ in range(6):
        gone = [weakref.ref(Node()) for _ in range(collector.GARBAGE)]
        gc.collect(0)
        found.append(all(one() is None for one in gone))
    assert found == [False, False, True, True, True, True]
