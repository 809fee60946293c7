"""The feed as a use case: one page for one viewer."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Unpack

from msgspec.structs import replace

from core.domain.account import Account, Role
from core.domain.errors import FeedroomError, Throttled
from core.domain.feed import FeedPage, PackedPage
from core.domain.ids import Millis
from core.domain.mix import MixPolicy
from core.feed.query import FeedQuery
from core.pipeline.engine import FeedPipeline, Outcome
from core.services import feed_metrics as metrics
from core.services.assignments import Assignments
from core.services.delivery import Delivery
from core.services.feed_arms import FeedArms
from core.services.feed_askers import Askers
from core.services.feed_cards import Cards
from core.services.feed_making import Making, note_failures
from core.services.feed_queries import FeedQueries
from core.services.feed_request import PageRequest, Wanted, checked
from core.services.served_log import ServedLog
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
        self._served, self._traces = ServedLog(stores.log), traces
        self.cards = Cards(stores, delivery)
        self._queries = FeedQueries(stores, models, self.cards.read)
        self.catalogue = self._queries.catalogue
        policies, models_held = self._queries.policies, self._queries.models
        arms = None if assignments is None else FeedArms(assignments, policies, self._served, models_held)
        self._askers = Askers(stores, policies, arms)
        memory = ViewerMemory(stores.live)
        self.making = Making(self._queries, self.cards, self._askers, memory, self._served, traces)
        self._locks = [threading.Lock() for _ in range(LOCKS)]

    def page(
        self, viewer: str, *, record: bool = True, arrived: float | None = None, now: Millis, **wanted: Unpack[Wanted]
    ) -> FeedPage:
        """The next page of a viewer; an unknown viewer gets a first page for anybody.

        What is served is marked as seen by compare-and-set, so that no two requests show the same post while it is among the last
        KEPT_SEEN (`core.feed.viewer_update`) that the viewer was served; with `record=False` nothing is marked or written down, and
        it is for staff. Without `reasons` the page does not say why and how it came about. Raises InvalidInput naming `viewer`,
        `size`, `cursor` or `policy`. A server that is down never raises: the page is made from what is left, and its notes say so.
        `arrived` as in `pages`.
        """
        if record:
            page = self.pages([(viewer, wanted)], arrived=None if arrived is None else (arrived,), now=now)[0]
            if isinstance(page, Exception):
                raise page
            if isinstance(page, PackedPage):
                raise TypeError("packed pages come from `pages`")
            return page
        asked = replace(self._askers.request(viewer, wanted, now=now, arms=False), priced=True, staff=True)
        page, outcome, _ = self.making.page(asked, now)
        self._queries.refresh_if_due(now)
        note_failures(outcome)
        metrics.PAGES.labels("preview").inc()
        return page

    def pages(
        self, wanted: Sequence[tuple[str, Wanted]], *, arrived: Sequence[float] | None = None, now: Millis
    ) -> list[FeedPage | PackedPage | Exception]:
        """What `page` does, for several viewers with one read and one write of live state for all.

        What goes wrong with one stands in its place and does not hold the others up. `arrived` is when each was asked for, in
        seconds of the monotonic clock, for the metrics; by default just now.
        """
        came = arrived or (time.monotonic(),) * len(wanted)
        found: list[FeedPage | PackedPage | Exception | None] = [None] * len(wanted)
        asked: dict[int, PageRequest] = {}
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
                for place, page in zip(left, self.making.counted([asked[place] for place in left], now), strict=True):
                    found[place] = page
        self._queries.refresh_if_due(now)
        made = time.monotonic()
        for place in asked:
            metrics.PAGE_SECONDS.observe(made - came[place])
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
        asked = replace(asked, shown=shown, request=request, priced=True, staff=True)
        page, _, _ = self.making.page(asked, now)
        self._queries.refresh_if_due(now)
        metrics.PAGES.labels("preview").inc()
        return page

    def look(
        self, asked: PageRequest, *, policy: MixPolicy | str | None = None, region: str | None = None, now: Millis
    ) -> tuple[FeedPage, Outcome, FeedQuery]:
        """The page that a viewer would get now, under the arms they are in, priced and with what it was made from. Nothing counts.

        Raises InvalidInput naming `policy`. The query's `marks` are gone when this returns; see `marked`.
        """
        asked = self._askers.known(asked, policy, region, now=now)
        found = self.making.page(replace(asked, assigned=policy is None, priced=True, staff=True), now)
        self._queries.refresh_if_due(now)
        metrics.PAGES.labels("explained").inc()
        return found

    @property
    def pipeline(self) -> FeedPipeline[FeedQuery]:
        """The stages that make pages."""
        return self.making.pipeline

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


def _too_many(asked: PageRequest) -> Throttled:
    return Throttled(f"viewer {asked.viewer} is asking for too many pages at once; try again", 1.0)
