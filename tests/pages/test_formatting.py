"""Numbers as text: the examples of the docstrings, and numbers of every size."""

from __future__ import annotations

import doctest
import math
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import Conflict
from dashboard import formatting, literal
from dashboard.components import marked_text
from dashboard.messages import sentence


@pytest.mark.parametrize("module", [formatting, literal, marked_text])
def test_the_examples_in_the_docstrings_hold(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


def test_words_of_people_in_a_refusal_are_no_markdown() -> None:
    said = sentence(Conflict("[Ada](https://evil.example) has changed it in the meantime"))
    assert "[Ada](" not in said
    assert "https://" not in said.replace("\\", "")


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_grouping_keeps_every_digit(value: int) -> None:
    text = formatting.number(value)
    assert int(text.replace(",", "").replace("−", "-")) == value
    assert all(len(part) == 2 for part in text.lstrip("−").split(",")[1:-1])


@given(st.integers(min_value=0, max_value=10**12))
def test_money_keeps_every_paisa(minor: int) -> None:
    assert round(float(formatting.money(minor).lstrip("₹").replace(",", "")) * 100) == minor


@given(st.floats(min_value=0, max_value=1e13))
def test_spans_and_sizes_are_short(value: float) -> None:
    assert len(formatting.duration(value)) <= 16
    assert len(formatting.size(value)) <= 12


def test_unknown_is_a_dash_and_never_zero() -> None:
    for write in (
        formatting.number, formatting.money, formatting.percent, formatting.size, formatting.duration,
        formatting.clip_length, formatting.short_number,
    ):  # fmt: skip
        assert write(math.nan) == write(None) == "–"
