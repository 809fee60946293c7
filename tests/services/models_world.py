"""A shop whose viewers have tastes, with models over it; fits take milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from core.domain.account import Account, Role
from core.domain.events import EventKind, ViewerEvent
from core.domain.feed_hour import FeedHour
from core.domain.ids import HOUR, MINUTE
from core.domain.ports.event_log import NewEvent
from core.domain.viewer import SampleViewer
from core.models.choose import Candidate, Chosen
from core.models.content import Contents
from core.models.interactions import Interactions
from core.models.item_knn import fit_item_knn
from core.models.progress import Progress
from core.services.audit import Audit
from core.services.delivery import Delivery
from core.services.engagement import TOPIC, Engagement
from core.services.feed import Feed
from core.services.jobs import Jobs
from core.services.models import Models
from core.services.stores import Stores
from tests.fakes.stores import memory_stores
from tests.feed.world import NOW, make_post

MANAGER = Account(id="m", email="m@example.in", name="Meera", role=Role.PRODUCT_MANAGER)
BRAND = Account(id="b", email="b@example.in", name="Brand", role=Role.BRAND, publisher="pub-0")
GROUPS = 4
EACH = 15
"""Posts per group of taste; the tags are the same for all, so that only models can tell them apart."""

KNN = Candidate(
    "item neighbours", {"shrink": 10}, lambda interactions, top_k, progress: fit_item_knn(interactions, top_k=top_k)
)


def quick_fit(
    interactions: Interactions,
    contents: Contents | None = None,
    *,
    like: Candidate | None = None,
    progress: Progress | None = None,
) -> Chosen:
    """One method, no choosing."""
    return Chosen(fit_item_knn(interactions, top_k=20), like or KNN, {})


@dataclass
class ModelsWorld:
    """Stores, models over them, and feed processes that share a folder of models."""

    folder: Path
    stores: Stores = field(default_factory=memory_stores)
    now: int = NOW

    def __post_init__(self) -> None:
        self.jobs, self.audit = Jobs(self.stores), Audit(self.stores)
        self.engagement = Engagement(self.stores)
        self.models = Models(self.stores, self.jobs, self.audit, self.folder, quick_fit)

    def process(self, folder: Path | None = None) -> Feed:
        """A feed process of its own, warmed up."""
        feed = Feed(self.stores, Delivery("s" * 40), models=folder or self.folder)
        feed.warm_up(now=self.now)
        return feed

    def fill_posts(self) -> None:
        """Live posts, four groups that only viewers can tell apart, over many publishers."""
        self.stores.posts.upsert_many(
            make_post(post_id(group, number), publisher=f"pub-{group * EACH + number}", tags=("saree",),
                      published_at=NOW - 40 * 24 * HOUR, title=f"Clip {group}/{number}")
            for group in range(GROUPS) for number in range(EACH)
        )  # fmt: skip
        self.stores.sample_viewers.insert(SampleViewer(id="v0-0", name="One", segment="first"))

    def live_through(self, *, begin: int = 0, hours: int = 200, viewers: int = 40, seed: int = 3) -> int:
        """Each viewer likes posts of one group, an act each few hours; returns how many events were written."""
        rng = np.random.default_rng(seed)
        events: list[ViewerEvent] = []
        for number in range(viewers):
            group = number % GROUPS
            for place, chosen in enumerate(rng.permutation(EACH)[:10].tolist()):
                at = NOW - hours * HOUR + (begin + place) * hours * HOUR // 10 + number * MINUTE
                fields = {"viewer": f"v{group}-{number}", "post": post_id(group, chosen), "at": at}
                id = f"{begin}-{number}-{place}"
                events.append(ViewerEvent(id=f"{id}-i", kind=EventKind.IMPRESSION, **fields))  # type: ignore[arg-type]
                events.append(ViewerEvent(id=id, kind=EventKind.LIKE, **fields))  # type: ignore[arg-type]
        self.write(events)
        return len(events)

    def write(self, events: list[ViewerEvent]) -> None:
        """Into the log, and into the counts per hour."""
        encode = msgspec.json.encode
        self.stores.log.append(TOPIC, [NewEvent(event.id, event.viewer, encode(event)) for event in events])
        for event in events:
            hour = event.at // HOUR * HOUR
            self.stores.feed_hours.upsert_many([FeedHour(id=f"h-{event.id}", hour=hour, events={event.kind.value: 1})])

    def like(self, viewer: str, post: str) -> None:
        """One accepted like."""
        event = {"id": f"{viewer}-{post}-{self.now}", "viewer": viewer, "kind": "like", "post": post, "at": self.now}
        (result,) = self.engagement.accept([event], self.now)
        assert result.status == "accepted", result


def post_id(group: int, number: int) -> str:
    """`post_id(1, 7) == "p1-07"`."""
    return f"p{group}-{number:02}"


def quiet(done: float, step: str) -> None:
    """Tell nobody."""
