"""The feed of a sample viewer, for product managers: look without counting, act as the viewer, see what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.account import Account, Role
from core.domain.errors import InvalidInput
from core.domain.events import EventKind, ViewerEvent
from core.domain.feed import FeedPage, Slot
from core.domain.ids import Millis, new_id
from core.domain.mix import MixPolicy
from core.domain.viewer import ViewerState
from core.services.audit import Audit
from core.services.engagement import Engagement
from core.services.event_intake import EventStatus
from core.services.feed import Feed
from core.services.stores import Stores

WITH_PRODUCT = frozenset({EventKind.PRODUCT_CLICK, EventKind.ADD_TO_CART, EventKind.ORDER})
ACTS = (
    EventKind.WATCH, EventKind.LIKE, EventKind.UNLIKE, EventKind.SHARE, EventKind.FOLLOW, EventKind.UNFOLLOW,
    EventKind.NOT_INTERESTED, *sorted(WITH_PRODUCT),
)  # fmt: skip
"""What can be done as a viewer from the preview."""


@dataclass(frozen=True, slots=True)
class Acted:
    """What was done, and with which slot: a like may have become an unlike."""

    kind: EventKind
    slot: Slot


class Preview:
    """Every method is for product managers. Acting as a viewer is a real event of that viewer and leaves an audit line."""

    def __init__(self, stores: Stores, feed: Feed, engagement: Engagement, audit: Audit) -> None:
        self._stores = stores
        self._feed = feed
        self._engagement = engagement
        self._audit = audit

    def page(
        self,
        actor: Account,
        viewer: str,
        *,
        size: int,
        now: Millis,
        shown: Sequence[str] = (),
        request: str = "",
        policy: MixPolicy | str | None = None,
    ) -> FeedPage:
        """The page that follows the posts `shown`, without it counting as served; see `Feed.preview` for `request`."""
        return self._feed.preview(actor, viewer, size=size, policy=policy, shown=tuple(shown), request=request, now=now)

    def served_page(
        self, actor: Account, viewer: str, *, size: int, now: Millis, cursor: str | None = None
    ) -> FeedPage:
        """The next page as the app would get it, with all scores: its posts count as seen by this viewer."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._feed.page(viewer, size=size, cursor=cursor, staff=True, now=now)

    def policy(self, actor: Account, page: FeedPage) -> MixPolicy | None:
        """The policy that a page was made by; None for one that was never stored."""
        return next((policy for policy in self._feed.policies(actor) if policy.id == page.policy), None)

    def state(self, actor: Account, viewer: str) -> ViewerState:
        """What the feed knows of a viewer now."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._stores.live.viewers.read(viewer, trending=0).viewer

    def act(self, actor: Account, page: FeedPage, position: int, kind: EventKind | str, *, now: Millis) -> Acted:
        """Do something as the page's viewer with one of its slots; the very next page knows.

        A like of a liked post takes the like back, and so does a follow. Raises InvalidInput for an act that is not offered, a
        position that the page does not have, or a product act on a slot without a product.
        """
        actor.require(Role.PRODUCT_MANAGER)
        if kind not in ACTS:
            raise InvalidInput("kind", str(kind), f"one of {', '.join(ACTS)}")
        if not 0 <= position < len(page.slots):
            raise InvalidInput("position", position, f"the page has {len(page.slots)} slots")
        slot = page.slots[position]
        kind = self._toggled(actor, page.viewer, slot, EventKind(kind))
        if kind in WITH_PRODUCT and not slot.products:
            raise InvalidInput("position", position, "this slot has no product")
        events = [self._event(page, slot, EventKind.IMPRESSION, now), self._event(page, slot, kind, now)]
        for result in self._engagement.accept(events, now):
            if result.status is EventStatus.REFUSED:
                raise InvalidInput(result.field, slot.post, result.reason)
        self._audit.record(actor, "preview.act", page.viewer, now=now, kind=kind.value, post=slot.post)
        return Acted(kind, slot)

    def reset(self, actor: Account, viewer: str, *, now: Millis) -> None:
        """Forget what the feed knows of a viewer: taste, follows and what was seen. The event log keeps what happened."""
        actor.require(Role.PRODUCT_MANAGER)
        self._stores.live.viewers.forget(viewer)
        self._audit.record(actor, "preview.reset", viewer, now=now)

    def _toggled(self, actor: Account, viewer: str, slot: Slot, kind: EventKind) -> EventKind:
        state = self.state(actor, viewer)
        if kind is EventKind.LIKE and slot.post in state.liked:
            return EventKind.UNLIKE
        if kind is EventKind.FOLLOW and slot.publisher in state.follows:
            return EventKind.UNFOLLOW
        return kind

    def _event(self, page: FeedPage, slot: Slot, kind: EventKind, now: Millis) -> ViewerEvent:
        product = slot.products[0] if kind in WITH_PRODUCT else None
        watched = kind is EventKind.WATCH
        follows = kind in (EventKind.FOLLOW, EventKind.UNFOLLOW)
        return ViewerEvent(
            # An impression is one however much is then done with the slot; every act is one of its own.
            id=f"{page.request}-{slot.position}" if kind is EventKind.IMPRESSION else new_id(now),
            kind=kind,
            viewer=page.viewer,
            at=now,
            post="" if follows else slot.post,
            publisher=slot.publisher if follows else "",
            product=product.id if product else "",
            request=page.request,
            slot=slot.position,
            seconds=slot.media.duration if watched else 0.0,
            completion=1.0 if watched else 0.0,
            value_minor=product.price_minor if product and kind is EventKind.ORDER else 0,
        )
