"""What an event changes in the viewer's state: pure, so that the feed, the worker and a rebuild all come to the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import DAY, Millis
from core.domain.mix import MAX_GAP
from core.domain.post import Post
from core.domain.viewer import RECENT, REMEMBERED_EVENTS, SESSION_PAUSE, FeedSession, Interaction, ViewerState

HALF_LIFE: Millis = 7 * DAY
"""After this time an affinity counts half."""

KEPT_AFFINITIES = 200
KEPT_SEEN = 10_000
KEPT_DECISIONS = 500
FAINT = 0.01

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


@dataclass(frozen=True, slots=True)
class PostFacts:
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
    return WEIGHTS.get(event.kind, 0.0)


def update(state: ViewerState, event: ViewerEvent, facts: PostFacts | None) -> ViewerState:
    """The state after the event. An event id in `applied` changes nothing; a late event counts as much as if it had been in time.

    `facts` is None for an event without a post, or of a post that is gone. The version is left as it is.
    """
    if event.id in state.applied:
        return state
    weight = weight_of(event)
    at = max(event.at, state.updated_at)
    fade = 0.5 ** ((at - state.updated_at) / HALF_LIFE) if state.updated_at else 1.0
    worth = weight * 0.5 ** ((at - event.at) / HALF_LIFE)
    state = _decide(state, event)
    publisher = event.publisher or (facts.publisher if facts else "")
    tags = facts.tags if facts else ()
    seen = event.kind is EventKind.IMPRESSION and event.post not in state.seen
    return replace(
        state,
        tags=_moved(state.tags, tags, worth / max(len(tags), 1) ** 0.5, fade),
        publishers=_moved(state.publishers, (publisher,) if publisher else (), 0.5 * worth, fade),
        recent=_with(state.recent, event, weight),
        seen=(*state.seen, event.post)[-KEPT_SEEN:] if seen else state.seen,
        applied=(*state.applied, event.id)[-REMEMBERED_EVENTS:],
        updated_at=at,
    )


def session_of(state: ViewerState, named: str, now: Millis) -> FeedSession:
    """The session that a page asked for now belongs to: the latest one, or a new one after a pause or under another name.

    A request that names none goes on in the latest one; a new one without a name gets it with its first page.
    """
    held = state.session
    goes_on = held.slots and now - held.last_at < SESSION_PAUSE and named in ("", held.id)
    return held if goes_on else FeedSession(id=named, started_at=now, last_at=now)


def served(
    state: ViewerState, posts: Sequence[str], kinds: Sequence[str], *, session: str = "", at: Millis = 0
) -> ViewerState:
    """The state after these posts of these kinds were served as one page, in slot order: they become the newest seen.

    `session` is the session's id as `session_of` gave it, or the page's request for the first page of a session without a name.
    """
    fresh = set(posts)
    seen = state.seen if fresh.isdisjoint(state.seen) else tuple(post for post in state.seen if post not in fresh)
    begun = session_of(state, session, at)
    return replace(
        state,
        seen=(*seen, *posts)[-KEPT_SEEN:],
        kinds_served=_counted(state.kinds_served, kinds),
        session=replace(
            begun,
            last_at=max(begun.last_at, at),
            kinds=_counted(begun.kinds, kinds),
            last=(*begun.last, *kinds)[-MAX_GAP:],
        ),
    )


def _counted(held: Mapping[str, int], kinds: Sequence[str]) -> dict[str, int]:
    counts = dict(held)
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1
    return counts


_OPPOSITES: Mapping[EventKind, tuple[str, str, bool]] = {
    EventKind.LIKE: ("like", "liked", True),
    EventKind.UNLIKE: ("like", "liked", False),
    EventKind.FOLLOW: ("follow", "follows", True),
    EventKind.UNFOLLOW: ("follow", "follows", False),
    EventKind.NOT_INTERESTED: ("hide", "hidden", True),
    EventKind.REPORT: ("hide", "hidden", True),
}


def _decide(state: ViewerState, event: ViewerEvent) -> ViewerState:
    """Likes, follows and hides: the newest decision on each subject holds, in whatever order events arrive."""
    if event.kind not in _OPPOSITES:
        return state
    verb, field, yes = _OPPOSITES[event.kind]
    subject = event.publisher if verb == "follow" else event.post
    key = f"{verb}:{subject}"
    if state.decided.get(key, -1) > event.at:
        return state
    held: tuple[str, ...] = tuple(one for one in getattr(state, field) if one != subject)
    decided = {name: at for name, at in state.decided.items() if name != key} | {key: event.at}
    if len(decided) > KEPT_DECISIONS:
        oldest = sorted(decided, key=decided.__getitem__)[: len(decided) - KEPT_DECISIONS]
        decided = {name: at for name, at in decided.items() if name not in set(oldest)}
    changed = (*held, subject) if yes else held
    return replace(state, decided=decided, **{field: changed})  # type: ignore[arg-type]  # one of the fields of followed or hidden things


def _moved(held: Mapping[str, float], names: tuple[str, ...], by: float, fade: float) -> dict[str, float]:
    """Affinities after fading, with `by` added to `names`; the faint ones and, above the limit, the faintest are forgotten."""
    moved = dict(held) if fade == 1.0 else {name: value * fade for name, value in held.items()}
    for name in names if by else ():
        moved[name] = moved.get(name, 0.0) + by
    if len(moved) > KEPT_AFFINITIES:
        kept = sorted(moved, key=lambda name: -abs(moved[name]))[:KEPT_AFFINITIES]
        moved = {name: moved[name] for name in kept}
    return {name: value for name, value in moved.items() if abs(value) >= FAINT} if fade < 1.0 else moved


def _with(recent: tuple[Interaction, ...], event: ViewerEvent, weight: float) -> tuple[Interaction, ...]:
    """The recent interactions with this one in its place in time."""
    if not weight or not event.post:
        return recent
    one = Interaction(post=event.post, kind=event.kind.value, weight=weight, at=event.at)
    if not recent or recent[-1].at <= event.at:
        return (*recent, one)[-RECENT:]
    return tuple(sorted((*recent, one), key=lambda interaction: interaction.at))[-RECENT:]
