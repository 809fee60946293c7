"""Works in step take their steps together and end each with its own result."""

from __future__ import annotations

import pytest

from core.pipeline.lockstep import Steps, alone, in_step


def work(name: str, steps: int, told: list[str], *, fails: bool = False) -> Steps[str]:
    for step in range(steps):
        told.append(f"{name}{step}")
        yield
    if fails:
        raise ValueError(name)
    return name.upper()


def test_each_takes_its_first_step_then_each_its_second_and_all_results_come_in_order() -> None:
    told: list[str] = []
    found = in_step([work("a", 2, told), work("b", 1, told), work("c", 3, told)])
    assert told == ["a0", "b0", "c0", "a1", "c1", "c2"]
    assert found == ["A", "B", "C"]


def test_one_that_fails_holds_no_other_up() -> None:
    told: list[str] = []
    first, failed, last = in_step([work("a", 1, told), work("b", 1, told, fails=True), work("c", 2, told)])
    assert (first, last) == ("A", "C")
    assert isinstance(failed, ValueError)


def test_what_they_hold_is_let_go_when_they_fail() -> None:
    held: list[str] = []

    def holding() -> Steps[None]:
        held.append("room")
        try:
            yield
            raise ValueError
        finally:
            held.clear()

    in_step([holding()])
    assert not held


def test_nothing_in_step_is_nothing() -> None:
    assert in_step(list[Steps[str]]()) == []


def test_alone_a_work_runs_through_and_raises_what_it_raises() -> None:
    told: list[str] = []
    assert alone(work("a", 3, told)) == "A"
    with pytest.raises(ValueError, match="b"):
        alone(work("b", 1, told, fails=True))
