"""Identifiers: made here, read by the package that knows ULIDs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from core.domain.ids import new_id

times = st.integers(0, 2**48 - 1)


@given(times)
def test_an_id_is_a_ulid_of_its_time(now: int) -> None:
    read = ULID.from_str(new_id(now))
    assert read.milliseconds == now
    assert str(read) == str(ULID.from_bytes(read.bytes))


@given(times, times)
def test_ids_sort_by_time(one: int, other: int) -> None:
    assert one == other or (new_id(one) < new_id(other)) == (one < other)


def test_ids_of_one_moment_differ_and_those_made_later_sort_later() -> None:
    made = [new_id(1_795_000_000_000) for _ in range(10_000)]
    assert made == sorted(set(made))
    assert len(made) == 10_000


@pytest.mark.parametrize("now", [-1, 2**48])
def test_what_is_no_time_is_refused_by_name(now: int) -> None:
    with pytest.raises(ValueError, match=f"now={now} is no time"):
        new_id(now)
