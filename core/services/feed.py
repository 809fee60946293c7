"""The feed as a use case: one page for one viewer."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from core.domain.account import Account, Role
from core.domain.errors import Throttled
from core.domain.feed import FeedPage
from core.domain.ids import MINUTE, Millis, new_id
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
from core.services.feed_campaigns import Taken
from core.services.feed_cards import Cards
from core.services.feed_cursor import Cursor, written
from core.services.feed_pages import page_of
from core.services.feed_queries import FeedQueries
from core.services.feed_request import Asked, checked
from core.services.remembered import Remembered
from core.services.served_log import ServedLog
from core.services.served_pages import served_page
from core.services.stores import Stores
from core.services.traces import Traces
from core.services.viewer_memory import ViewerMemory

ATTEMPTS = 64
LOCKS = 256


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
        self._arms = (
            FeedArms(assignments, self._queries.policies, self._served, self._queries.models)
            if assignments is not None
            else None
        )
        self._profiles = Remembered(stores.sample_viewers, lifetime=MINUTE)
        self._pipeline = for_you(self._verdicts)
        self._locks = [threading.Lock() for _ in range(LOCKS)]
        self._now = threading.local()

    def page(
        self,
        viewer: str,
        *,
        size: int = 20,
        cursor: str | None = None,
        session: str | None = None,
        policy: MixPolicy | str | None = None,
        record: bool = True,
        region: str | None = None,
        languages: tuple[str, ...] = (),
        segment: str | None = None,
        platform: str = "",
        newcomer: bool | None = None,
        reasons: bool = True,
        now: Millis,
    ) -> FeedPage:
        """The next page of a viewer; an unknown viewer gets a first page for anybody.

        What is served is marked as seen by compare-and-set, so that no two requests ever show the same post; with `record=False`
        nothing is marked or written down. Without `reasons` the page does not say why and how it came about. Raises InvalidInput
        naming `viewer`, `size`, `cursor` or `policy`. A server that is down never raises: the page is made from what is left, and
        its notes say so.
        """
        started = time.perf_counter()
        asked = checked(
            viewer, size, cursor=cursor, session=session, region=region, languages=languages, segment=segment
        )
        asked = replace(self._known(asked, policy, region, now), platform=platform, newcomer=newcomer, reasons=reasons)
        if record and policy is None and self._arms is not None:
            asked = self._arms.applied(asked, now=now)
        if record:
            with self._locks[hash(viewer) % LOCKS]:
                page, outcome = self._make_and_mark(asked, now)
        else:
            page, outcome, _ = self._make(replace(asked, priced=True), self._memory.read(viewer), now)
        self._queries.refresh_if_due(now)
        metrics.PAGE_SECONDS.observe(time.perf_counter() - started)
        (metrics.SERVED if record else metrics.PAGES.labels("preview")).inc()
        for stage in outcome.stages:
            if stage.failed:
                metrics.STAGE_FAILURES.labels(stage.stage).inc()
        return page

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
        asked = self._known(checked(viewer, size), policy, None, now)
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
        asked = self._known(asked, policy, region, now)
        if policy is None and self._arms is not None:
            asked = self._arms.applied(asked, now=now)
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

    def _make_and_mark(self, asked: Asked, now: Millis) -> tuple[FeedPage, Outcome]:
        with self._queries.campaigns.page() as taken:
            for _ in range(ATTEMPTS):
                read = self._memory.read(asked.viewer)
                page, outcome, query = self._make(asked, read, now, taken)
                session = query.session.id or page.request
                posts, kinds = [slot.post for slot in page.slots], [slot.kind.value for slot in page.slots]
                after = served(read.viewer, posts, kinds, session=session, at=now)
                if not page.slots or self._memory.write(after, read.viewer.version):
                    taken.count(page.slots)
                    self._write_down(page, outcome, query, replace(asked, session=session))
                    if self._arms is not None:
                        self._arms.expose(asked, now=now)
                    for kind, count in Counter(kinds).items():
                        metrics.SLOTS_OF[kind].inc(count)
                    return page, outcome
                metrics.RETRIES.inc()
        raise Throttled(f"viewer {asked.viewer} is asking for too many pages at once; try again", 1.0)

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

    def _known(self, asked: Asked, policy: MixPolicy | str | None, region: str | None, now: Millis) -> Asked:
        """The request with the policy that was asked for and what is known of the viewer. Raises InvalidInput naming `policy`."""
        profile = self._profiles.get(asked.viewer, now=now)
        asked = replace(asked, policy=None if policy is None else self._queries.policies.asked_for(policy))
        if profile is None:
            return asked
        here = profile.region if region is None else region
        segment = asked.segment or profile.segment
        return replace(asked, region=here, language=profile.language, segment=segment, sample=True)

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
