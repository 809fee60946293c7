"""What the index held of a post when a page was made: the numbers behind its scores that are no scores themselves."""

from __future__ import annotations

from dataclasses import dataclass

from core.feed.index import Index


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFacts:
    """`price` of the cheapest linked product in stock and `margin` of the best one, in major currency units, 0 without any;
    `impressions` so far, and the `reputation` that multiplies engagement."""

    price: float
    margin: float
    impressions: int
    reputation: float


def facts_of(index: Index, id: str) -> PostFacts | None:
    """The facts of a post by id; None if this snapshot does not hold it."""
    row = index.row(id)
    if not 0 <= row < index.size or index.ids[row] != id:
        return None
    return PostFacts(
        price=round(float(index.price[row]), 2),
        margin=round(float(index.value[row]), 2),
        impressions=int(index.impressions[row]),
        reputation=round(float(index.reputation[row]), 4),
    )
