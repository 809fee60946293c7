"""What pages are made from in a process: the index, policies, models, calibration and campaigns, each followed by its signal."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.domain.ids import Millis
from core.domain.ports.live import LiveRead
from core.domain.viewer import ViewerState
from core.feed.actions import ACTIONS
from core.feed.calibrated import AS_PREDICTED
from core.feed.catalogue import Catalogue
from core.feed.follower import Read
from core.feed.index import Index
from core.feed.query import FeedQuery, above_usual, affinity_vector, lots
from core.feed.serving_model import Near
from core.feed.viewer_update import HALF_LIFE, session_of
from core.pipeline.ranking import best_first, best_of
from core.services import feed_metrics as metrics
from core.services.feed_calibration import FeedCalibration
from core.services.feed_campaigns import FeedCampaigns, Taken
from core.services.feed_models import FeedModels
from core.services.feed_policies import Policies
from core.services.feed_request import PageRequest
from core.services.stores import Stores


class FeedQueries:
    """Turns requests into queries of the engine. Thread safe."""

    def __init__(self, stores: Stores, models: Path | None, read: Read) -> None:
        """`models` is the folder for copies of trained models, None to do without any; `read` hears of what the index reads."""
        self.catalogue = Catalogue(stores.posts, stores.products, stores.post_totals, read, stores.reputations)
        self.policies = Policies(stores)
        self.models = None if models is None else FeedModels(stores, models, self.newest_index)
        self.calibration = FeedCalibration(stores)
        self.campaigns = FeedCampaigns(stores)
        self._told_of: Index | None = None

    def newest_index(self, now: Millis) -> Index:
        """The index that is held, built if there is none."""
        return self.catalogue.at_least(0, now=now)

    def index(self, read: LiveRead, now: Millis) -> Index:
        """The index, caught up with the version that was read."""
        heard = read.versions.get("catalogue")
        index = self.catalogue.unsignalled(now=now) if heard is None else self.catalogue.at_least(heard, now=now)
        if index is not self._told_of:
            self._told_of = index
            metrics.CATALOGUE_POSTS.set(index.count)
            metrics.CATALOGUE_VERSION.set(index.version)
        return index

    def of(
        self,
        asked: PageRequest,
        state: ViewerState,
        read: LiveRead,
        index: Index,
        marks: NDArray[np.uint8],
        *,
        request: str,
        now: Millis,
        taken: Taken | None = None,
    ) -> FeedQuery:
        """The query for a viewer in this state; `request` draws its lots, `taken` is what the page may take of campaigns."""
        versions = read.versions
        fade = 0.5 ** (max(now - state.updated_at, 0) / HALF_LIFE)
        near = self._near(asked, state, versions.get("models", 0), index, now)
        lent = near is not None and near.prior_share
        tastes = near.tastes(state.tags, fade) if near is not None and lent else state.tags
        tags, usual_tags = above_usual(affinity_vector(tastes, index.tags, 1.0 if lent else fade), index.tag_shares)
        return FeedQuery(
            viewer=state,
            index=index,
            policy=asked.policy or self.policies.current(versions.get("policies", 0), now=now),
            size=asked.size,
            now=now,
            rng=lots(request),
            marks=marks,
            trending=read.trending,
            tags=tags,
            usual_tags=usual_tags,
            publishers=affinity_vector(state.publishers, index.publishers, fade),
            region=asked.region,
            language=asked.language,
            languages=asked.languages,
            priced=asked.priced,
            near=near,
            calibration=self.calibration.current(versions.get("models", 0), now=now),
            campaigns=self.campaigns.table(
                versions.get("campaigns", 0), index, size=asked.size, seen=len(state.seen), now=now, taken=taken
            ),
            session=session_of(state, asked.session, now),
        )

    def warm_up(self, *, now: Millis) -> Index:
        """Build the index, load the model, and have compiled what a page that is not written down, of a viewer without tastes, does
        not need."""
        index = self.newest_index(now)
        if self.models is not None:
            self.models.warm_up(now=now)
        nothing = index.rows_of(())
        index.tags_within(nothing)
        index.tag_sums(nothing, np.zeros(1))
        best_first(np.zeros(2))
        best_of(np.zeros(2), 1)
        AS_PREDICTED.hundredths([np.full(1, 0.5)] * len(ACTIONS), np.zeros(1, np.int64))
        return index

    def refresh_if_due(self, now: Millis) -> None:
        """Have a thread take in, every few seconds, what no signal tells of."""
        if self.catalogue.refresh_due(now):
            threading.Thread(target=self._refresh, args=(now,), name="catalogue refresh", daemon=True).start()

    def _refresh(self, now: Millis) -> None:
        self.catalogue.refresh(now=now)
        self.policies.refresh(now=now)

    def _near(self, asked: PageRequest, state: ViewerState, version: int, index: Index, now: Millis) -> Near | None:
        """What the arm's model, or the one in force, makes of the viewer's last acts."""
        if self.models is None:
            return None
        model = asked.model or self.models.current(version, now=now)
        if model is None:
            return None
        self.models.arrivals.look(model, index, now=now)
        return Near(model, index, state.recent, asked.segment, now=now)
