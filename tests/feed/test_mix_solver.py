"""The dynamic programme against brute force and against an integer programme."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from core.feed.mix_solver import KIND_COUNT, solve

Instance = tuple[list[np.ndarray], list[int], list[int], list[int], np.ndarray]


@st.composite
def instances(draw: st.DrawFn, most_slots: int) -> Instance:
    """Random candidates per kind, possible bounds, gaps, and attention that never rises."""
    slots = draw(st.integers(1, most_slots))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    values = [np.sort(rng.normal(1, 1, rng.integers(2, slots + 3)))[::-1].copy() for _ in range(4)]
    most = [int(min(len(one), rng.integers(0, slots + 1))) for one in values]
    while sum(most) < slots:
        room = [kind for kind in range(4) if most[kind] < len(values[kind])]
        most[room[int(rng.integers(len(room)))]] += 1
    least = [int(rng.integers(0, top + 1)) for top in most]
    while sum(least) > slots:
        least[int(np.argmax(least))] -= 1
    return values, least, most, [int(gap) for gap in rng.integers(0, 4, 4)], 0.9 ** np.arange(slots)


def broken_gaps(kinds: Sequence[int], gaps: Sequence[int]) -> int:
    last = [-(10**6)] * len(gaps)
    broken = 0
    for slot, kind in enumerate(kinds):
        broken += slot - last[kind] <= gaps[kind]
        last[kind] = slot
    return broken


def value_of(kinds: Sequence[int], values: Sequence[np.ndarray], attention: np.ndarray) -> float:
    """Σ attention · value of a sequence of kinds."""
    taken = [0] * len(values)
    total = 0.0
    for slot, kind in enumerate(kinds):
        total += float(attention[slot] * values[kind][taken[kind]])
        taken[kind] += 1
    return total


@given(instances(6))
def test_no_page_is_better_and_gaps_break_only_where_they_must(instance: Instance) -> None:
    values, least, most, gaps, attention = instance
    found = solve(values, least, most, gaps, attention)
    pages = [
        (broken_gaps(page, gaps), -value_of(page, values, attention))
        for page in itertools.product(range(KIND_COUNT), repeat=len(attention))
        if all(least[kind] <= page.count(kind) <= most[kind] for kind in range(4))
    ]
    broken, value = min(pages)
    assert found.broken == broken
    assert found.value == pytest.approx(-value, abs=1e-6)


@given(instances(10))
def test_the_page_it_names_has_the_value_it_tells(instance: Instance) -> None:
    values, least, most, gaps, attention = instance
    found = solve(values, least, most, gaps, attention)
    counts = np.bincount(found.kinds, minlength=4)
    assert all(least[kind] <= counts[kind] <= most[kind] for kind in range(4))
    assert broken_gaps(found.kinds.tolist(), gaps) == found.broken
    assert value_of(found.kinds.tolist(), values, attention) == pytest.approx(found.value, abs=1e-6)


def best_by_milp(instance: Instance) -> float | None:
    """The value of the best page by an integer programme over (candidate, slot), None if gaps make it impossible."""
    values, least, most, gaps, attention = instance
    slots = len(attention)
    kinds = np.concatenate([np.full(len(one), kind) for kind, one in enumerate(values)])
    worth = np.concatenate(values)
    count = len(worth)
    cost = -(worth[:, None] * attention[None, :]).ravel()
    rows, low, high = [], [], []

    def rule(mask: np.ndarray, least_value: float, most_value: float) -> None:
        rows.append(mask.ravel().astype(float))
        low.append(least_value)
        high.append(most_value)

    for slot in range(slots):
        mask = np.zeros((count, slots))
        mask[:, slot] = 1
        rule(mask, 1, 1)
    for one in range(count):
        mask = np.zeros((count, slots))
        mask[one] = 1
        rule(mask, 0, 1)
    for kind in range(4):
        mask = np.zeros((count, slots))
        mask[kinds == kind] = 1
        rule(mask, least[kind], most[kind])
        for first in range(slots):
            window = np.zeros((count, slots))
            window[kinds == kind, first : first + gaps[kind] + 1] = 1
            rule(window, 0, 1)
    found = milp(
        cost,
        constraints=LinearConstraint(np.array(rows), low, high),
        integrality=np.ones(len(cost)),
        bounds=Bounds(0, 1),
    )
    return -float(found.fun) if found.success else None


@pytest.mark.parametrize("seed", range(12))
def test_an_integer_programme_finds_no_better_page_of_twelve(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = [np.sort(rng.gamma(2, 1, 10))[::-1].copy() for _ in range(4)]
    instance = values, [3, 0, 1, 1], [8, 2, 4, 5], [0, 2, 0, 1], 0.97 ** np.arange(12)
    reference = best_by_milp(instance)
    found = solve(*instance)
    assert reference is not None
    assert found.broken == 0
    assert found.value == pytest.approx(reference, rel=1e-4)
