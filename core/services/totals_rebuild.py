"""Totals of posts, who likes what and who follows whom, made anew from the event log to what the worker came to."""

from __future__ import annotations

from typing import Any

import msgspec

from core.domain.collection import Collection
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import Millis
from core.domain.ports.event_log import Record
from core.services.comment_counts import CommentCounts
from core.services.engagement import TOPIC, Engagement
from core.services.social import Social
from core.services.stores import Stores

BATCH = 5_000
_decode = msgspec.json.Decoder(ViewerEvent).decode


def rebuild_totals(stores: Stores, engagement: Engagement, social: Social, *, now: Millis) -> int:
    """Forget them and count the whole log again, with the worker stopped; returns how many events were counted."""
    _forget(stores.post_totals)
    _forget(stores.likes)
    _forget(stores.follows)
    after = counted = 0
    while records := stores.log.replay(TOPIC, after=after, limit=BATCH):
        read: list[tuple[Record, ViewerEvent]] = []
        for record in records:
            try:
                read.append((record, _decode(record.payload)))
            except (msgspec.DecodeError, ValueError):
                continue  # the worker has put it aside
        engagement.count(read, now)
        for _, event in read:
            if event.kind in (EventKind.FOLLOW, EventKind.UNFOLLOW):
                social.take(event, now=now)
        after, counted = records[-1].offset, counted + len(read)
    comments = CommentCounts(stores)
    for post in stores.comments.group_counts("post", {"visible": False}):
        comments.hidden(post, now)
    return counted


def _forget(collection: Collection[Any]) -> None:
    for one in list(collection.each()):
        collection.delete(one.id)
