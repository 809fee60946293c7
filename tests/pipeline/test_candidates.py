"""Candidates as columns: what is picked lazily and compiled, held to plain array operations."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.pipeline.candidates import Candidates
from core.pipeline.trace import name_of

proposals = st.lists(st.tuples(st.integers(0, 31), st.lists(st.integers(0, 2**31 - 1), max_size=30)), max_size=8)


@given(proposals)
def test_merged_proposals_hold_each_row_once_with_all_bits(proposed: list[tuple[int, list[int]]]) -> None:
    merged = Candidates.merged([(bit, np.array(rows, np.int32)) for bit, rows in proposed])
    expected: dict[int, int] = {}
    for bit, rows in proposed:
        for row in rows:
            expected[row] = expected.get(row, 0) | 1 << bit
    assert merged.rows.tolist() == sorted(expected)
    assert merged.sources.tolist() == [expected[row] for row in sorted(expected)]
    assert (merged.rows.dtype, merged.sources.dtype) == (np.int32, np.uint32)


def test_columns_of_picked_candidates_are_those_of_their_rows() -> None:
    chance = np.random.default_rng(1)
    rows = chance.permutation(100).astype(np.int32)
    whole = Candidates(rows, np.ones(100, np.uint32)).scored(half=rows / 2).scored(square=rows.astype(np.float64) ** 2)
    order = np.argsort(-whole["square"])
    ranked = whole.at(order)
    assert ranked["half"].tolist() == whole["half"][order].tolist()
    for picked in (ranked.at(np.array([3, 1, 2])), ranked.where(ranked.rows % 7 == 0), whole.where(rows > 50)):
        assert picked["half"].tolist() == (picked.rows / 2).tolist()
        assert picked["none"].tolist() == [0.0] * len(picked)
        again = picked.scored(more=-picked["half"])
        assert dict(again.scores).keys() == {"half", "square", "more"}
        assert again["square"].tolist() == [float(row) ** 2 for row in picked.rows]
        assert again["more"].tolist() == (-picked.rows / 2).tolist()


def test_a_stage_is_named_after_itself_or_its_class() -> None:
    class TagAffinity: ...

    class Named:
        def __init__(self) -> None:
            self.name = "its own"

    class Slotted:
        __slots__ = ("name",)

    class Plain:
        __slots__ = ()

    slotted = Slotted()
    slotted.name = "in a slot"
    stages = (TagAffinity(), Named(), slotted, Plain(), Plain())
    assert [name_of(one) for one in stages] == ["tag affinity", "its own", "in a slot", "plain", "plain"]
