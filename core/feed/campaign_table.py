"""The running campaigns as one request meets them: posts by number, and what each campaign may still have on this page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.feed import MAX_PAGE
from core.pipeline.candidates import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class CampaignTable:
    """c campaigns, m posts of theirs.

    `ids` and `names` (c,); `bonus` (c,) is value × multiplier per delivery, in major currency units; `slots` (c,) how many slots
    each may have on this page, 0 for none, `most` how many all may have together. `numbers` (m,) are post numbers of the index,
    ascending, no number twice, `owners` (m,) the campaign of each.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    bonus: FloatArray
    slots: IntArray
    numbers: IntArray
    owners: IntArray
    most: int = MAX_PAGE

    def owners_of(self, numbers: IntArray) -> IntArray:
        """The campaign of each post number, −1 for none."""
        if not len(self.numbers):
            return np.full(len(numbers), -1, np.int32)
        places = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        return np.where(self.numbers[places] == numbers, self.owners[places], -1).astype(np.int32, copy=False)


def numbered(
    posts: Sequence[Sequence[str]], bonus: FloatArray, known: Mapping[str, int], size: int
) -> tuple[IntArray, IntArray]:
    """`numbers` and `owners` of the campaigns' posts that an index of `size` numbers knows.

    A post of several campaigns belongs to the one that bids most for it now.
    """
    best: dict[int, int] = {}
    for place in np.argsort(bonus, kind="stable").tolist():
        for post in posts[place]:
            if (number := known.get(post, size)) < size:
                best[number] = place
    numbers = np.array(sorted(best), np.int32)
    return numbers, np.array([best[number] for number in numbers.tolist()], np.int32)
