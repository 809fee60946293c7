"""A page of the feed, as the console and the shopping app see it.

Structs of msgspec, since a page has some fifty of them: a frozen dataclass with this many fields takes many times as long to make.
They never refer to each other in circles, so the collector leaves them alone.
"""

from __future__ import annotations

import msgspec

from core.domain.ids import Millis
from core.domain.post import PostKind

MAX_PAGE = 50
COUNTS = ("like", "comment", "share")


class ProductCard(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A product as the slot shows it; price in minor units."""

    id: str
    name: str
    brand: str
    price_minor: int
    currency: str
    list_price_minor: int | None
    in_stock: bool
    image: str
    url: str


class MediaLinks(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Signed addresses of a post's media, empty where a post has none of that sort."""

    poster: str = ""
    preview: str = ""
    clip: str = ""
    hls: str = ""
    width: int = 0
    height: int = 0
    duration: float = 0.0


class SlotReason(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why this post is in this slot: the sources that proposed it, its scores by name, the rule that placed it, and a sentence.

    Pages for apps leave out the scores `business` and `campaign`, which tell what a post earns, and `score`, in which they are
    added up; explanations have them.
    """

    sources: tuple[str, ...]
    scores: dict[str, float]
    rule: str
    sentence: str
    displaced: str | None = None


class Slot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One place on a page; `position` counts from 0 within the page. `campaign` is set if it is sponsored: the app says so.

    `counts` are likes, comments and shares as viewers may read them, at most some ten seconds old.
    """

    position: int
    post: str
    kind: PostKind
    title: str
    caption: str
    publisher: str
    publisher_name: str
    tags: tuple[str, ...]
    ai_generated: bool
    media: MediaLinks
    products: tuple[ProductCard, ...]
    propensity: float
    reason: SlotReason
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    campaign: str = ""

    @property
    def offered(self) -> tuple[str, ...]:
        """Ids of its products."""
        return tuple([card.id for card in self.products])


class PackedSlot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A slot that is written already: `json` says all that a Slot without a reason says. `offered` are ids of its products."""

    position: int
    post: str
    kind: PostKind
    propensity: float
    offered: tuple[str, ...]
    campaign: str
    json: bytes


class StageTrace(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one stage did: how many candidates went in and came out, why the others went, and how long it took."""

    stage: str
    kind: str
    before: int
    after: int
    milliseconds: float
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    failed: str = ""


class Relaxation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A rule of the mix that this page could not keep: the least that had to give.

    `field` is its place in the policy's flat table (`shares.ugc.least`, `gap.product`, `per_topic`, `pins.0`), `rule` its name,
    `asked` and `given` in slots of the page for shares, slots between two posts for gaps, posts for caps, 1 and 0 for a pin;
    `note` says it in a sentence.
    """

    field: str
    rule: str
    asked: int
    given: int
    note: str


class FeedPage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One answer of the feed. `cursor` asks for the next page; it is None when the catalogue is exhausted. `model` is the trained
    model it was made with, "" for none.

    `prices`, on previews only, is the expected engagement that each binding rule costs the page: per percentage point of a share,
    per slot of a gap, per post of a cap, and what a pin costs whole. `relaxed` are the rules that could not be kept.
    """

    request: str
    viewer: str
    policy: str
    slots: tuple[Slot, ...]
    cursor: str | None
    at: Millis
    stages: tuple[StageTrace, ...] = ()
    notes: tuple[str, ...] = ()
    prices: dict[str, float] = msgspec.field(default_factory=dict)
    model: str = ""
    relaxed: tuple[Relaxation, ...] = ()


class PackedPage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A page without reasons that is written already, but for what `core.services.feed_packed.json_of` puts around its slots."""

    request: str
    viewer: str
    policy: str
    slots: tuple[PackedSlot, ...]
    cursor: str | None
    at: Millis
    notes: tuple[str, ...] = ()
    prices: dict[str, float] = msgspec.field(default_factory=dict)
    model: str = ""
    relaxed: tuple[Relaxation, ...] = ()
