"""What an event changes in a viewer's state, as plainly as it can be said: a new state per event. Slow, for comparison."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from core.domain.events import MARK, EventKind, ViewerEvent, event_mark
from core.domain.viewer import Interaction, ViewerState
from core.feed import viewer_update
from core.feed.viewer_update import FAINT, HALF_LIFE, PostFacts, weight_of


def update(state: ViewerState, event: ViewerEvent, facts: PostFacts | None) -> ViewerState:
    """As `core.feed.viewer_update.update`."""
    marks = [state.applied[at : at + MARK] for at in range(0, len(state.applied), MARK)]
    if event_mark(event.id) in marks:
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
        seen=(*state.seen, event.post)[-viewer_update.KEPT_SEEN :] if seen else state.seen,
        applied=b"".join((*marks, event_mark(event.id))[-viewer_update.REMEMBERED_EVENTS :]),
        updated_at=at,
    )


def _decide(state: ViewerState, event: ViewerEvent) -> ViewerState:
    """Likes, follows and hides: the newest decision on each subject holds, in whatever order events arrive."""
    if event.kind not in viewer_update._OPPOSITES:
        return state
    verb, field, yes = viewer_update._OPPOSITES[event.kind]
    subject = event.publisher if verb == "follow" else event.post
    key = f"{verb}:{subject}"
    if state.decided.get(key, -1) > event.at:
        return state
    held: tuple[str, ...] = tuple(one for one in getattr(state, field) if one != subject)
    decided = {name: at for name, at in state.decided.items() if name != key} | {key: event.at}
    if len(decided) > viewer_update.KEPT_DECISIONS:
        oldest = sorted(decided, key=decided.__getitem__)[: len(decided) - viewer_update.KEPT_DECISIONS]
        decided = {name: at for name, at in decided.items() if name not in set(oldest)}
    changed = (*held, subject)[-viewer_update.KEPT_SUBJECTS :] if yes else held
    return replace(state, decided=decided, **{field: changed})  # type: ignore[arg-type]  # one of the fields of followed or hidden things


def _moved(held: Mapping[str, float], names: tuple[str, ...], by: float, fade: float) -> dict[str, float]:
    """Affinities after fading, with `by` added to `names`; the faint ones and, above the limit, the faintest are forgotten."""
    moved = dict(held) if fade == 1.0 else {name: value * fade for name, value in held.items()}
    for name in names if by else ():
        moved[name] = moved.get(name, 0.0) + by
    faintest_last = sorted(moved, key=lambda name: -abs(moved[name]))
    for name in faintest_last[viewer_update.KEPT_AFFINITIES :]:
        del moved[name]
    return {name: value for name, value in moved.items() if abs(value) >= FAINT} if fade < 1.0 else moved


def _with(recent: tuple[Interaction, ...], event: ViewerEvent, weight: float) -> tuple[Interaction, ...]:
    """The recent interactions with this one in its place in time."""
    if not weight or not event.post:
        return recent
    one = Interaction(post=event.post, kind=event.kind.value, weight=weight, at=event.at)
    if not recent or recent[-1].at <= event.at:
        return (*recent, one)[-viewer_update.RECENT :]
    return tuple(sorted((*recent, one), key=lambda interaction: interaction.at))[-viewer_update.RECENT :]
