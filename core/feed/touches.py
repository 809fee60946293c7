"""Touches: what events and served pages say of the slots in which a viewer met products."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from core.domain.attribution import PageFacts, Place, Shopper, SlotFacts, Touch, TouchKind, Windows
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import HOUR, Millis
from core.domain.post import Post
from core.feed.served_record import ServedPage

KEPT_VIEWS = 100
KEPT_CLICKS = 200

TOUCHES: Mapping[EventKind, TouchKind] = {
    EventKind.IMPRESSION: TouchKind.VIEW,
    EventKind.WATCH: TouchKind.VIEW,
    EventKind.PRODUCT_CLICK: TouchKind.CLICK,
    EventKind.ADD_TO_CART: TouchKind.CART,
}


@dataclass(frozen=True, slots=True)
class PostOrigin:
    """What an event's post adds where the served page does not say it."""

    publisher: str
    kind: str
    products: tuple[str, ...]

    @staticmethod
    def of(post: Post) -> PostOrigin:
        return PostOrigin(post.publisher, post.kind.value, post.products)


def page_facts(page: ServedPage) -> PageFacts:
    """The part of a served page that attribution keeps."""
    slots = tuple(SlotFacts(slot.post, slot.kind, slot.products, slot.campaign) for slot in page.slots)
    return PageFacts(page.request, page.at, page.policy, slots)


def place_of(shopper: Shopper, event: ViewerEvent, origin: PostOrigin | None) -> Place:
    """Where an event says it happened, with what the served page and the post add."""
    publisher = origin.publisher if origin else event.publisher
    place = Place(
        event.post, publisher, origin.kind if origin else "", request=event.request,
        slot=-1 if event.slot is None else event.slot,
    )  # fmt: skip
    page = page_in(shopper.pages, event.request)
    return place if page is None else placed(place, page)


def page_in(pages: Iterable[PageFacts], request: str) -> PageFacts | None:
    """The page of that request, if it is remembered."""
    return next((page for page in pages if request and page.request == request), None)


def _slot(page: PageFacts, post: str) -> tuple[int, SlotFacts] | None:
    return next(((number, slot) for number, slot in enumerate(page.slots) if slot.post == post), None)


def placed(place: Place, page: PageFacts) -> Place:
    """The place with what the served page says. A page that does not hold the post says nothing: the request is wrong."""
    if (found := _slot(page, place.post)) is None:
        return place
    number, slot = found
    return msgspec.structs.replace(place, kind=slot.kind, policy=page.policy, campaign=slot.campaign, slot=number)


def informed(touch: Touch, page: PageFacts) -> Touch:
    """The touch with what its served page says."""
    found = _slot(page, touch.place.post)
    view = touch.kind is TouchKind.VIEW and found is not None and found[1].products
    products = found[1].products if view and found else touch.products
    return msgspec.structs.replace(touch, place=placed(touch.place, page), products=products)


def touch_of(shopper: Shopper, event: ViewerEvent, origin: PostOrigin | None) -> Touch | None:
    """The touch that an event is; None for a view of a post that links no product."""
    kind, place = TOUCHES[event.kind], place_of(shopper, event, origin)
    if kind is not TouchKind.VIEW:
        return Touch(event.at, event.id, kind, (event.product,) if event.product else (), place)
    page = page_in(shopper.pages, event.request)
    found = _slot(page, event.post) if page else None
    products = (found[1].products if found else ()) or (origin.products if origin else ())
    return Touch(event.at, event.id, kind, products, place) if products else None


def kept(touches: Iterable[Touch], orders: Sequence[Millis], high: Millis, windows: Windows) -> tuple[Touch, ...]:
    """Touches that may still matter, by time. `orders` are the times of the viewer's orders, sorted.

    Of the views of one slot within an hour that no order lies between, the latest, and as far as there is room the first, for
    orders that have not arrived yet.
    """
    views: dict[tuple[str, str, int, int], tuple[Touch, Touch]] = {}
    clicks: dict[str, Touch] = {}
    for touch in touches:
        if touch.kind is not TouchKind.VIEW:
            if touch.at >= high - windows.click - windows.late:
                clicks.setdefault(touch.event, touch)
        elif touch.at >= high - windows.view - windows.late:
            key = (touch.place.post, touch.place.request, touch.at // HOUR, bisect_left(orders, touch.at))
            first, latest = views.get(key, (touch, touch))
            views[key] = min(first, touch, key=when), max(latest, touch, key=when)
    newest = sorted((latest for _, latest in views.values()), key=when)[-KEPT_VIEWS:]
    if room := KEPT_VIEWS - len(newest):
        newest += sorted((first for first, latest in views.values() if first is not latest), key=when)[-room:]
    return tuple(sorted([*newest, *sorted(clicks.values(), key=when)[-KEPT_CLICKS:]], key=when))


def when(touch: Touch) -> tuple[int, str]:
    """What touches are sorted by."""
    return touch.at, touch.event
