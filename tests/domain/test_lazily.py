"""Values that are worked out when first asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from core.domain.lazily import lazily


@dataclass(frozen=True)
class Page:
    slots: tuple[int, ...]

    @lazily
    def total(self) -> int:
        """The sum of the slots."""
        made.append(self.slots)
        return sum(self.slots)

    @lazily
    def broken(self) -> int:
        made.append(())
        raise ValueError("not today")


made: list[tuple[int, ...]] = []


@pytest.fixture(autouse=True)
def nothing_made() -> None:
    made.clear()


def test_a_value_is_worked_out_once_for_each_object_also_of_a_frozen_class() -> None:
    page = Page((1, 2))
    assert (page.total, page.total, replace(page, slots=(4,)).total) == (3, 3, 4)
    assert made == [(1, 2), (4,)]


def test_what_fails_is_tried_again() -> None:
    page = Page(())
    for _ in range(2):
        with pytest.raises(ValueError, match="not today"):
            _ = page.broken
    assert len(made) == 2


def test_the_class_keeps_the_description() -> None:
    assert Page.total.__doc__ == "The sum of the slots."
