"""What an event changes in the viewer's state: pure, so that the feed, the worker and a rebuild all come to the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest

import msgspec
from msgspec.structs import replace

from core.domain.events import MARK, EventKind, ViewerEvent, event_mark, is_marked
from core.domain.ids import DAY, Millis
from core.domain.mix import MAX_GAP
from core.domain.post import Post
from core.domain.viewer import RECENT, REMEMBERED_EVENTS, SESSION_PAUSE, FeedSession, Interaction, ViewerState

HALF_LIFE: Millis = 7 * DAY
"""After this time an affinity counts half."""

KEPT_AFFINITIES = 200
KEPT_SEEN = 10_000
"""Posts served that are remembered of a viewer; one served before these may come again as if it were new."""
KEPT_DECISIONS = 500
KEPT_SUBJECTS = 5_000
"""Posts liked, posts hidden and publishers followed that are remembered of a viewer, of each the newest: the state goes with every
page."""
FAINT = 0.01
LATELY = 100
"""Posts an impression is nearly always of: looking there first spares a search among thousands."""

WEIGHTS: Mapping[EventKind, float] = {
    EventKind.LIKE: 1.0,
    EventKind.UNLIKE: -1.0,
    EventKind.COMMENT: 1.2,
    EventKind.SHARE: 1.5,
    EventKind.FOLLOW: 1.5,
    EventKind.UNFOLLOW: -1.5,
    EventKind.NOT_INTERESTED: -1.5,
    EventKind.REPORT: -2.0,
    EventKind.PRODUCT_CLICK: 0.6,
    EventKind.ADD_TO_CART: 1.5,
    EventKind.ORDER: 2.5,
}
"""How much an event says about taste; a watch counts by its completion, see `weight_of`."""


class PostFacts(msgspec.Struct, frozen=True):
    """What an event's post adds to its meaning."""

    publisher: str
    tags: tuple[str, ...]

    @staticmethod
    def of(post: Post) -> PostFacts:
        return PostFacts(post.publisher, post.tags)


def weight_of(event: ViewerEvent) -> float:
    """The event's signed weight. A watch to the end is .8, one of a third 0, a quick swipe −.2; loops count up to 1.2."""
    if event.kind is EventKind.WATCH:
        return max(-0.2, min(1.2 * event.completion - 0.4, 1.2))
    if event.kind is EventKind.IMPRESSION:
        return 0.0
    return WEIGHTS.get(event.kind, 0.0)


def update(state: ViewerState, event: ViewerEvent, facts: PostFacts | None) -> ViewerState:
    """The state after the event. One whose mark is in `applied` changes nothing; a late one counts as if it had been in time.

    `facts` is None for an event without a post, or of a post that is gone. The version is left as it is.
    """
    return update_all(state, ((event, facts),))


def update_all(state: ViewerState, events: Iterable[tuple[ViewerEvent, PostFacts | None]]) -> ViewerState:
    """The state after these events one by one, exactly as `update` for each; the state itself if all of them are in `applied`."""
    draft = _Draft(state)
    for event, facts in events:
        if not is_marked(mark := event_mark(event.id), draft.applied):
            draft.apply(event, facts, mark)
    return draft.state()


def session_of(state: ViewerState, named: str, now: Millis) -> FeedSession:
    """The session that a page asked for now belongs to: the latest one, or a new one after a pause or under another name.

    A request that names none goes on in the latest one; a new one without a name gets it with its first page.
    """
    held = state.session
    goes_on = held.slots and now - held.last_at < SESSION_PAUSE and named in ("", held.id)
    return held if goes_on else FeedSession(id=named, started_at=now, last_at=now)


def served(
    state: ViewerState,
    posts: Sequence[str],
    kinds: Sequence[str],
    *,
    session: str = "",
    at: Millis = 0,
    unseen: bool = False,
) -> ViewerState:
    """The state after these posts of these kinds were served as one page, in slot order: they become the newest seen.

    `session` is the session's id as `session_of` gave it, or the page's request for the first page of a session without a name.
    That the posts are `unseen` spares looking for them among thousands.
    """
    seen, fresh = state.seen, set(posts)
    if not (unseen or fresh.isdisjoint(seen)):
        seen = tuple(post for post in seen if post not in fresh)
    begun, counts = session_of(state, session, at), Counter(kinds)
    return replace(
        state,
        seen=(*seen, *posts)[-KEPT_SEEN:],
        kinds_served=_counted(state.kinds_served, counts),
        session=replace(
            begun,
            last_at=max(begun.last_at, at),
            kinds=_counted(begun.kinds, counts),
            last=(*begun.last, *kinds)[-MAX_GAP:],
        ),
    )


def _counted(held: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    counts = dict(held)
    for kind, count in more.items():
        counts[kind] = counts.get(kind, 0) + count
    return counts


_OPPOSITES: Mapping[EventKind, tuple[str, str, bool]] = {
    EventKind.LIKE: ("like", "liked", True),
    EventKind.UNLIKE: ("like", "liked", False),
    EventKind.FOLLOW: ("follow", "follows", True),
    EventKind.UNFOLLOW: ("follow", "follows", False),
    EventKind.NOT_INTERESTED: ("hide", "hidden", True),
    EventKind.REPORT: ("hide", "hidden", True),
}


class _Draft:
    """A state under change: what events alter, in forms that are altered in place."""

    __slots__ = (
        "applied", "at", "before", "changed", "decided", "publishers", "recent", "seen", "subjects", "tags",
    )  # fmt: skip

    def __init__(self, state: ViewerState) -> None:
        self.before, self.changed, self.at = state, False, state.updated_at
        self.tags, self.publishers = dict(state.tags), dict(state.publishers)
        self.recent, self.applied = list(state.recent), bytearray(state.applied)
        self.seen: Sequence[str] = state.seen
        self.decided: dict[str, Millis] | None = None
        self.subjects: dict[str, tuple[str, ...]] = {}

    def state(self) -> ViewerState:
        """The state as it is now."""
        if not self.changed:
            return self.before
        return replace(
            self.before,
            tags=self.tags,
            publishers=self.publishers,
            recent=tuple(self.recent),
            seen=tuple(self.seen),
            applied=bytes(self.applied),
            decided=self.before.decided if self.decided is None else self.decided,
            updated_at=self.at,
            **self.subjects,
        )

    def apply(self, event: ViewerEvent, facts: PostFacts | None, mark: bytes) -> None:
        """Take in an event whose mark is not in `applied`."""
        self.changed = True
        kind, at = event.kind, max(event.at, self.at)
        fade = 0.5 ** ((at - self.at) / HALF_LIFE) if self.at and at != self.at else 1.0
        self.at = at
        if kind is EventKind.IMPRESSION:
            self._see(event.post)
            if fade == 1.0:
                self._remember(mark)
                return
        weight = weight_of(event)
        worth = weight if at == event.at else weight * 0.5 ** ((at - event.at) / HALF_LIFE)
        if kind is not EventKind.WATCH and kind in _OPPOSITES:
            self._decide(event)
        publisher = event.publisher or (facts.publisher if facts else "")
        tags = facts.tags if facts else ()
        self.tags = _moved(self.tags, tags, worth / max(len(tags), 1) ** 0.5, fade)
        self.publishers = _moved(self.publishers, (publisher,) if publisher else (), 0.5 * worth, fade)
        if weight and event.post:
            self._recall(Interaction(post=event.post, kind=kind.value, weight=weight, at=event.at))
        self._remember(mark)

    def _remember(self, mark: bytes) -> None:
        self.applied += mark
        if len(self.applied) > REMEMBERED_EVENTS * MARK:
            del self.applied[:MARK]

    def _see(self, post: str) -> None:
        seen = self.seen
        if post in seen[-LATELY:] or post in seen:
            return
        if not isinstance(seen, list):
            self.seen = seen = list(seen)
        seen.append(post)
        del seen[:-KEPT_SEEN]

    def _recall(self, one: Interaction) -> None:
        """Put an interaction in its place in time."""
        late = bool(self.recent) and self.recent[-1].at > one.at
        self.recent.append(one)
        if late:
            self.recent.sort(key=lambda interaction: interaction.at)
        del self.recent[:-RECENT]

    def _decide(self, event: ViewerEvent) -> None:
        """Likes, follows and hides: the newest decision on each subject holds, in whatever order events arrive."""
        verb, field, yes = _OPPOSITES[event.kind]
        subject = event.publisher if verb == "follow" else event.post
        key = f"{verb}:{subject}"
        if self.decided is None:
            self.decided = dict(self.before.decided)
        if self.decided.get(key, -1) > event.at:
            return
        held: tuple[str, ...] = self.subjects[field] if field in self.subjects else getattr(self.before, field)
        if subject in held:
            held = tuple(one for one in held if one != subject)
        self.subjects[field] = (*held, subject)[-KEPT_SUBJECTS:] if yes else held
        self.decided.pop(key, None)
        self.decided[key] = event.at
        if len(self.decided) > KEPT_DECISIONS:
            for oldest in sorted(self.decided, key=self.decided.__getitem__)[: len(self.decided) - KEPT_DECISIONS]:
                del self.decided[oldest]


def _moved(held: dict[str, float], names: tuple[str, ...], by: float, fade: float) -> dict[str, float]:
    """Affinities after fading, with `by` added to `names`; the faint ones and, above the limit, the faintest are forgotten, of
    equally faint ones the newest. `held` may be changed.
    """
    fades = fade < 1.0
    if fades:
        held = {name: value * fade for name, value in held.items()}
        if (
            held and min(map(abs, held.values())) < FAINT
        ):  # seldom, and looked for in one go: some have two hundred of them
            held = {name: value for name, value in held.items() if abs(value) >= FAINT or name in names}
    for name in names if by else ():
        held[name] = held.get(name, 0.0) + by
    for name in names if fades else ():
        if abs(held.get(name, FAINT)) < FAINT:
            del held[name]
    if (surplus := len(held) - KEPT_AFFINITIES) > 0:
        for name in nsmallest(surplus, reversed(held), key=lambda name: abs(held[name])):
            del held[name]
    return held
