"""The feed as a use case: one page for one viewer."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from ulid import ULID

from core.domain.account import Account, Role
from core.domain.errors import InvalidInput, ServiceError, Unavailable
from core.domain.events import MAX_ID
from core.domain.experiment import Experiment
from core.domain.feed import MAX_PAGE, FeedPage
from core.domain.ids import MINUTE, Millis, new_id
from core.domain.mix import MixPolicy
from core.domain.ports.live import LiveRead
from core.domain.product import Product
from core.domain.viewer import ViewerState
from core.feed.catalogue import Catalogue
from core.feed.for_you import for_you
from core.feed.index import Index
from core.feed.query import FeedQuery, affinity_vector, marked
from core.feed.side_effects import served_event
from core.feed.viewer_update import HALF_LIFE, served
from core.pipeline.engine import Outcome
from core.services import feed_metrics as metrics
from core.services.assignments import Assignments
from core.services.delivery import Delivery
from core.services.engagement import Engagement
from core.services.feed_cards import Cards
from core.services.feed_cursor import Cursor, read, written
from core.services.feed_pages import page_of, served_page
from core.services.feed_policies import Policies
from core.services.remembered import Remembered
from core.services.served_log import ServedLog
from core.services.stores import Stores
from core.statistics.assignment import Assigned, Attributes

TRENDING = 100
ATTEMPTS = 64
LOCKS = 256


@dataclass(frozen=True, slots=True)
class Asked:
    """A request after its checks."""

    viewer: str
    size: int
    session: str
    number: int
    policy: MixPolicy
    region: str
    language: str
    languages: tuple[str, ...]
    request: str = ""
    shown: tuple[str, ...] = ()
    arms: tuple[tuple[Experiment, Assigned], ...] = ()
    segment: str = ""
    priced: bool = False


class Feed:
    """Pages of the feed. Thread safe; any number of processes may serve the same viewers."""

    def __init__(
        self, stores: Stores, delivery: Delivery, engagement: Engagement, assignments: Assignments | None = None
    ) -> None:
        self._assignments = assignments
        self._live, self._served = stores.live, ServedLog(stores.log)
        self._engagement = engagement
        self.cards = Cards(stores, delivery)
        self._policies = Policies(stores)
        self.catalogue = Catalogue(stores.posts, stores.products, stores.post_totals, self._products_changed)
        self._profiles = Remembered(stores.sample_viewers, lifetime=MINUTE)
        self._pipeline = for_you(self._verdicts)
        self._locks = [threading.Lock() for _ in range(LOCKS)]
        self._orphans: dict[str, ViewerState] = {}
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
        now: Millis,
    ) -> FeedPage:
        """The next page of a viewer; an unknown viewer gets a first page for anybody.

        What is served is marked as seen by compare-and-set, so that no two requests ever show the same post; with `record=False`
        nothing is marked or written down. Raises InvalidInput naming `viewer`, `size`, `cursor` or `policy`. A server that is
        down never raises: the page is made from what is left, and its notes say so.
        """
        started = time.perf_counter()
        asked = self._checked(viewer, size, cursor, session, policy, region, languages, now)
        if record and policy is None:
            asked = self._in_experiments(asked, now)
        if record:
            with self._locks[hash(viewer) % LOCKS]:
                page, outcome = self._make_and_mark(asked, now)
        else:
            page, outcome, _ = self._make(replace(asked, priced=True), self._read(viewer), now)
        self._refresh_if_due(now)
        metrics.PAGE_SECONDS.observe(time.perf_counter() - started)
        metrics.PAGES.labels("served" if record else "preview").inc()
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
        asked = self._checked(viewer, size, None, None, policy, None, (), now)
        asked = replace(asked, shown=shown, request=request)
        page, _, _ = self._make(replace(asked, priced=True), self._read(viewer), now)
        self._refresh_if_due(now)
        metrics.PAGES.labels("preview").inc()
        return page

    def policies(self, actor: Account) -> list[MixPolicy]:
        """Every version of the mix, the default first, then by name and age."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._policies.all()

    def flush(self) -> None:
        """Return when every page served so far is in the event log. Raises ServiceError if the log does not answer."""
        self._served.flush()

    def warm_up(self, *, now: Millis) -> int:
        """Build the index and compile the solver before the first viewer asks; returns how many posts are live."""
        index = self.catalogue.at_least(0, now=now)
        self.page("warm-up", record=False, now=now)
        return index.count

    def _make_and_mark(self, asked: Asked, now: Millis) -> tuple[FeedPage, Outcome]:
        for _ in range(ATTEMPTS):
            read = self._read(asked.viewer)
            page, outcome, index = self._make(asked, read, now)
            kinds: dict[str, int] = {}
            for slot in page.slots:
                kinds[slot.kind.value] = kinds.get(slot.kind.value, 0) + 1
            after = served(read.viewer, tuple(slot.post for slot in page.slots), kinds)
            if not page.slots or self._write(after, read.viewer.version):
                self._write_down(page, outcome, index, asked)
                self._expose(asked, now)
                for kind, count in kinds.items():
                    metrics.SLOTS.labels(kind).inc(count)
                return page, outcome
            metrics.RETRIES.inc()
        raise Unavailable(f"viewer {asked.viewer} is asking for too many pages at once; try again")

    def _make(self, asked: Asked, read: LiveRead, now: Millis) -> tuple[FeedPage, Outcome, Index]:
        self._now.value = now
        index = self.catalogue.at_least(read.catalogue_version, now=now)
        metrics.CATALOGUE_POSTS.set(index.size)
        metrics.CATALOGUE_VERSION.set(index.version)
        state = served(read.viewer, asked.shown, {}) if asked.shown else read.viewer
        request = asked.request or new_id(now)
        fade = 0.5 ** (max(now - state.updated_at, 0) / HALF_LIFE)
        with marked(index, state) as marks:
            query = FeedQuery(
                viewer=state,
                index=index,
                policy=asked.policy,
                size=asked.size,
                now=now,
                rng=np.random.Generator(np.random.PCG64(int(ULID.from_str(request)))),
                marks=marks,
                trending=read.trending,
                tags=affinity_vector(state.tags, index.tags, fade),
                publishers=affinity_vector(state.publishers, index.publishers, fade),
                region=asked.region,
                language=asked.language,
                languages=asked.languages,
                priced=asked.priced,
            )
            outcome = self._pipeline.run(query)
            follow = Cursor(asked.viewer, asked.session or request, asked.number + 1)
            page = page_of(
                query,
                outcome,
                self._pipeline.source_names,
                self.cards,
                request=request,
                cursor=None if outcome.exhausted else written(follow),
                problem=self.catalogue.problem,
            )
        return page, outcome, index

    def _checked(
        self,
        viewer: str,
        size: int,
        cursor: str | None,
        session: str | None,
        policy: MixPolicy | str | None,
        region: str | None,
        languages: tuple[str, ...],
        now: Millis,
    ) -> Asked:
        if not viewer or len(viewer) > MAX_ID:
            raise InvalidInput("viewer", viewer, f"1 to {MAX_ID} characters are needed")
        if not 1 <= size <= MAX_PAGE:
            raise InvalidInput("size", size, f"a page has 1 to {MAX_PAGE} slots")
        if session is not None and len(session) > MAX_ID:
            raise InvalidInput("session", session, f"at most {MAX_ID} characters")
        number = 0
        if cursor is not None:
            place = read(cursor, viewer)
            session, number = place.session, place.page
        profile = self._profiles.get(viewer, now=now)
        return Asked(
            viewer=viewer,
            size=size,
            session=session or "",
            number=number,
            policy=self._policies.resolve(policy, now=now),
            region=region if region is not None else (profile.region if profile else ""),
            language=profile.language if profile else "",
            languages=languages,
        )

    def _in_experiments(self, asked: Asked, now: Millis) -> Asked:
        """The same request under the policy of the viewer's arm. Experiments that cannot be looked up leave the default."""
        if self._assignments is None:
            return asked
        profile = self._profiles.get(asked.viewer, now=now)
        attributes = Attributes(segment=profile.segment if profile else "", region=asked.region)
        try:
            arms = tuple(
                (experiment, arm)
                for experiment, arm in self._assignments.of(asked.viewer, attributes, now=now)
                if any(one.policy for one in experiment.arms)
            )
            chosen = next((e.arms[arm.arm].policy for e, arm in arms if e.arms[arm.arm].policy), None)
            policy = self._policies.resolve(chosen, now=now) if chosen else asked.policy
        except (ServiceError, InvalidInput):
            metrics.DEGRADED.labels("experiments").inc()
            return asked
        return replace(asked, policy=policy, arms=arms, segment=attributes.segment)

    def _expose(self, asked: Asked, now: Millis) -> None:
        """Write down that the viewer met arms that could change the page."""
        if self._assignments is None or not asked.arms:
            return
        try:
            self._assignments.expose(asked.viewer, asked.arms, segment=asked.segment, now=now)
        except ServiceError:
            metrics.DEGRADED.labels("event log").inc()

    def _read(self, viewer: str) -> LiveRead:
        """The viewer's state, or what this process remembers of it while the live store is down."""
        try:
            return self._live.viewers.read(viewer, trending=TRENDING)
        except ServiceError:
            metrics.DEGRADED.labels("live state").inc()
            return LiveRead(self._orphans.get(viewer) or ViewerState(viewer=viewer), {}, 0)

    def _write(self, state: ViewerState, expected: int) -> bool:
        try:
            return self._live.viewers.write(state, expected_version=expected)
        except ServiceError:
            if len(self._orphans) > 10_000:
                self._orphans.clear()
            self._orphans[state.viewer] = replace(state, version=expected)
            return True

    def _write_down(self, page: FeedPage, outcome: Outcome, index: Index, asked: Asked) -> None:
        record = served_page(page, outcome, index.version, self._pipeline.source_names, asked.session)
        self._served.put(served_event(record))

    def _verdicts(self, ids: list[str], changed_at: list[int]) -> set[str]:
        return self.cards.allowed(ids, changed_at, now=self._now.value)

    def _products_changed(self, products: Sequence[Product]) -> None:
        self.cards.products.put(products, now=self._now.value)

    def _refresh_if_due(self, now: Millis) -> None:
        if self.catalogue.refresh_due(now):
            threading.Thread(
                target=self.catalogue.refresh, kwargs={"now": now}, name="catalogue refresh", daemon=True
            ).start()
