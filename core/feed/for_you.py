"""The For You feed: its table of contents."""

from __future__ import annotations

from core.feed.filters.eligible import Eligible
from core.feed.filters.not_seen import NotSeen
from core.feed.filters.safety import Safety, Verdicts
from core.feed.hydrators.affinity import Affinity
from core.feed.hydrators.nearness import Nearness
from core.feed.query import FeedQuery
from core.feed.scorers.business import BusinessValue
from core.feed.scorers.engagement import Engagement
from core.feed.scorers.popularity import Popularity
from core.feed.scorers.total import Total
from core.feed.slotting import Slotting
from core.feed.sources.campaigns import Campaigns
from core.feed.sources.everything import Everything, SeenAgain
from core.feed.sources.following import Following
from core.feed.sources.fresh import Fresh
from core.feed.sources.neighbours import Neighbours
from core.feed.sources.others import Others
from core.feed.sources.pinned import Pinned
from core.feed.sources.popular import Popular
from core.feed.sources.segment import Segment
from core.feed.sources.tag_affinity import TagAffinity
from core.feed.sources.trending import Trending
from core.pipeline.engine import FeedPipeline

SOURCES = (Following(), TagAffinity(), Trending(), Fresh(), Popular(), Neighbours(), Segment(), Campaigns(), Pinned())
FALLBACKS = (Everything(), SeenAgain())
WIDER = (Others(),)
FRESH = 1 << SOURCES.index(Fresh())
SPONSORED = 1 << SOURCES.index(Campaigns())
AGAIN = 1 << len(SOURCES) + FALLBACKS.index(SeenAgain())


def for_you(verdicts: Verdicts) -> FeedPipeline[FeedQuery]:
    """The pipeline. Everything it needs besides the query is whose verdicts it asks before a page goes out."""
    return FeedPipeline(
        sources=SOURCES,
        fallbacks=FALLBACKS,
        wider=WIDER,
        filters=(Eligible(), NotSeen(AGAIN)),
        hydrators=(Affinity(), Nearness()),
        scorers=(Engagement(), BusinessValue(SPONSORED), Total(AGAIN)),
        spare=Popularity(AGAIN),
        selector=Slotting(FRESH, AGAIN),
        late_filters=(Safety(verdicts),),
    )
