"""What a mix would do before it is saved: the pages of sample viewers under it, against the version in force."""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import msgspec
import numpy as np
from scipy import stats
from ulid import ULID

from core.domain.account import Account, Role
from core.domain.errors import ServiceError
from core.domain.feed import FeedPage
from core.domain.ids import MINUTE, Millis
from core.domain.mix import MixPolicy
from core.domain.mix_rules import rules
from core.domain.post import PostKind
from core.feed.mix import ATTENTION
from core.feed.scorers.again import AGAIN
from core.services.feed import Feed
from core.services.mix_check import SIZE
from core.services.stores import Stores

VIEWERS: Final = 12
KEPT: Final = 48
LIFETIME: Millis = 3 * MINUTE

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over sample viewers and its 95% interval (Student's t); NaN where there is nothing to estimate from."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RulePrice:
    """What one rule costs: the share of the page's expected engagement (0.01 is 1%) lost by one more percentage point of it.

    For gaps and caps it is per slot and per post. `binding` of the sample viewers' pages would change without it; on the others
    the price is 0, which the mean includes.
    """

    price: Estimate
    binding: int


@dataclass(frozen=True, slots=True)
class MixEffect:
    """Pages of `viewers` sample viewers with `slots` slots each, drawn with the same lots under both policies.

    `engagement` and `business` are the relative changes of what a page is expected to bring, paired by viewer; `before` and `after`
    the shares of each kind; `prices` those of the policy by the field that sets the rule (see `core.domain.mix_rules`);
    `gave_way` on how many pages the rule of a field could not be kept; `notes` what else the feed said, and on how many.
    """

    viewers: int
    slots: int
    engagement: Estimate
    business: Estimate
    before: dict[PostKind, float]
    after: dict[PostKind, float]
    prices: dict[str, RulePrice]
    gave_way: dict[str, int]
    notes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class PageValue:
    """What one page is worth: per slot the expected `engagement` and `business` value, later slots weighing less as fewer see them.

    `prices` are those of its binding rules as a share of the page's engagement, by rule as the feed names it.
    """

    kinds: Mapping[PostKind, int]
    engagement: float
    business: float
    prices: Mapping[str, float]
    gave_way: tuple[str, ...]
    notes: tuple[str, ...]


Pairs = list[tuple[PageValue, PageValue]]
"""For each sample viewer the page before and the page after."""


class MixEffects:
    """Thread safe. Both pages of a viewer are made one after the other and kept as a pair: of two moments, pages differ by what
    happened in between, and a mix that changes nothing would seem to."""

    def __init__(self, stores: Stores, feed: Feed) -> None:
        self._stores, self._feed = stores, feed
        self._held: OrderedDict[bytes, tuple[Millis, Pairs]] = OrderedDict()
        self._lock = threading.Lock()

    def compare(
        self,
        actor: Account,
        policy: MixPolicy,
        against: MixPolicy,
        *,
        size: int = SIZE,
        now: Millis,
        progress: Progress = lambda _: None,
    ) -> MixEffect:
        """`policy` against `against` on the same viewers. `progress` is told the part done, 0 to 1, while pages are made."""
        actor.require(Role.PRODUCT_MANAGER)
        viewers = self._viewers()
        pairs = self._pairs(actor, policy, against, viewers, size, now, progress)
        before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        return MixEffect(
            viewers=len(viewers),
            slots=size,
            engagement=_change([page.engagement for page in before], [page.engagement for page in after]),
            business=_change([page.business for page in before], [page.business for page in after]),
            before=_shares(before),
            after=_shares(after),
            prices=_prices(policy, after),
            gave_way=dict(Counter(field for page in after for field in page.gave_way)),
            notes=tuple(Counter(note for page in after for note in page.notes).most_common()),
        )

    def _viewers(self) -> list[str]:
        """Sample viewers from all over the list, the same ones each time."""
        ids = sorted(viewer.id for viewer in self._stores.sample_viewers.each())
        if len(ids) <= VIEWERS:
            return ids
        return [ids[place * len(ids) // VIEWERS] for place in range(VIEWERS)]

    def _pairs(
        self,
        actor: Account,
        policy: MixPolicy,
        against: MixPolicy,
        viewers: Sequence[str],
        size: int,
        now: Millis,
        progress: Progress,
    ) -> Pairs:
        key = self._key(policy, against, viewers, size, now)
        with self._lock:
            held = self._held.get(key)
        if held is not None and now - held[0] < LIFETIME:
            return held[1]
        pairs: Pairs = []
        for place, viewer in enumerate(viewers):
            pages = []
            for side, mix in enumerate((against, policy)):
                progress((2 * place + side) / (2 * len(viewers)))
                page = self._feed.preview(actor, viewer, size=size, policy=mix, request=_lots(viewer), now=now)
                pages.append(page_value(page))
            pairs.append((pages[0], pages[1]))
        with self._lock:
            self._held[key] = (now, pairs)
            while len(self._held) > KEPT:
                self._held.popitem(last=False)
        return pairs

    def _key(self, policy: MixPolicy, against: MixPolicy, viewers: Sequence[str], size: int, now: Millis) -> bytes:
        """What people change of pages, without names and dates. What changes by itself, as trends do, waits for LIFETIME."""
        catalogue = self._feed.catalogue.at_least(0, now=now).version
        whole = (_settings(policy), _settings(against), catalogue, size, self._states(viewers))
        return blake2b(msgspec.json.encode(whole, order="sorted"), digest_size=16).digest()

    def _states(self, viewers: Sequence[str]) -> list[tuple[str, int, Millis, int]]:
        """Each viewer with the version and time of their state, and the version of the models and their calibration."""
        try:
            reads = self._stores.live.viewers.read_all(viewers, trending=0) if viewers else []
        except ServiceError:
            return [(viewer, -1, 0, -1) for viewer in viewers]
        return [
            (one.viewer.viewer, one.viewer.version, one.viewer.updated_at, one.versions.get("models", 0))
            for one in reads
        ]


def _settings(policy: MixPolicy) -> tuple[object, ...]:
    return (
        policy.shares, policy.session_shares, policy.gap, policy.per_publisher, policy.per_brand, policy.per_topic,
        policy.pins, policy.explore, policy.weights,
    )  # fmt: skip


def _lots(viewer: str) -> str:
    """The same lots for a viewer each time, so that what differs between two policies is not chance."""
    return str(ULID.from_bytes(blake2b(viewer.encode(), digest_size=16).digest()))


def page_value(page: FeedPage) -> PageValue:
    """The worth of a page as a preview gave it."""
    attention = [ATTENTION**slot.position for slot in page.slots]
    total = sum(attention) or 1.0
    scores = [slot.reason.scores for slot in page.slots]
    engagement = [one.get("engagement", 0.0) for one in scores]
    # What comes again is scored below everything new; what it is worth to the viewer is its engagement.
    worth = [
        one["score"] if one.get("score", -AGAIN) > -AGAIN / 2 else held
        for one, held in zip(scores, engagement, strict=True)
    ]
    value = float(np.dot(attention, worth))
    return PageValue(
        kinds=Counter(slot.kind for slot in page.slots),
        engagement=float(np.dot(attention, engagement)) / total,
        business=float(np.dot(attention, [one.get("business", 0.0) for one in scores])) / total,
        prices={rule: price / value for rule, price in page.prices.items()} if value > 0 else {},
        gave_way=tuple(one.field for one in page.relaxed),
        notes=tuple(note for note in page.notes if note not in {one.note for one in page.relaxed}),
    )


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and 95% interval of these; an interval takes two values."""
    if not values:
        return Estimate(math.nan, math.nan, math.nan)
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean, math.nan, math.nan)
    half = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values)))
    return Estimate(mean, mean - half, mean + half)


def _change(before: Sequence[float], after: Sequence[float]) -> Estimate:
    """Relative to the mean before; the interval is that of the paired differences."""
    base = float(np.mean(before)) if before else 0.0
    if not base > 0:
        return Estimate(math.nan, math.nan, math.nan)
    return estimate([(new - old) / base for old, new in zip(before, after, strict=True)])


def _shares(pages: Sequence[PageValue]) -> dict[PostKind, float]:
    slots = sum(sum(page.kinds.values()) for page in pages)
    return {kind: sum(page.kinds.get(kind, 0) for page in pages) / max(slots, 1) for kind in PostKind}


def _prices(policy: MixPolicy, pages: Sequence[PageValue]) -> dict[str, RulePrice]:
    return {
        field: RulePrice(
            estimate([page.prices.get(rule, 0.0) for page in pages]), sum(rule in page.prices for page in pages)
        )
        for field, rule in rules(policy)
        if any(rule in page.prices for page in pages)
    }
