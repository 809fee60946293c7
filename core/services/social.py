"""Shares and follows: links to posts, who follows whom, and how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from core.domain.collection import Page, place_in
from core.domain.errors import Conflict, Duplicate, InvalidInput, NotFound, Unavailable
from core.domain.events import EventKind, ViewerEvent
from core.domain.given_ids import check_id
from core.domain.ids import Millis, joined, new_id
from core.domain.ports.event_log import Record
from core.domain.post import PostStatus
from core.domain.publisher import Publisher
from core.domain.social import Follow, PublicPublisher, PublicShare, SharedPost
from core.services.engagement import Engagement
from core.services.event_intake import EventStatus, own_id
from core.services.stores import Stores

CHANNELS: Final = ("", "copy", "whatsapp", "instagram", "facebook", "telegram", "sms", "email", "other")
MOST_FOLLOWS: Final = 100
_TRIES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The post behind a link, and whether this viewer came by it for the first time."""

    post: str
    share: str
    first: bool


class Social:
    """What programs do; `take` and `take_opens` are for the worker."""

    def __init__(self, stores: Stores, engagement: Engagement, app_link: str) -> None:
        self._stores, self._engagement, self._app_link = stores, engagement, app_link

    def share(self, post: str, viewer: str, *, channel: str = "", id: str | None = None, now: Millis) -> PublicShare:
        """A link of this viewer to a live post; also records the share event.

        `id`, chosen by the app, makes asking twice harmless. Raises InvalidInput naming `viewer`, `channel` or `id`, NotFound,
        Duplicate.
        """
        check_id("viewer", viewer)
        if channel not in CHANNELS:
            raise InvalidInput("channel", channel, f"one of {', '.join(name for name in CHANNELS if name)}")
        if id is not None:
            check_id("id", id, in_path=True)
        self._live(post)
        made = SharedPost(
            id=id or new_id(now), post=post, viewer=viewer, channel=channel, created_at=now, updated_at=now
        )
        try:
            self._stores.shares.insert(made)
        except Duplicate:
            held = self._stores.shares.get(made.id)
            if (held.post, held.viewer) != (post, viewer):
                raise
            made = held
        self._record(EventKind.SHARE, own_id("share", made.id), viewer, now, post=post, share=made.id)
        return self._public(made)

    def shared(self, id: str) -> PublicShare:
        """A link. Raises NotFound, also when its post is not live any more."""
        share = self._stores.shares.find_one(id)
        if share is None:
            raise NotFound(f"no share {id!r}", field="id", value=id)
        self._live(share.post)
        return self._public(share)

    def open(self, id: str, viewer: str, *, now: Millis) -> Opened:
        """A viewer came by this link; the worker counts it once per viewer. Raises NotFound, InvalidInput naming `viewer`."""
        check_id("viewer", viewer)
        share = self.shared(id)
        first = self._record(EventKind.SHARE_OPEN, _open_id(id, viewer), viewer, now, post=share.post, share=id)
        return Opened(post=share.post, share=id, first=first)

    def follow(self, viewer: str, publisher: str, *, following: bool, now: Millis) -> PublicPublisher:
        """Follow or unfollow a publisher; counts on the viewer's very next page. Raises InvalidInput, NotFound."""
        check_id("viewer", viewer)
        found = self._publisher(publisher)
        kind = EventKind.FOLLOW if following else EventKind.UNFOLLOW
        self._record(kind, f"{kind.value}:{new_id(now)}", viewer, now, publisher=publisher)
        return self._shown(found)

    def follows(self, viewer: str, *, limit: int = MOST_FOLLOWS, cursor: str | None = None) -> Page[PublicPublisher]:
        """The publishers that a viewer follows, the latest first: as the feed knows it at this moment. Raises InvalidInput."""
        check_id("viewer", viewer)
        if not 1 <= limit <= MOST_FOLLOWS:
            raise InvalidInput("limit", limit, f"1 to {MOST_FOLLOWS}")
        followed = self._stores.live.viewers.read(viewer, trending=0).viewer.follows
        end = (
            len(followed) if cursor is None else place_in(cursor)
        )  # how many older ones are left: new ones do not move it
        start = max(min(end, len(followed)) - limit, 0)
        part = followed[start:end]
        known = self._stores.publishers.get_many(part)
        return Page([self._shown(known[id]) for id in reversed(part) if id in known], str(start) if start else None)

    def publisher(self, id: str) -> PublicPublisher:
        """A publisher with its followers and live posts. Raises NotFound."""
        return self._shown(self._publisher(id))

    def followers(self, publisher: str) -> int:
        """How many viewers follow a publisher, as far as the worker has counted."""
        return self._stores.follows.count({"publisher": publisher, "following": True})

    def take(self, event: ViewerEvent, *, now: Millis) -> None:
        """Write down a follow or unfollow event; the newest by its time holds, in whatever order they come."""
        id = joined(">", event.viewer, event.publisher)
        following = event.kind is EventKind.FOLLOW
        for _ in range(_TRIES):
            held = self._stores.follows.find_one(id)
            if held is not None and held.at > event.at:
                return
            try:
                if held is None:
                    one = Follow(
                        id=id, viewer=event.viewer, publisher=event.publisher, following=following, at=event.at,
                        updated_at=now,
                    )  # fmt: skip
                    self._stores.follows.insert(one)
                else:
                    changes: dict[str, object] = {"following": following, "at": event.at, "updated_at": now}
                    self._stores.follows.patch(id, changes, expected_version=held.version)
            except (Conflict, Duplicate):
                continue
            return
        raise Unavailable(f"what viewer {event.viewer} follows is changing too fast")

    def take_opens(self, share: str, opened: Sequence[tuple[Record, ViewerEvent]], *, now: Millis) -> None:
        """Count viewers who came by a link. The log holds one such event of each viewer, and offsets say which are counted."""
        own = [record for record, event in opened if event.id == _open_id(share, event.viewer)]
        for _ in range(_TRIES):
            if (held := self._stores.shares.find_one(share)) is None:
                return
            opens, offsets = held.opens, dict(held.offsets)
            for record in own:
                place = f"{record.topic}/{record.partition}"
                if record.offset > offsets.get(place, -1):
                    opens, offsets[place] = opens + 1, record.offset
            if opens == held.opens:
                return
            changes: dict[str, object] = {"opens": opens, "offsets": offsets, "updated_at": now}
            try:
                self._stores.shares.patch(share, changes, expected_version=held.version)
            except Conflict:
                continue
            return
        raise Unavailable(f"the opens of share {share} are changing too fast")

    def _record(self, kind: EventKind, id: str, viewer: str, now: Millis, **fields: str) -> bool:
        """Whether the event is new."""
        event = ViewerEvent(id=id, kind=kind, viewer=viewer, at=now, **fields)  # type: ignore[arg-type]  # names of fields, given by our own calls
        (result,) = self._engagement.accept([event], now)
        if result.status is EventStatus.REFUSED:
            raise InvalidInput(result.field, fields.get(result.field), result.reason)
        return result.status is EventStatus.ACCEPTED

    def _live(self, post: str) -> None:
        found = self._stores.posts.find_one(post)
        if found is None or found.status is not PostStatus.LIVE:
            raise NotFound(f"no live post {post!r}", field="id", value=post)

    def _publisher(self, id: str) -> Publisher:
        found = self._stores.publishers.find_one(id)
        if found is None:
            raise NotFound(f"no publisher {id!r}", field="publisher", value=id)
        return found

    def _shown(self, publisher: Publisher) -> PublicPublisher:
        return PublicPublisher(
            id=publisher.id,
            name=publisher.name,
            kind=publisher.kind.value,
            verified=publisher.verified,
            followers=self.followers(publisher.id),
            posts=self._stores.posts.count({"publisher": publisher.id, "status": PostStatus.LIVE}),
        )

    def _public(self, share: SharedPost) -> PublicShare:
        link = self._app_link.replace("{post}", quote(share.post, safe="")).replace("{share}", quote(share.id, safe=""))
        return PublicShare(id=share.id, post=share.post, link=link, opens=share.opens, created_at=share.created_at)


def _open_id(share: str, viewer: str) -> str:
    """The event by which this viewer is counted among those who came by the link."""
    return own_id("open", share, viewer)
