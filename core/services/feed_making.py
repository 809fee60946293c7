"""Pages in the making: from requests and what was read of their viewers to pages that are marked as seen and written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from operator import attrgetter

import msgspec
from msgspec.structs import replace

from core.domain.feed import FeedPage, PackedPage
from core.domain.ids import Millis, new_id
from core.domain.ports.live import LiveRead
from core.domain.viewer import ViewerState
from core.feed.for_you import AGAIN, for_you
from core.feed.index import KINDS, Index
from core.feed.query import FeedQuery, marked
from core.feed.served_record import SERVED_TOPIC, served_event
from core.feed.viewer_update import served
from core.pipeline.engine import Outcome
from core.pipeline.lockstep import Steps, alone, in_step
from core.services import feed_metrics as metrics
from core.services.feed_askers import Askers
from core.services.feed_campaigns import Taken
from core.services.feed_cards import Cards
from core.services.feed_cursor import Cursor, written
from core.services.feed_packed import Pieces
from core.services.feed_pages import packed_page_of, page_of
from core.services.feed_queries import FeedQueries
from core.services.feed_request import PageRequest
from core.services.served_log import ServedLog
from core.services.served_pages import served_page
from core.services.traces import Traces
from core.services.viewer_memory import ViewerMemory

kind_of = attrgetter("kind._value_")
"""The kind of a slot in words: `kind.value` asks through two functions, twenty times for a page."""


class _Made(msgspec.Struct, frozen=True, eq=False):
    """A page that is not marked as seen yet: `mark` is the viewer's state after it, and the version that this follows."""

    asked: PageRequest
    page: FeedPage | PackedPage
    outcome: Outcome
    query: FeedQuery
    taken: Taken
    mark: tuple[ViewerState, int]


class Making:
    """Makes pages, several of them in step. Thread safe."""

    def __init__(
        self,
        queries: FeedQueries,
        cards: Cards,
        askers: Askers,
        memory: ViewerMemory,
        log: ServedLog,
        traces: Traces | None,
    ) -> None:
        self._queries, self._cards, self._askers = queries, cards, askers
        self._memory, self._log, self._traces = memory, log, traces
        self._pieces = Pieces(cards)
        self.pipeline = for_you(cards.verdicts)

    def page(self, asked: PageRequest, now: Millis) -> tuple[FeedPage, Outcome, FeedQuery]:
        """One page that does not count. The query's `marks` are gone when this returns; see `marked`."""
        read = self._memory.read(asked.viewer)
        asked = self._askers.under_arms(asked, read.versions, now=now)
        page, outcome, query = alone(self._steps(asked, read, now))
        if isinstance(page, PackedPage):
            raise TypeError("a page that does not count is for people, and not packed")
        return page, outcome, query

    def counted(self, asked: Sequence[PageRequest], now: Millis) -> list[FeedPage | PackedPage | Exception | None]:
        """Make these pages and mark them as seen; None for one whose viewer's state somebody else has changed meanwhile."""
        with ExitStack() as stack:
            reads = self._memory.read_all([one.viewer for one in asked])
            made = in_step(
                [
                    self._unmarked(one, read, now, stack.enter_context(self._queries.campaigns.page()))
                    for one, read in zip(asked, reads, strict=True)
                ]
            )
            marks = [one.mark for one in made if isinstance(one, _Made) and one.page.slots]
            done = iter(self._memory.write_all(marks) if marks else ())
            kept = [isinstance(one, _Made) and (not one.page.slots or next(done)) for one in made]
            told = in_step(
                [self._told(one, now) for one, sure in zip(made, kept, strict=True) if sure and isinstance(one, _Made)]
            )
        metrics.RETRIES.inc(sum(isinstance(one, _Made) for one in made) - len(told))
        _count([page for page in told if not isinstance(page, Exception)])
        pages = iter(told)
        return [
            next(pages) if sure else one if isinstance(one, Exception) else None
            for one, sure in zip(made, kept, strict=True)
        ]

    def _unmarked(self, asked: PageRequest, read: LiveRead, now: Millis, taken: Taken) -> Steps[_Made]:
        asked = self._askers.under_arms(asked, read.versions, now=now)
        page, outcome, query = yield from self._steps(asked, read, now, taken)
        session = query.session.id or page.request
        posts, kinds = [slot.post for slot in page.slots], list(map(kind_of, page.slots))
        unseen = not asked.shown and not (outcome.selection.page.sources & AGAIN).any()
        after = served(read.viewer, posts, kinds, session=session, at=now, unseen=unseen)
        return _Made(replace(asked, session=session), page, outcome, query, taken, (after, read.viewer.version))

    def _steps(
        self, asked: PageRequest, read: LiveRead, now: Millis, taken: Taken | None = None
    ) -> Steps[tuple[FeedPage | PackedPage, Outcome, FeedQuery]]:
        self._cards.made_at(now)
        index = self._queries.index(read, now)
        state = _shown(read.viewer, asked, index, now) if asked.shown else read.viewer
        request = asked.request or new_id(now)
        with marked(index, state) as marks:
            yield
            query = self._queries.of(asked, state, read, index, marks, request=request, now=now, taken=taken)
            yield
            outcome = yield from self.pipeline.steps(query)
            yield
            follow = Cursor(asked.viewer, query.session.id or request, asked.number + 1)
            names, problem = self.pipeline.source_names, self._queries.catalogue.problem
            # What comes again is no end of pages, so the first page of nothing else is the last.
            ended = outcome.exhausted or (outcome.selection.page.sources & AGAIN).all()
            cursor = None if ended else written(follow)
            page: FeedPage | PackedPage
            if asked.packed:
                page = packed_page_of(
                    query, outcome, names, self._cards, self._pieces, request=request, cursor=cursor, problem=problem
                )
            else:
                page = page_of(
                    query, outcome, names, self._cards, request=request, cursor=cursor, problem=problem,
                    reasons=asked.reasons, staff=asked.staff,
                )  # fmt: skip
            yield
        return page, outcome, query

    def _told(self, made: _Made, now: Millis) -> Steps[FeedPage | PackedPage]:
        """Count a page that is marked, and have it written down."""
        asked, page, names = made.asked, made.page, self.pipeline.source_names
        made.taken.count(page.slots)
        record = served_page(page, made.outcome, made.query, names, asked.session, asked.segment)
        yield
        self._log.put(SERVED_TOPIC, served_event(self._queries.campaigns.signed(record)))
        yield
        if self._traces is not None and (asked.sample or self._traces.take(page.request)):
            self._traces.keep(made.query, made.outcome, names, page.request, asked.session)
        self._askers.met(asked, now=now)
        note_failures(made.outcome)
        return page


def _count(pages: Sequence[FeedPage | PackedPage]) -> None:
    """Tell the metrics of pages that were served, of all at once."""
    metrics.SERVED.inc(len(pages))
    for kind, count in Counter([kind for page in pages for kind in map(kind_of, page.slots)]).items():
        metrics.SLOTS_OF[kind].inc(count)


def note_failures(outcome: Outcome) -> None:
    """Count the stages that failed."""
    for stage in outcome.trace.failed():
        metrics.STAGE_FAILURES.labels(stage).inc()


def _shown(state: ViewerState, asked: PageRequest, index: Index, now: Millis) -> ViewerState:
    """The viewer after the pages of earlier previews, as one page."""
    rows = [index.row(post) for post in asked.shown]
    kinds = [KINDS[index.kind[row]].value for row in rows if 0 <= row < index.size]
    return served(state, asked.shown, kinds, session=asked.session, at=now)
