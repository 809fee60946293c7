"""The content mix: how much of each kind a page shows, and the rules around it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from core.domain.errors import InvalidInput
from core.domain.ids import Millis
from core.domain.post import PostKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Least and greatest share (0..1) of a kind on a page."""

    least: float = 0.0
    most: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.least) and math.isfinite(self.most) and 0 <= self.least <= self.most <= 1):
            raise InvalidInput("share", (self.least, self.most), "least and most lie within 0 and 1, in this order")


@dataclass(frozen=True, slots=True, kw_only=True)
class MixPolicy:
    """An immutable, named version of the mix and of the weights of the score.

    `shares` per kind; `gap` per kind is how many slots lie between two of that kind; `per_publisher` caps one publisher's
    posts on a page; `weights` are the worth of each predicted action in engagement units.
    """

    id: str
    version: int = 1
    name: str
    shares: dict[PostKind, Share] = field(default_factory=dict)
    gap: dict[PostKind, int] = field(default_factory=dict)
    per_publisher: int = 3
    weights: dict[str, float] = field(default_factory=dict)
    note: str = ""
    created_by: str = ""
    created_at: Millis = 0
    updated_at: Millis = 0

    def __post_init__(self) -> None:
        if (least := sum(share.least for share in self.shares.values())) > 1 + 1e-9:
            raise InvalidInput("shares", round(least, 3), "the least shares add up to more than 1")
        if (
            all(kind in self.shares for kind in PostKind)
            and (most := sum(s.most for s in self.shares.values())) < 1 - 1e-9
        ):
            raise InvalidInput("shares", round(most, 3), "the greatest shares add up to less than 1")
        for name, weight in self.weights.items():
            if not math.isfinite(weight) or (weight < 0 and name not in ("not_interested", "report")):
                raise InvalidInput(f"weights.{name}", weight, "a finite weight from 0 up is needed")
        if self.per_publisher < 1:
            raise InvalidInput("per_publisher", self.per_publisher, "at least 1")
