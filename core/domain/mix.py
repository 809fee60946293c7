"""The content mix: how much of each kind a page shows, and the rules around it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.errors import InvalidInput
from core.domain.ids import Millis
from core.domain.post import PostKind

MAX_GAP = 10
MAX_PINNED = 20
"""Pins stand among the first slots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Least and greatest share (0..1) of a kind on a page."""

    least: float = 0.0
    most: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.least) and math.isfinite(self.most) and 0 <= self.least <= self.most <= 1):
            raise InvalidInput("share", (self.least, self.most), "least and most lie within 0 and 1, in this order")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A post that stands at `position` (from 0) of the first page of a session, for every viewer who may see it and has not."""

    position: int
    post: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MixPolicy:
    """An immutable, named version of the mix and of the weights of the score.

    `shares` per kind hold on every page, `session_shares` over all that a viewer is served in one session; `gap` per kind is how
    many slots lie between two of that kind; `per_publisher`, `per_brand` and `per_topic` cap the posts of one publisher, brand and
    topic on a page (None: no cap); `explore` is the share of slots that try new posts; `weights` are the worth of each predicted
    action in engagement units. `family` is the name that versions share, `base` the id of the version it was made from.
    """

    id: str
    version: int = 1
    name: str
    family: str = ""
    base: str = ""
    shares: dict[PostKind, Share] = field(default_factory=dict)
    session_shares: dict[PostKind, Share] = field(default_factory=dict)
    gap: dict[PostKind, int] = field(default_factory=dict)
    per_publisher: int = 3
    per_brand: int | None = None
    per_topic: int | None = None
    pins: tuple[Pin, ...] = ()
    explore: float = 0.1
    weights: dict[str, float] = field(default_factory=dict)
    note: str = ""
    created_by: str = ""
    created_at: Millis = 0
    updated_at: Millis = 0

    def __post_init__(self) -> None:
        for name in ("shares", "session_shares"):
            _check_shares(name, getattr(self, name))
        for name, weight in self.weights.items():
            if not math.isfinite(weight) or (weight < 0 and name not in ("not_interested", "report")):
                raise InvalidInput(f"weights.{name}", weight, "a finite weight from 0 up is needed")
        for name in ("per_publisher", "per_brand", "per_topic"):
            if (cap := getattr(self, name)) is not None and cap < 1:
                raise InvalidInput(name, cap, "at least 1")
        for kind, slots in self.gap.items():
            if not 0 <= slots <= MAX_GAP:
                raise InvalidInput(f"gap.{kind}", slots, f"0 to {MAX_GAP} slots")
        if not (math.isfinite(self.explore) and 0 <= self.explore <= 0.5):
            raise InvalidInput("explore", self.explore, "a share from 0 to 0.5 is needed")
        positions, posts = [pin.position for pin in self.pins], [pin.post for pin in self.pins]
        if wrong := [place for place in positions if not 0 <= place < MAX_PINNED]:
            raise InvalidInput("pins", wrong[0], f"a position from 0 to {MAX_PINNED - 1} is needed")
        if len(set(positions)) < len(positions) or len(set(posts)) < len(posts):
            raise InvalidInput("pins", posts, "each position and each post at most once")


def _check_shares(name: str, shares: Mapping[PostKind, Share]) -> None:
    least = sum(share.least for share in shares.values())
    if least > 1 + 1e-9:
        raise InvalidInput(name, round(least, 3), "the least shares add up to more than 1")
    most = sum(share.most for share in shares.values())
    if all(kind in shares for kind in PostKind) and most < 1 - 1e-9:
        raise InvalidInput(name, round(most, 3), "the greatest shares add up to less than 1")
