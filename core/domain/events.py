"""What viewers do, as the shopping app reports it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b

import msgspec

from core.domain.errors import InvalidInput
from core.domain.ids import DAY, MINUTE, Millis

MAX_ID = 80
MAX_BATCH = 10_000
MAX_LINES = 50
CLOCK_AHEAD: Millis = 5 * MINUTE
OLDEST: Millis = 90 * DAY


class EventKind(StrEnum):
    """Every event of the feed. `SERVED` and `EXPOSURE` are written by Feedroom itself; the app may send the others."""

    SERVED = "served"
    IMPRESSION = "impression"
    WATCH = "watch"
    LIKE = "like"
    UNLIKE = "unlike"
    COMMENT = "comment"
    SHARE = "share"
    SHARE_OPEN = "share_open"
    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    NOT_INTERESTED = "not_interested"
    REPORT = "report"
    PRODUCT_CLICK = "product_click"
    ADD_TO_CART = "add_to_cart"
    ORDER = "order"
    ORDER_CANCELLED = "order_cancelled"
    EXPOSURE = "exposure"


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """One product of an order; `value_minor` is what the whole line is worth, in minor units."""

    product: str
    quantity: int = 1
    value_minor: int = 0


_Needed = tuple[tuple[str, str], ...]
_POST: _Needed = (("post", "a {kind} event names a post"),)
_EXPOSURE = "an exposure names an experiment and an arm"
_NEEDED: Mapping[EventKind, _Needed] = {
    EventKind.FOLLOW: (("publisher", "a {kind} event names a publisher"),),
    EventKind.UNFOLLOW: (("publisher", "a {kind} event names a publisher"),),
    EventKind.EXPOSURE: (("experiment", _EXPOSURE), ("arm", _EXPOSURE)),
    EventKind.ORDER: (),
    EventKind.ORDER_CANCELLED: (("order", "a cancellation names the id of the order's event"),),
    EventKind.SHARE_OPEN: (("share", "an opened share names its link"), *_POST),
}
"""What an event of a kind has to name; all others name a post."""


MARK = 8
"""Bytes of a mark."""


def event_mark(id: str) -> bytes:
    """MARK bytes of a hash of an event's id: what a viewer's state remembers of it, a quarter of the room that ids take.

    That two of the few hundred remembered are taken for one another happens once in 10^17 events.
    """
    return blake2b(id.encode("utf-8", "surrogatepass"), digest_size=MARK).digest()


def is_marked(mark: bytes, marks: bytes | bytearray) -> bool:
    """Whether a mark is one of these, which stand one after the other. A search in the bytes: a set of them would have to be made
    of hundreds first."""
    at = marks.find(mark)
    while at % MARK and at >= 0:
        at = marks.find(mark, at + 1)
    return at >= 0


class ViewerEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event; `id` is chosen by the sender, unique over all viewers, and makes sending it twice harmless.

    `at` is when it happened. `post` is needed by all kinds but follow and unfollow, which need `publisher`.
    `seconds` and `completion` (0..1+, loops count) belong to watch; `product` to product_click, add_to_cart and order;
    `value_minor` to order, which names its lines in `products` if it has several. A cancellation names the id of the order's event
    in `order`, and `product` if only that line is cancelled. `share` belongs to share and share_open, `reason` and `text` to
    report. `request` and `slot` tie it to the served page. An exposure names its `experiment` and `arm`, and
    in `text` the viewer's segment.
    """

    id: str
    kind: EventKind
    viewer: str
    at: Millis
    post: str = ""
    publisher: str = ""
    product: str = ""
    request: str = ""
    slot: int | None = None
    seconds: float = 0.0
    completion: float = 0.0
    value_minor: int = 0
    quantity: int = 1
    products: tuple[OrderLine, ...] = ()
    order: str = ""
    share: str = ""
    reason: str = ""
    text: str = ""
    experiment: str = ""
    arm: str = ""

    def __post_init__(self) -> None:
        if not (0 < len(self.id) <= MAX_ID and 0 < len(self.viewer) <= MAX_ID):
            name = "viewer" if 0 < len(self.id) <= MAX_ID else "id"
            raise InvalidInput(name, getattr(self, name), f"1 to {MAX_ID} characters are needed")
        for name, why in _NEEDED.get(self.kind, _POST):
            if not getattr(self, name):
                raise InvalidInput(name, getattr(self, name), why.format(kind=self.kind))
        if not (0 <= self.seconds < math.inf and 0 <= self.completion < math.inf):
            name = "completion" if 0 <= self.seconds < math.inf else "seconds"
            raise InvalidInput(name, getattr(self, name), "a finite number from 0 up is needed")
        if self.value_minor < 0:
            raise InvalidInput("value_minor", self.value_minor, "an order's value cannot be below 0")
