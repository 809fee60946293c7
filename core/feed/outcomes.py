"""What viewers did in the slots they were served: served pages joined with viewer events, day by day.

An event belongs to the slot that it names by request and place, else to the newest page of its viewer that showed its post within
the last 24 hours. A slot counts once any event says that it was seen, and each action at most once. Pages may be given in any
order, and events in any order after them: the sums are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import DAY, MINUTE, Millis
from core.feed.actions import ACTIONS
from core.feed.served_record import ServedPage
from core.feed.totals import COMPLETED
from core.statistics.bucketing import point
from core.statistics.calibration import Counts

WINDOW: Final[Millis] = DAY
"""How long after a page an event still belongs to it."""
EARLY: Final[Millis] = 5 * MINUTE
"""How far an app's clock may be behind."""
MOST_PAGES: Final = 100_000
SALT = "feedroom/calibration"

_ACTION_OF: Mapping[EventKind, int] = {
    EventKind(action): number for number, action in enumerate(ACTIONS) if action != "completion"
}
_COMPLETION = ACTIONS.index("completion")
_SEEN: Final = frozenset({EventKind.IMPRESSION, EventKind.WATCH, EventKind.UNLIKE, *_ACTION_OF})


@dataclass(slots=True)
class _Page:
    """A page in small: bit i of `seen` and `acts[action]` stands for slot i."""

    viewer: str
    at: Millis
    posts: tuple[str, ...]
    odds: list[tuple[int, ...]]
    seen: int = 0
    acts: dict[int, int] = field(default_factory=dict)


class Outcomes:
    """The pages from `since` on and what came of them.

    More than `most` pages are thinned out by viewer: `share` is halved until they fit, and a viewer is counted if a hash says so.
    """

    def __init__(self, since: Millis, most: int = MOST_PAGES) -> None:
        self._since, self._most = since, most
        self._pages: dict[str, _Page] = {}
        self._of: dict[str, list[_Page]] = {}
        self.share = 1.0

    def serve(self, page: ServedPage) -> None:
        """Take a page in; pages without predictions, such as simulated ones, are left out."""
        if page.at < self._since or page.request in self._pages or not any(slot.odds for slot in page.slots):
            return
        if not self._counted(page.viewer):
            return
        slots = [slot.odds if len(slot.odds) == len(ACTIONS) else () for slot in page.slots]
        own = _Page(page.viewer, page.at, tuple(slot.post for slot in page.slots), slots)
        self._pages[page.request] = own
        self._of.setdefault(page.viewer, []).append(own)
        while len(self._pages) > self._most:
            self.share /= 2
            self._pages = {request: one for request, one in self._pages.items() if self._counted(one.viewer)}
            self._of = {viewer: pages for viewer, pages in self._of.items() if self._counted(viewer)}

    def act(self, event: ViewerEvent) -> None:
        """Take an event in; one that belongs to no page is left out."""
        if event.kind not in _SEEN or event.viewer not in self._of:
            return
        if (found := self._slot(event)) is None:
            return
        page, slot = found
        page.seen |= 1 << slot
        action = _ACTION_OF.get(event.kind)
        if event.kind is EventKind.WATCH and event.completion >= COMPLETED:
            action = _COMPLETION
        if action is not None:
            page.acts[action] = page.acts.get(action, 0) | 1 << slot

    def days(self) -> dict[int, tuple[int, Counts]]:
        """For each day with pages: how many of their slots were seen, and the sums."""
        odds: dict[int, list[tuple[int, ...]]] = {}
        done: dict[int, list[list[int]]] = {}
        for page in self._pages.values():
            own, acted = odds.setdefault(page.at // DAY, []), done.setdefault(page.at // DAY, [])
            for slot, predicted in enumerate(page.odds):
                if predicted and page.seen >> slot & 1:
                    own.append(predicted)
                    acted.append([page.acts.get(action, 0) >> slot & 1 for action in range(len(ACTIONS))])
        found: dict[int, tuple[int, Counts]] = {}
        for day, rows in odds.items():
            counts = Counts(len(ACTIONS))
            counts.add(np.array(rows, np.int64), np.array(done[day], np.int64))
            found[day] = (len(rows), counts)
        return found

    def _counted(self, viewer: str) -> bool:
        return self.share == 1.0 or point(viewer, SALT) < self.share

    def _slot(self, event: ViewerEvent) -> tuple[_Page, int] | None:
        if event.request:
            named = self._pages.get(event.request)
            if named is None or named.viewer != event.viewer or not -EARLY <= event.at - named.at <= WINDOW:
                return None
            if event.post:
                return (named, named.posts.index(event.post)) if event.post in named.posts else None
            slot = -1 if event.slot is None else event.slot
            return (named, slot) if 0 <= slot < len(named.posts) else None
        fitting = (
            page
            for page in self._of[event.viewer]
            if event.post in page.posts and -EARLY <= event.at - page.at <= WINDOW
        )
        newest = max(fitting, key=lambda page: page.at, default=None)
        return None if newest is None else (newest, newest.posts.index(event.post))
