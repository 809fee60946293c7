"""What viewers do: taken in once each, felt by the very next page, counted by the worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice

import msgspec
from prometheus_client import Counter as PrometheusCounter

from core.domain.errors import Conflict, Duplicate, InvalidInput, ServiceError, Unavailable
from core.domain.events import MARK, EventKind, ViewerEvent, event_mark, is_marked
from core.domain.ids import MINUTE, Millis
from core.domain.ports.event_log import NewEvent, Record
from core.domain.post import Post, PostStatus, PostTotals
from core.domain.viewer import REMEMBERED_EVENTS, ViewerState
from core.feed.totals import add, sums_of, trend_scores
from core.feed.viewer_update import PostFacts, update_all
from core.services import feed_metrics as metrics
from core.services.event_intake import EventResult, EventStatus, check_length, id_of, read_event
from core.services.like_marks import LikeChanges, LikeMarks
from core.services.remembered import Remembered
from core.services.stores import Stores

TOPIC = "viewer-events"
GROUP = "aggregate"
ATTEMPTS = 64
PART = 1_000
TOGETHER = 32
"""Viewers whose states are read and written in one go; some have seen thousands of posts."""
_FOLLOWS = frozenset({EventKind.FOLLOW, EventKind.UNFOLLOW})

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ViewerEvent)


class Batch(msgspec.Struct, frozen=True, eq=False):
    """Events on their way in: `results` of those that were refused, `read` those to be written, by place, and their `posts`."""

    results: list[EventResult | None]
    read: dict[int, ViewerEvent]
    posts: Mapping[str, Post]


class Engagement:
    """Events in, state and counters out. Thread safe; any number of processes."""

    def __init__(self, stores: Stores, known: Callable[[Sequence[str]], dict[str, Post]] = lambda _: {}) -> None:
        """`known` gives those of these posts that the process holds anyway."""
        self._known = known
        self._live, self._log, self._totals = stores.live, stores.log, stores.post_totals
        self._publishers = Remembered(stores.publishers, lifetime=10 * MINUTE, remember_missing=False, strict=True)
        self._likes = LikeMarks(stores)
        self._posts = Remembered(
            stores.posts,
            capacity=12_000,
            lifetime=10 * MINUTE,  # a post that may have events may have them for good, and its tags seldom change
            remember_missing=False,
            strict=True,
            only=_may_have_events,
        )

    def accept(self, events: Sequence[ViewerEvent | Mapping[str, object]], now: Millis) -> list[EventResult]:
        """Take a batch in; one result per event, in order.

        Accepted events are durable, and the viewer's next page knows them. One that is known already changes nothing. The others
        are refused with the field and the reason, and do not hold the rest up. Raises TooLarge for more than MAX_BATCH events,
        Unavailable if they could not be checked or made durable: then send the same batch again. While the live store is down
        events are taken in, and the viewers' states know them when it is back.
        """
        check_length(len(events))
        # In parts, so that a long batch never keeps other writers of the log waiting for long.
        parts = [self._take(events[start : start + PART], now) for start in range(0, len(events), PART)]
        return [result for part in parts for result in part]

    def consume(self, member: str, *, now: Millis, limit: int = 500) -> int:
        """Count the next records of the log: post totals, trends, and viewer states that a crash left behind.

        Returns how many records were taken. A batch that comes again counts once: totals remember the offsets they hold.
        Raises Conflict if another member has taken the partitions over meanwhile, and Unavailable if a store does not answer: the
        records come again, nothing is lost by it.
        """
        records = self._log.poll(TOPIC, GROUP, member, limit=limit, now=now)
        if not records:
            return 0
        self._live.ping()  # first: what is counted is not counted again, so its trends have to find a place
        read: list[tuple[Record, ViewerEvent]] = []
        for record in records:
            try:
                read.append((record, _decoder.decode(record.payload)))
            except (msgspec.DecodeError, InvalidInput) as error:
                self._log.dead_letter(record, GROUP, str(error)[:500])
        trends, as_of = trend_scores(self.count(read, now), now=now)
        if trends:
            self._live.trending.bump(trends, now=as_of)
        posts = self._known_posts({event.post for _, event in read if event.post}, now)
        self._feel([event for _, event in read], posts, again=True)
        self._log.commit(TOPIC, GROUP, member, records)
        return len(records)

    def lag(self) -> int:
        """Events that are not counted yet."""
        return self._log.lag(TOPIC, GROUP)

    def _take(self, events: Sequence[ViewerEvent | Mapping[str, object]], now: Millis) -> list[EventResult]:
        """One part of a batch, made durable at once."""
        batch = self.checked(events, now)
        return self.felt(batch, self.written(batch))

    def checked(self, events: Sequence[ViewerEvent | Mapping[str, object]], now: Millis) -> Batch:
        """The first of the three steps of `accept`, for callers that wait for the disk elsewhere; at most PART events.

        Raises Unavailable if posts or publishers could not be looked up.
        """
        results: list[EventResult | None] = [None] * len(events)
        read: dict[int, ViewerEvent] = {}
        for place, raw in enumerate(events):
            try:
                read[place] = read_event(raw, now=now)
            except InvalidInput as error:
                results[place] = EventResult.refused(id_of(raw), error.field or "event", error.why)
        posts = self._known_posts({event.post for event in read.values() if event.post}, now)
        followed = {event.publisher for event in read.values() if event.publisher and event.kind in _FOLLOWS}
        publishers = self._publishers.get_many(sorted(followed), now=now) if followed else {}
        for place, event in list(read.items()):
            if event.post and not _may_have_events(posts.get(event.post)):
                results[place] = EventResult.refused(event.id, "post", "there is no such post")
                del read[place]
            elif event.publisher and event.kind in _FOLLOWS and event.publisher not in publishers:
                results[place] = EventResult.refused(event.id, "publisher", "there is no such publisher")
                del read[place]
        return Batch(results, read, posts)

    def written(self, batch: Batch) -> list[bool]:
        """The second step: which of the batch's events are new. They are durable when this returns. Raises Unavailable."""
        return self.written_all((batch,))[0]

    def written_all(self, batches: Sequence[Batch]) -> list[list[bool]]:
        """The second step of several batches in one durable write, which costs little more than that of one."""
        events = [_logged(event) for batch in batches for event in batch.read.values()]
        fresh = iter(self._log.append(TOPIC, events) if events else ())
        return [list(islice(fresh, len(batch.read))) for batch in batches]

    def felt(self, batch: Batch, fresh: Sequence[bool]) -> list[EventResult]:
        """The third step: the viewers' next pages know. One result per event, in order."""
        return self.felt_all(((batch, fresh),))[0]

    def felt_all(self, written: Sequence[tuple[Batch, Sequence[bool]]]) -> list[list[EventResult]]:
        """The third step of several batches: their viewers' states are read in one round trip and written in one."""
        taken: list[ViewerEvent] = []
        posts: dict[str, Post] = {}
        for batch, fresh in written:
            for (place, event), new in zip(batch.read.items(), fresh, strict=True):
                batch.results[place] = EventResult(event.id, EventStatus.ACCEPTED if new else EventStatus.DUPLICATE)
                if new:  # one that is known already may say something else than the log does, which the worker applies
                    taken.append(event)
            posts.update(batch.posts)
        self._feel(taken, posts)
        answers = [[result for result in batch.results if result is not None] for batch, _ in written]
        for status, count in Counter([result.status for answer in answers for result in answer]).items():
            _of_status(status).inc(count)
        for kind, count in Counter([event.kind for event in taken]).items():
            _of_kind(kind).inc(count)
        return answers

    def _known_posts(self, ids: set[str], now: Millis) -> dict[str, Post]:
        posts = self._known(sorted(ids))
        return posts if len(posts) == len(ids) else posts | self._posts.get_many(sorted(ids - posts.keys()), now=now)

    def _feel(self, events: Sequence[ViewerEvent], posts: Mapping[str, Post], *, again: bool = False) -> None:
        """Apply events to their viewers' states, TOGETHER viewers at a time, by compare-and-set.

        While the live store is down the log holds the events: the worker applies them when it is back. With `again`, which says
        that the caller is the worker, only what is surely missing is applied, and it raises Unavailable instead.
        """
        by_viewer: dict[str, list[ViewerEvent]] = {}
        for event in events:
            by_viewer.setdefault(event.viewer, []).append(event)
        facts = {id: PostFacts.of(post) for id, post in posts.items()}
        viewers = list(by_viewer)
        try:
            for start in range(0, len(viewers), TOGETHER):
                left = viewers[start : start + TOGETHER]
                for attempt in range(ATTEMPTS):
                    if not left:
                        break
                    left = self._feel_once(left, by_viewer, facts, recall=attempt == 0, again=again)
                if left:
                    raise Unavailable(f"the state of viewer {left[0]} is changing too fast")
        except ServiceError:
            if again:
                raise
            metrics.DEGRADED.labels("live state").inc()

    def _feel_once(
        self,
        viewers: Sequence[str],
        by_viewer: Mapping[str, Sequence[ViewerEvent]],
        facts: Mapping[str, PostFacts],
        *,
        recall: bool,
        again: bool,
    ) -> list[str]:
        """One read and one write for all of these viewers, or only the write if their states can be recalled; returns those whose
        state somebody else has changed meanwhile."""
        states = self._live.viewers.recall_many(viewers) if recall and not again else None
        changed: list[tuple[ViewerState, int]] = []
        for viewer, before in zip(viewers, states or self._live.viewers.read_many(viewers), strict=True):
            missing = (event for event in by_viewer[viewer] if not again or _surely_missing(before, event))
            after = update_all(before, ((event, facts.get(event.post)) for event in missing))
            if after is not before:
                changed.append((after, before.version))
        written = self._live.viewers.write_many(changed)
        return [state.viewer for (state, _), done in zip(changed, written, strict=True) if not done]

    def count(self, read: Sequence[tuple[Record, ViewerEvent]], now: Millis) -> list[ViewerEvent]:
        """Add to the posts' totals what they do not hold yet; returns the events that were added. For the worker and rebuilds."""
        by_post: dict[str, list[tuple[Record, ViewerEvent]]] = {}
        for record, event in read:
            if event.post:
                by_post.setdefault(event.post, []).append((record, event))
        likes = self._likes.changes(read)
        counted: list[ViewerEvent] = []
        for post, own in by_post.items():
            counted += self._count_one(post, own, likes, now)
        self._likes.keep(likes)
        return counted

    def _count_one(
        self, post: str, own: Sequence[tuple[Record, ViewerEvent]], likes: LikeChanges, now: Millis
    ) -> list[ViewerEvent]:
        for _ in range(ATTEMPTS):
            held = self._totals.find_one(post)
            totals = held or PostTotals(id=post)
            offsets = dict(totals.offsets)
            fresh: list[ViewerEvent] = []
            liked = 0
            for record, event in own:
                place = f"{record.topic}/{record.partition}"
                if record.offset > offsets.get(place, -1):
                    fresh.append(event)
                    liked += likes.of(record)
                    offsets[place] = record.offset
            if not fresh:
                return []
            after = replace(add(totals, sums_of(fresh)[post], now=now), likes=totals.liking + liked, offsets=offsets)
            try:
                if held is None:
                    self._totals.insert(after)
                else:
                    changes = msgspec.to_builtins(after)
                    self._totals.patch(
                        post,
                        {k: v for k, v in changes.items() if k not in ("id", "version")},
                        expected_version=held.version,
                    )
            except (Duplicate, Conflict):
                continue
            return fresh
        raise Unavailable(f"the totals of post {post} are changing too fast")


@cache
def _of_status(status: EventStatus) -> PrometheusCounter:
    return metrics.EVENTS.labels(status.value)


@cache
def _of_kind(kind: EventKind) -> PrometheusCounter:
    return metrics.EVENT_KINDS.labels(kind.value)


def _logged(event: ViewerEvent) -> NewEvent:
    return NewEvent(event.id, event.viewer, _encoder.encode(event))


def _may_have_events(post: Post | None) -> bool:
    """A post that was live at some time: a viewer may still look at it when it is withdrawn."""
    return post is not None and (post.status is PostStatus.LIVE or post.published_at is not None)


def _surely_missing(state: ViewerState, event: ViewerEvent) -> bool:
    """Whether an event that is in the log already was certainly never applied to this state.

    `applied` holds the last REMEMBERED_EVENTS. While it is not full it is complete; when it is full, only an event newer than
    everything applied is certainly missing. In doubt an event is left out: a taste felt a little less is harmless, one that is
    counted twice at each redelivery is not. A rebuild brings the exact state back.
    """
    if is_marked(event_mark(event.id), state.applied):
        return False
    return len(state.applied) < REMEMBERED_EVENTS * MARK or event.at > state.updated_at
