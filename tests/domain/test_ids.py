"""Identifiers: made here, read by the package that knows ULIDs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from core.domain.errors import InvalidInput
from core.domain.given_ids import check_id
from core.domain.ids import joined, new_id

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


@pytest.mark.parametrize(("one", "other"), [(("x:v", "c"), ("v", "c:x")), (("a%3A", "b"), ("a:", "b"))])
def test_other_parts_make_another_id(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert joined(":", "like", *reversed(one)) != joined(":", "like", *reversed(other))
    assert joined(":", *one) != joined(":", *other)


@given(st.lists(st.text(":%3A>ab"), min_size=2, max_size=2), st.lists(st.text(":%3A>ab"), min_size=2, max_size=2))
def test_only_the_same_parts_make_the_same_id(one: list[str], other: list[str]) -> None:
    assert (joined(":", *one) == joined(":", *other)) == (one == other)


def test_ordinary_parts_stand_in_the_id_as_they_are() -> None:
    assert joined(":", "like", "c-7781", "google:viewer-1042") == "like:c-7781:google:viewer-1042"


@pytest.mark.parametrize("id", ["", "i" * 81, "v\0z", "a\nb", "\x7f", "\x85", "half \ud83d", "é\0"])
def test_an_id_that_a_store_would_not_find_again_is_refused_by_field(id: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_id("viewer", id)
    assert caught.value.field == "viewer"
    caught.value.detail.encode()


@pytest.mark.parametrize("id", ["v/1", "/", ".", ".."])
def test_an_id_that_an_address_cannot_hold_is_refused_only_where_it_stands_in_one(id: str) -> None:
    check_id("id", id)
    with pytest.raises(InvalidInput, match="id: it stands in addresses"):
        check_id("id", id, in_path=True)


@pytest.mark.parametrize("id", ["i" * 80, "Zoë 👩🏽‍🌾", "a=b?&#%2F:…", "मीरा"])
def test_any_other_text_is_an_id(id: str) -> None:
    check_id("id", id, in_path=True)
