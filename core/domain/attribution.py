"""Which served slot an order goes back to: what is remembered of each shopper, and the sums that come out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from core.domain.errors import InvalidInput
from core.domain.ids import DAY, Millis

UNKNOWN = ""


class Basis(StrEnum):
    """Why an order is credited to a slot: it names the post itself, a click or cart came before it, a view did, or nothing."""

    NAMED = "named"
    CLICK = "click"
    VIEW = "view"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """How long before an order a touch may lie. After `late`, an order's credit is settled whatever still arrives."""

    click: Millis = 7 * DAY
    view: Millis = 1 * DAY
    late: Millis = 3 * DAY

    def __post_init__(self) -> None:
        for name in ("click", "view", "late"):
            if getattr(self, name) < 0:
                raise InvalidInput(name, getattr(self, name), "a span of time from 0 up is needed")


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where in the feed something happened. `slot` is −1 and the other fields are empty where they are not known."""

    post: str = UNKNOWN
    publisher: str = UNKNOWN
    kind: str = UNKNOWN
    policy: str = UNKNOWN
    campaign: str = UNKNOWN
    request: str = UNKNOWN
    slot: int = -1


class TouchKind(StrEnum):
    VIEW = "view"
    CLICK = "click"
    CART = "cart"


class Touch(msgspec.Struct, frozen=True, array_like=True):
    """A viewer met products in a slot. No `products` on a click means whichever the order is about."""

    at: Millis
    event: str
    kind: TouchKind
    products: tuple[str, ...]
    place: Place


class SlotFacts(msgspec.Struct, frozen=True, array_like=True):
    """What a served slot held."""

    post: str
    kind: str
    products: tuple[str, ...] = ()
    campaign: str = UNKNOWN


class PageFacts(msgspec.Struct, frozen=True, array_like=True):
    """A served page, as far as attribution needs it."""

    request: str
    at: Millis
    policy: str
    slots: tuple[SlotFacts, ...]


class Credit(msgspec.Struct, frozen=True, array_like=True):
    """The slot that an order line goes to, and when the viewer last saw it before the click, last clicked and last put it into the
    cart on the way (0: did not)."""

    basis: Basis
    place: Place
    seen_at: Millis = 0
    clicked_at: Millis = 0
    carted_at: Millis = 0


class Line(msgspec.Struct, frozen=True, array_like=True):
    """One product of an order with its credit."""

    product: str
    quantity: int
    value_minor: int
    credit: Credit
    cancelled: bool = False


class Order(msgspec.Struct, frozen=True, array_like=True):
    """An order; `named` is the place that its event names. `revision` counts how often its credit was said."""

    id: str
    at: Millis
    named: Place
    lines: tuple[Line, ...]
    revision: int = 0


class Share(msgspec.Struct, frozen=True, array_like=True):
    """The part of an order that goes to one slot."""

    credit: Credit
    products: tuple[str, ...]
    quantity: int
    value_minor: int


class Statement(msgspec.Struct, frozen=True):
    """A change of an order's credit: what was said before is taken back, what is said now is added."""

    order: str
    revision: int
    viewer: str
    at: Millis
    before: tuple[Share, ...]
    after: tuple[Share, ...]


class Shopper(msgspec.Struct, frozen=True, kw_only=True):
    """What attribution remembers of one viewer; touches and orders by time. `offsets` are of the last records taken in.

    `cancelled` are (order, product) whose order has not arrived yet; "" stands for all products. `outbox` holds statements that
    may not be in the log yet. `high` is the time of the latest event.
    """

    id: str
    version: int = 1
    offsets: dict[str, int] = {}
    pages: tuple[PageFacts, ...] = ()
    touches: tuple[Touch, ...] = ()
    orders: tuple[Order, ...] = ()
    cancelled: tuple[tuple[str, str], ...] = ()
    outbox: tuple[Statement, ...] = ()
    high: Millis = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What adds up. An order whose lines go to several slots counts as an order of each."""

    orders: int = 0
    items: int = 0
    revenue_minor: int = 0

    def plus(self, other: Sums, times: int = 1) -> Sums:
        """This and `times` the other."""
        return Sums(
            orders=self.orders + times * other.orders,
            items=self.items + times * other.items,
            revenue_minor=self.revenue_minor + times * other.revenue_minor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionDay:
    """Sums of one post and day (UTC; `day` 0: since the beginning), by `kind|policy|campaign|basis`.

    `id` is `{day}.{post}`; orders that go to no slot are kept under the post "". `offsets` guards against a second delivery.
    """

    id: str
    version: int = 1
    day: int
    post: str
    publisher: str = UNKNOWN
    cells: dict[str, Sums] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributedOrder:
    """The path of one order to one post: seen → clicked → put into the cart → ordered; `id` is `{order}#{post}`."""

    id: str
    version: int = 1
    order: str
    revision: int
    viewer: str
    at: Millis
    post: str
    publisher: str
    products: tuple[str, ...]
    quantity: int
    value_minor: int
    credit: Credit


class Grouping(StrEnum):
    """What a report adds up by."""

    POST = "post"
    KIND = "kind"
    POLICY = "policy"
    PUBLISHER = "publisher"
    CAMPAIGN = "campaign"
    BASIS = "basis"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionRow:
    """One line of a report: a post, kind, policy … on one day, or over all days (`day` ""), in ISO form."""

    key: str
    day: str
    orders: int
    items: int
    revenue_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionReport:
    """Orders and revenue that served slots brought, and those that no slot did. `from_day` and `to_day` are included.

    `cursor` continues after `rows`, None at the end; the sums are those of all rows.
    """

    by: Grouping
    from_day: str
    to_day: str
    rows: tuple[AttributionRow, ...]
    attributed: Sums
    unattributed: Sums
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPath:
    """One order that a post brought, without saying who ordered."""

    who: str
    products: tuple[str, ...]
    quantity: int
    value_minor: int
    basis: Basis
    policy: str
    campaign: str
    request: str
    slot: int | None
    seen_at: Millis | None
    clicked_at: Millis | None
    carted_at: Millis | None
    ordered_at: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAttribution:
    """What a post brought since it was made: the funnel, the sums by day and by basis, and the latest orders."""

    post: str
    funnel: dict[str, int]
    total: Sums
    days: tuple[AttributionRow, ...]
    by_basis: dict[str, Sums]
    latest: tuple[OrderPath, ...]
