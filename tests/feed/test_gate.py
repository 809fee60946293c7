"""The compiled gate and the walks along shelves, held to plain array operations."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.feed.columns import Vocabulary
from core.feed.gate import TIRED, Gate
from core.feed.gate_kernels import HIDDEN, REASONS, SEEN
from core.feed.shelves import Shelves

Masks = list[tuple[str, Any]]


def columns(seed: int, size: int) -> Any:
    """Some rows of an index: what a gate looks at, and what shelves are sorted by."""
    chance = np.random.default_rng(seed)
    return SimpleNamespace(
        number=chance.permutation(size).astype(np.int32),
        live=chance.random(size) < 0.9,
        sellable=chance.random(size) < 0.8,
        region=chance.integers(0, 3, size).astype(np.int16),
        language=chance.integers(0, 4, size).astype(np.int16),
        publisher=chance.integers(0, 9, size).astype(np.int32),
        languages=Vocabulary(["en", "hi", "ta", "te"]),
        regions=Vocabulary(["IN", "US", "SG"]),
        marks=(chance.choice([0, SEEN, HIDDEN, SEEN | HIDDEN], size, p=(0.6, 0.2, 0.1, 0.1))).astype(np.uint8),
        affinity=chance.normal(-1.0, 2.0, 7),
        impressions=chance.integers(0, 200, size).astype(np.float32),
        published_at=chance.integers(0, 1_000, size),
        keys=chance.integers(0, 4, size).astype(np.int32),
    )


def against(index: Any, rows: Any, region: str, languages: tuple[str, ...]) -> Masks:
    """The reasons by numpy, one after the other."""
    found = [
        ("seen", (index.marks[index.number[rows]] & SEEN) != 0),
        ("no longer live", ~index.live[rows]),
        ("hidden by the viewer", (index.marks[index.number[rows]] & HIDDEN) != 0),
        ("out of stock", ~index.sellable[rows]),
    ]
    if (here := index.regions.find(region)) >= 0:
        found.append(("another region", index.region[rows] != here))
    if languages:
        known = [index.languages.find(name) for name in languages]
        found.append(("another language", ~np.isin(index.language[rows], known)))
    tired = [p < len(index.affinity) and index.affinity[p] <= TIRED for p in index.publisher[rows]]
    found.append(("publisher not wanted", np.array(tired, bool)))
    return found


def fitting(masks: Masks) -> Any:
    return ~np.any([mask for _, mask in masks], axis=0)


def counted(masks: Masks) -> dict[str, int]:
    seen = masks[0][1]
    counts = {"seen": int(seen.sum())} | {name: int((mask & ~seen).sum()) for name, mask in masks[1:]}
    return {name: count for name, count in counts.items() if count}


def walk(rows: Any, index: Any, asked: Any, want: int) -> tuple[list[int], list[int]]:
    """The first `want` that fit, and what was looked at until then."""
    good = np.flatnonzero(fitting(against(index, rows, *asked)))
    end = good[want - 1] + 1 if len(good) >= want else len(rows)
    return rows[good[:want]].tolist(), rows[:end].tolist()


asked = st.tuples(
    st.sampled_from(["", "IN", "SG", "nowhere"]), st.sampled_from([(), ("en",), ("hi", "te"), ("unknown",)])
)
seeds, sizes = st.integers(0, 2**32 - 1), st.integers(1, 200)


@given(seeds, sizes, asked, st.integers(1, 40))
def test_the_gate_finds_the_same_reasons_and_counts_as_masks_do(seed: int, size: int, asked: Any, want: int) -> None:
    index = columns(seed, size)
    gate = Gate(index, index.marks, index.affinity, *asked)
    rows = np.random.default_rng(seed).permutation(size)[: size // 2 + 1].astype(np.int32)
    masks = against(index, rows, *asked)
    bits, reasons = gate.judged(rows)
    for place, name in enumerate(REASONS):
        assert (bits & 1 << place != 0).tolist() == dict(masks).get(name, np.zeros(len(rows), bool)).tolist()
    assert reasons == np.bitwise_or.reduce(bits)
    assert gate.passed_over(rows) == counted(masks)
    taken, passed = gate.sifted(rows, want)
    expected, looked_at = walk(rows, index, asked, want)
    assert taken.tolist() == expected
    assert passed == counted(against(index, np.array(looked_at, np.int32), *asked))


@given(seeds, sizes, asked, st.integers(1, 12), st.floats(0, 1), st.integers(0, 20))
def test_a_shelf_gives_its_newest_and_then_its_best_that_fit(
    seed: int, size: int, asked: Any, want: int, arranged: float, later: int
) -> None:
    index = columns(seed, size)
    base, snapshot = int(size * arranged), max(size - later, 1)
    best = np.random.default_rng(seed).permutation(base).astype(np.int32)
    shelves = Shelves(index.keys[best], best, 3 if (index.keys[best] < 3).all() else 4)
    for row in range(base, size):
        shelves.add(int(index.keys[row]), row)
    gate = Gate(index, index.marks, index.affinity, *asked)
    keys = [3, 0, 7, 2, 1]
    taken, passed = shelves.take(np.array(keys), want, gate, snapshot)
    expected: list[int] = []
    looked_at: list[int] = []
    for key in keys:
        added = [row for row in reversed(range(base, size)) if index.keys[row] == key and row < snapshot]
        shelf = np.array(added + [row for row in best.tolist() if index.keys[row] == key and row < snapshot], np.int32)
        if len(shelf):
            found, looked = walk(shelf, index, asked, want)
            expected, looked_at = expected + found, looked_at + looked
            fit = lambda rows: fitting(against(index, rows, *asked))  # noqa: E731
            assert [shelves.ahead(key, row, fit, snapshot) for row in found] == list(range(len(found)))
    assert taken.tolist() == expected
    assert passed == (counted(against(index, np.array(looked_at, np.int32), *asked)) if looked_at else {})


@given(seeds, sizes, asked, st.integers(1, 12), st.floats(0, 1), st.integers(0, 20), st.integers(0, 1_000))
def test_untried_posts_are_the_newest_that_few_have_seen(
    seed: int, size: int, asked: Any, want: int, arranged: float, later: int, since: int
) -> None:
    index = columns(seed, size)
    base, snapshot = int(size * arranged), max(size - later, 1)
    newest = np.argsort(-index.published_at[: min(base, snapshot)], kind="stable").astype(np.int32)
    shelves = Shelves(np.zeros(len(newest), np.int32), newest, 1)
    for row in range(base, size):
        shelves.add(0, row)
    gate = Gate(index, index.marks, index.affinity, *asked)
    taken, passed = shelves.take_untried(want, gate, snapshot, 100, since)
    rows = np.array([*reversed(range(base, snapshot)), *newest.tolist()], np.int32)
    rows = rows[index.published_at[rows] >= since]
    good = fitting(against(index, rows, *asked)) & (index.impressions[rows] < 100)
    assert taken.tolist() == rows[good][:want].tolist()
    end = np.flatnonzero(good)[want - 1] + 1 if good.sum() >= want else len(rows)
    assert passed == (counted(against(index, rows[:end], *asked)) if end else {})


def test_a_reader_sees_a_shelf_as_it_was_while_it_grows() -> None:
    index = columns(1, 2_000)
    index.live[:], index.sellable[:], index.marks[:], index.affinity[:] = True, True, 0, 0.0
    gate = Gate(index, index.marks, index.affinity)
    shelves = Shelves(np.empty(0, np.int32), np.empty(0, np.int32), 0)
    for row in range(2_000):
        shelves.add(row % 7, row)
        if row % 97 == 0:
            taken, _ = shelves.take(np.arange(7), 3, gate, row + 1)
            assert taken.tolist() == [
                one for key in range(7) for one in range(row, -1, -1) if one % 7 == key and one > row - 21
            ]
