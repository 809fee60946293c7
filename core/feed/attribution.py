"""Last touch: which slot an order goes back to. Pure, so that every stream processor and a rebuild come to the same.

A line of an order goes to the post that the order itself names; else to the last click on the product (or cart) within the
click window; else to the last view of a post that links it within the view window; else to nothing. Late touches, pages and
cancellations change what was said before by a statement that takes it back.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from core.domain.attribution import (
    Basis,
    Credit,
    Line,
    Order,
    PageFacts,
    Place,
    Share,
    Shopper,
    Statement,
    Touch,
    TouchKind,
    Windows,
)
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import DAY
from core.feed.touches import TOUCHES, PostOrigin, informed, kept, page_facts, place_of, placed, touch_of, when

__all__ = ["RELEVANT", "PostOrigin", "lines_of", "page_facts", "shares_of", "with_event", "with_page"]

KEPT_PAGES = 12
KEPT_ORDERS = 100
ORDERS_KEPT_FOR = 90 * DAY
"""A cancellation may come as late as this."""

NOBODY = Credit(Basis.NONE, Place())
RELEVANT = frozenset({*TOUCHES, EventKind.ORDER, EventKind.ORDER_CANCELLED})


def with_page(shopper: Shopper, page: PageFacts, windows: Windows) -> Shopper:
    """The shopper after a served page: touches and orders that came before it learn their policy and products."""
    if any(held.request == page.request for held in shopper.pages):
        return shopper
    pages = tuple(sorted((*shopper.pages, page), key=lambda one: (one.at, one.request)))[-KEPT_PAGES:]
    touches = tuple(
        touch if touch.place.request != page.request else informed(touch, page) for touch in shopper.touches
    )
    orders = tuple(
        order
        if order.named.request != page.request
        else msgspec.structs.replace(order, named=placed(order.named, page))
        for order in shopper.orders
    )
    changed = touches != shopper.touches or orders != shopper.orders
    shopper = msgspec.structs.replace(shopper, pages=pages, touches=touches, orders=orders)
    return _settled(shopper, windows) if changed else shopper


def with_event(shopper: Shopper, event: ViewerEvent, origin: PostOrigin | None, windows: Windows) -> Shopper:
    """The shopper after an event. An order that is known already changes nothing."""
    if event.kind not in RELEVANT:
        return shopper
    shopper = msgspec.structs.replace(shopper, high=max(shopper.high, event.at))
    if event.kind is EventKind.ORDER:
        return _ordered(shopper, event, origin, windows)
    if event.kind is EventKind.ORDER_CANCELLED:
        return _cancelled(shopper, event)
    touch = touch_of(shopper, event, origin)
    if touch is None:
        return shopper
    touches = kept((*shopper.touches, touch), [order.at for order in shopper.orders], shopper.high, windows)
    shopper = msgspec.structs.replace(shopper, touches=touches)
    late = any(order.at >= touch.at for order in shopper.orders)
    return _settled(shopper, windows) if late else shopper


def shares_of(order: Order) -> tuple[Share, ...]:
    """The order's lines added up by credit, without what was cancelled."""
    grouped: dict[Credit, list[Line]] = {}
    for line in order.lines:
        if not line.cancelled:
            grouped.setdefault(line.credit, []).append(line)
    return tuple(
        Share(
            credit,
            tuple(line.product for line in lines),
            sum(line.quantity for line in lines),
            sum(line.value_minor for line in lines),
        )
        for credit, lines in grouped.items()
    )


def lines_of(event: ViewerEvent) -> list[tuple[str, int, int]]:
    """Product, quantity and value of each line. An order that says only its total shares it out by quantity, to the paisa."""
    if not event.products:
        return [(event.product, event.quantity, event.value_minor)]
    if any(line.value_minor for line in event.products):
        return [(line.product, line.quantity, line.value_minor) for line in event.products]
    total = sum(line.quantity for line in event.products)
    left, lines = event.value_minor, []
    for line in event.products:
        part = left * line.quantity // total if total else 0
        lines.append((line.product, line.quantity, part))
        left, total = left - part, total - line.quantity
    return lines


def _ordered(shopper: Shopper, event: ViewerEvent, origin: PostOrigin | None, windows: Windows) -> Shopper:
    if any(order.id == event.id for order in shopper.orders):
        return shopper
    gone = {product for order, product in shopper.cancelled if order == event.id}
    lines = tuple(
        Line(product, quantity, value, NOBODY, "" in gone or product in gone)
        for product, quantity, value in lines_of(event)
    )
    order = Order(event.id, event.at, place_of(shopper, event, origin) if event.post else Place(), lines)
    orders = sorted((*shopper.orders, order), key=lambda one: (one.at, one.id))
    recent = tuple(one for one in orders if one.at >= shopper.high - ORDERS_KEPT_FOR)[-KEPT_ORDERS:]
    waiting = tuple(one for one in shopper.cancelled if one[0] != event.id)
    shopper = msgspec.structs.replace(shopper, orders=recent, cancelled=waiting)
    return _settled(shopper, windows, fresh=event.id)


def _cancelled(shopper: Shopper, event: ViewerEvent) -> Shopper:
    held = next((order for order in shopper.orders if order.id == event.order), None)
    if held is None:
        waiting = (*shopper.cancelled, (event.order, event.product))[-KEPT_ORDERS:]
        return msgspec.structs.replace(shopper, cancelled=waiting)
    lines = tuple(
        msgspec.structs.replace(line, cancelled=True) if event.product in ("", line.product) else line
        for line in held.lines
    )
    return _said(shopper, held, lines)


def _settled(shopper: Shopper, windows: Windows, fresh: str = "") -> Shopper:
    """Credit orders anew that are not settled for good, and say what changed. `fresh` is credited however old it is."""
    for order in shopper.orders:
        if order.at < shopper.high - windows.late and order.id != fresh:
            continue
        lines = tuple(
            msgspec.structs.replace(line, credit=_credit(shopper.touches, order, line.product, windows))
            for line in order.lines
        )
        shopper = _said(shopper, order, lines, first=order.id == fresh)
    return shopper


def _said(shopper: Shopper, before: Order, lines: tuple[Line, ...], *, first: bool = False) -> Shopper:
    """The order with these lines, and a statement of what that changes."""
    if lines == before.lines and not first:
        return shopper
    after = msgspec.structs.replace(before, lines=lines)
    held = () if first else shares_of(before)
    if (now := shares_of(after)) != held:
        after = msgspec.structs.replace(after, revision=before.revision + 1)
        said = Statement(after.id, after.revision, shopper.id, after.at, held, now)
        shopper = msgspec.structs.replace(shopper, outbox=(*shopper.outbox, said))
    orders = tuple(after if order.id == after.id else order for order in shopper.orders)
    return msgspec.structs.replace(shopper, orders=orders)


def _credit(touches: Iterable[Touch], order: Order, product: str, windows: Windows) -> Credit:
    """Last touch of the product before the order."""
    about = [
        touch
        for touch in touches
        if touch.at <= order.at and (not product or not touch.products or product in touch.products)
    ]
    clicks = [touch for touch in about if touch.kind is not TouchKind.VIEW and touch.at >= order.at - windows.click]
    views = [touch for touch in about if touch.kind is TouchKind.VIEW and touch.at >= order.at - windows.view]
    if order.named.post:
        place, basis = order.named, Basis.NAMED
        own = [touch for touch in (*clicks, *views) if touch.place.post == place.post]
        same = [touch for touch in own if touch.place.request == place.request] if place.request else own
        if same and not place.policy:
            place = max(same, key=when).place
    elif clicks:
        place, basis = clicks[-1].place, Basis.CLICK
    elif views:
        place, basis = views[-1].place, Basis.VIEW
    else:
        return NOBODY

    def latest(kind: TouchKind, until: int) -> int:
        own = [touch.at for touch in (*clicks, *views) if touch.kind is kind and touch.place.post == place.post]
        return max((at for at in own if at <= until), default=0)

    clicked, carted = latest(TouchKind.CLICK, order.at), latest(TouchKind.CART, order.at)
    seen = latest(TouchKind.VIEW, clicked or carted or order.at)
    return Credit(basis, place, seen, clicked, carted)
