"""The feed as a use case: one page for one viewer."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Unpack

import msgspec
from msgspec.structs import replace

from core.domain.account import Account, Role
from core.domain.errors import FeedroomError, Throttled
from core.domain.feed import FeedPage
from core.domain.ids import Millis, new_id
from core.domain.mix import MixPolicy
from core.domain.ports.live import LiveRead
from core.domain.product import Product
from core.domain.viewer import ViewerState
from core.feed.for_you import for_you
from core.feed.index import KINDS, Index
from core.feed.query import FeedQuery, marked
from core.feed.side_effects import SERVED_TOPIC, served_event
from core.feed.viewer_update import served
from core.pipeline.engine import FeedPipeline, Outcome
from core.services import feed_metrics as metrics
from core.services.assignments import Assignments
from core.services.delivery import Delivery
from core.services.feed_arms import FeedArms
from core.services.feed_askers import Askers
from core.services.feed_campaigns import Taken
from core.services.feed_cards import Cards
from core.services.feed_cursor import Cursor, written
from core.services.feed_pages import page_of
from core.services.feed_queries import FeedQueries
from core.services.feed_request import Asked, Wanted, checked
from core.services.served_log import ServedLog
from core.services.served_pages import served_page
from core.services.stores import Stores
from core.services.traces import Traces
from core.services.viewer_memory import ViewerMemory

ATTEMPTS = 64
LOCKS = 256


class _Made(msgspec.Struct, frozen=True, eq=False):
    """A page that is not marked as seen yet: `mark` is the viewer's state after it, and the version that this follows."""

    asked: Asked
    page: FeedPage
    outcome: Outcome
    query: FeedQuery
    taken: Taken
    mark: tuple[ViewerState, int]


class Feed:
    """Pages of the feed. Thread safe; any number of processes may serve the same viewers."""

    def __init__(
        self,
        stores: Stores,
        delivery: Delivery,
        assignments: Assignments | None = None,
        models: Path | None = None,
        traces: Traces | None = None,
    ) -> None:
        """`models` is the folder for copies of trained models; without one, pages are made without a model, and without `traces`
        none is kept for replay."""
        self._memory, self._served, self._traces = ViewerMemory(stores.live), ServedLog(stores.log), traces
        self.cards = Cards(stores, delivery)
        self._queries = FeedQueries(stores, models, self._products_changed)
        self.catalogue = self._queries.catalogue
        policies, models_held = self._queries.policies, self._queries.models
        arms = None if assignments is None else FeedArms(assignments, policies, self._served, models_held)
        self._askers = Askers(stores, policies, arms)
        self._pipeline = for_you(self._verdicts)
        self._locks = [threading.Lock() for _ in range(LOCKS)]
        self._now = threading.local()

    def page(self, viewer: str, *, record: bool = True, now: Millis, **wanted: Unpack[Wanted]) -> FeedPage:
        """The next page of a viewer; an unknown viewer gets a first page for anybody.

        What is served is marked as seen by compare-and-set, so that no two requests ever show the same post; with `record=False`
        nothing is marked or written down. Without `reasons` the page does not say why and how it came about. Raises InvalidInput
        naming `viewer`, `size`, `cursor` or `policy`. A server that is down never raises: the page is made from what is left, and
        its notes say so.
        """
        if record:
            page = self.pages([(viewer, wanted)], now=now)[0]
            if isinstance(page, Exception):
                raise page
            return page
        asked = replace(self._askers.request(viewer, wanted, now=now, arms=False), priced=True)
        page, outcome, _ = self._make(asked, self._memory.read(viewer), now)
        self._queries.refresh_if_due(now)
        _note_failures(outcome)
        metrics.PAGES.labels("preview").inc()
        return page

    def pages(self, wanted: Sequence[tuple[str, Wanted]], *, now: Millis) -> list[FeedPage | Exception]:
        """What `page` does, for several viewers with one read and one write of live state for all.

        What goes wrong with one stands in its place and does not hold the others up.
        """
        started = time.perf_counter()
        found: list[FeedPage | Exception | None] = [None] * len(wanted)
        asked: dict[int, Asked] = {}
        for place, (viewer, said) in enumerate(wanted):
            try:
                asked[place] = self._askers.request(viewer, said, now=now)
            except FeedroomError as error:
                found[place] = error
        with ExitStack() as locked:
            for number in sorted({hash(one.viewer) % LOCKS for one in asked.values()}):
                locked.enter_context(self._locks[number])
            for _ in range(ATTEMPTS):
                left = [place for place, page in enumerate(found) if page is None]
                if not left:
                    break
                for place, page in zip(left, self._make_and_mark([asked[place] for place in left], now), strict=True):
                    found[place] = page
        self._queries.refresh_if_due(now)
        seconds = time.perf_counter() - started
        for _ in asked:
            metrics.PAGE_SECONDS.observe(seconds)
        return [_too_many(asked[place]) if page is None else page for place, page in enumerate(found)]

    def preview(
        self,
        actor: Account,
        viewer: str,
        *,
        size: int = 20,
        policy: MixPolicy | str | None = None,
        shown: tuple[str, ...] = (),
        request: str = "",
        now: Millis,
    ) -> FeedPage:
        """The page that this viewer would get, without it counting. Raises Forbidden unless a product manager asks.

        `shown` are posts of earlier previews, taken as seen. Two previews with the same `request` (a ULID) draw the same lots, so
        that what differs between them is not chance.
        """
        actor.require(Role.PRODUCT_MANAGER)
        asked = self._askers.known(checked(viewer, size), policy, None, now=now)
        asked = replace(asked, shown=shown, request=request, priced=True)
        page, _, _ = self._make(asked, self._memory.read(viewer), now)
        self._queries.refresh_if_due(now)
        metrics.PAGES.labels("preview").inc()
        return page

    def look(
        self, asked: Asked, *, policy: MixPolicy | str | None = None, region: str | None = None, now: Millis
    ) -> tuple[FeedPage, Outcome, FeedQuery]:
        """The page that a viewer would get now, under the arms they are in, priced and with what it was made from. Nothing counts.

        Raises InvalidInput naming `policy`. The query's `marks` are gone when this returns; see `marked`.
        """
        asked = self._askers.known(asked, policy, region, now=now)
        if policy is None:
            asked = self._askers.under_arms(asked, now=now)
        found = self._make(replace(asked, priced=True), self._memory.read(asked.viewer), now)
        self._queries.refresh_if_due(now)
        metrics.PAGES.labels("explained").inc()
        return found

    @property
    def pipeline(self) -> FeedPipeline[FeedQuery]:
        """The stages that make pages."""
        return self._pipeline

    def policies(self, actor: Account) -> list[MixPolicy]:
        """Every version of the mix, the default first, then by name and age."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._queries.policies.all()

    def arrivals(self, actor: Account, *, now: Millis) -> int | None:
        """How many live posts that are newer than the model in force have a place in it; None if it keeps nothing to place them.

        Raises Forbidden unless a product manager asks.
        """
        actor.require(Role.PRODUCT_MANAGER)
        models = self._queries.models
        model = None if models is None else models.current(0, now=now)
        if model is None or model.arrivals is None:
            return None
        seen = model.arrivals.seen
        return 0 if seen is None else seen.living(self._queries.newest_index(now))

    def flush(self) -> None:
        """Return when every page served so far is written down. Raises ServiceError if a store does not answer."""
        self._served.flush()
        if self._traces is not None:
            self._traces.flush()

    def warm_up(self, *, now: Millis) -> int:
        """Build the index and compile the solver before the first viewer asks; returns how many posts are live."""
        index = self._queries.warm_up(now=now)
        self.page("warm-up", record=False, now=now)
        return index.count

    def _make_and_mark(self, asked: Sequence[Asked], now: Millis) -> list[FeedPage | Exception | None]:
        """Make these pages and mark them as seen; None for one whose viewer's state somebody else has changed meanwhile."""
        with ExitStack() as stack:
            made = [
                self._made(one, read, now, stack.enter_context(self._queries.campaigns.page()))
                for one, read in zip(asked, self._memory.read_all([one.viewer for one in asked]), strict=True)
            ]
            marks = [one.mark for one in made if isinstance(one, _Made) and one.page.slots]
            written = iter(self._memory.write_all(marks) if marks else ())
            return [
                one if isinstance(one, Exception) else self._kept(one, now, not one.page.slots or next(written))
                for one in made
            ]

    def _made(self, asked: Asked, read: LiveRead, now: Millis, taken: Taken) -> _Made | Exception:
        try:
            page, outcome, query = self._make(asked, read, now, taken)
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this page alone
            return error
        session = query.session.id or page.request
        posts, kinds = [slot.post for slot in page.slots], [slot.kind.value for slot in page.slots]
        after = served(read.viewer, posts, kinds, session=session, at=now)
        return _Made(replace(asked, session=session), page, outcome, query, taken, (after, read.viewer.version))

    def _kept(self, made: _Made, now: Millis, marked: bool) -> FeedPage | None:
        """The page, counted and written down, if it could be marked as seen."""
        if not marked:
            metrics.RETRIES.inc()
            return None
        made.taken.count(made.page.slots)
        self._write_down(made.page, made.outcome, made.query, made.asked)
        self._askers.met(made.asked, now=now)
        _note_failures(made.outcome)
        metrics.SERVED.inc()
        for kind, count in Counter([slot.kind.value for slot in made.page.slots]).items():
            metrics.SLOTS_OF[kind].inc(count)
        return made.page

    def _make(
        self, asked: Asked, read: LiveRead, now: Millis, taken: Taken | None = None
    ) -> tuple[FeedPage, Outcome, FeedQuery]:
        self._now.value = now
        index = self._queries.index(read, now)
        state = _shown(read.viewer, asked, index, now) if asked.shown else read.viewer
        request = asked.request or new_id(now)
        with marked(index, state) as marks:
            query = self._queries.of(asked, state, read, index, marks, request=request, now=now, taken=taken)
            outcome = self._pipeline.run(query)
            follow = Cursor(asked.viewer, query.session.id or request, asked.number + 1)
            page = page_of(
                query,
                outcome,
                self._pipeline.source_names,
                self.cards,
                request=request,
                cursor=None if outcome.exhausted else written(follow),
                problem=self.catalogue.problem,
                reasons=asked.reasons,
            )
        return page, outcome, query

    def _write_down(self, page: FeedPage, outcome: Outcome, query: FeedQuery, asked: Asked) -> None:
        names = self._pipeline.source_names
        record = served_page(page, outcome, query, names, asked.session, asked.segment)
        self._served.put(SERVED_TOPIC, served_event(self._queries.campaigns.signed(record)))
        if self._traces is not None and (asked.sample or self._traces.wanted(page.request)):
            self._traces.keep(query, outcome, names, page.request, asked.session)

    def _verdicts(self, ids: list[str], changed_at: list[int]) -> set[str]:
        return self.cards.allowed(ids, changed_at, now=self._now.value)

    def _products_changed(self, products: Sequence[Product]) -> None:
        self.cards.products.put(products, now=self._now.value)


def _shown(state: ViewerState, asked: Asked, index: Index, now: Millis) -> ViewerState:
    """The viewer after the pages of earlier previews, as one page."""
    rows = [index.row(post) for post in asked.shown]
    kinds = [KINDS[index.kind[row]].value for row in rows if 0 <= row < index.size]
    return served(state, asked.shown, kinds, session=asked.session, at=now)


def _note_failures(outcome: Outcome) -> None:
    for stage in outcome.trace.failed():
        metrics.STAGE_FAILURES.labels(stage).inc()


def _too_many(asked: Asked) -> Throttled:
    return Throttled(f"viewer {asked.viewer} is asking for too many pages at once; try again", 1.0)
