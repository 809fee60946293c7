"""The content mix: how much of each kind a page shows, and the rules around it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from core.domain.errors import InvalidInput
from core.domain.ids import Millis
from core.domain.post import PostKind

MAX_GAP: Final = 10
MAX_PINNED: Final = 20
"""Pins stand among the first slots."""
MAX_EXPLORE: Final = 0.5
CAPS: Final[Mapping[str, str]] = {"per_publisher": "publisher", "per_brand": "brand", "per_topic": "topic"}
"""The fields that cap posts of one group, and what the group is."""
UNWANTED: Final = ("not_interested", "report")
"""Actions whose weight may be negative."""
DEFAULT_WEIGHTS: Final[Mapping[str, float]] = {
    "like": 1.0,
    "completion": 1.0,
    "comment": 4.0,
    "share": 6.0,
    "follow": 8.0,
    "product_click": 2.0,
    "add_to_cart": 6.0,
    "order": 20.0,
    "not_interested": -10.0,
    "report": -40.0,
    "business": 0.02,
    "campaign": 0.02,
}
"""Every weight there is, by default: the worth of each action in likes. `business` is the worth of one major unit of expected
margin, for example one rupee, and `campaign` that of one major unit which a campaign pays for the delivery."""


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
    topic on a page (None: no cap); `explore` is the share of slots that try new posts; `weights` replace DEFAULT_WEIGHTS, and other
    names in it count for nothing. What people type is held to more; see `core.domain.mix_fields`. `family` is the name that
    versions share, `base` the id of the version it was made from.
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
            if not math.isfinite(weight) or (weight < 0 and name not in UNWANTED):
                raise InvalidInput(f"weights.{name}", weight, "a finite weight from 0 up is needed")
        for name in CAPS:
            if (cap := getattr(self, name)) is not None and cap < 1:
                raise InvalidInput(name, cap, "at least 1")
        for kind, slots in self.gap.items():
            if not 0 <= slots <= MAX_GAP:
                raise InvalidInput(f"gap.{kind}", slots, f"0 to {MAX_GAP} slots")
        if not (math.isfinite(self.explore) and 0 <= self.explore <= MAX_EXPLORE):
            raise InvalidInput("explore", self.explore, f"a share from 0 to {MAX_EXPLORE} is needed")
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
