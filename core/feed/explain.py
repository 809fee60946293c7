"""Why a post is in its slot, in plain English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property

from core.domain.events import EventKind
from core.domain.viewer import Interaction
from core.feed.query import FeedQuery
from core.feed.slotting import BEST, EXPLORED, PINNED


class Tastes:
    """What a viewer lately did, by tag: how many posts with it they liked, and watched to the end. Counted when first asked."""

    def __init__(self, query: FeedQuery) -> None:
        self._query = query

    def of(self, tag: str) -> tuple[int, int]:
        """Posts with this tag that were liked (or more than that), and that were watched."""
        number = self._query.index.tags.find(tag)
        liked, watched = self._counts
        return liked[number], watched[number]

    @cached_property
    def _counts(self) -> tuple[Counter[int], Counter[int]]:
        """By tag number; posts that the index does not know are left out."""
        index = self._query.index
        liked, watched = set[str](), set[str]()
        for act in self._query.viewer.recent:
            if act.weight > 0:
                (watched if act.kind == EventKind.WATCH else liked).add(act.post)
        return (
            Counter(index.tags_within(index.rows_of(liked)).tolist()),
            Counter(index.tags_within(index.rows_of(watched)).tolist()),
        )


def sentence(
    query: FeedQuery,
    row: int,
    sources: tuple[str, ...],
    rule: str,
    tastes: Tastes,
    publisher: str,
    tag_name: Callable[[str], str],
    near: str = "",
) -> str:
    """One sentence for a slot; `publisher` is the name that viewers read, `near` what `because` says.

    The strongest reason speaks: exploration, following, what the viewer did or the tag that weighs most, the segment, trending,
    the mix, popularity.
    """
    if rule == EXPLORED:
        return "New post: being tried out with you"
    if rule.startswith(PINNED):
        return "Chosen for this place by the shop"
    if "seen again" in sources:
        return "You have seen everything else; of what fits here, this one was longest ago"
    if "following" in sources:
        return f"From {publisher}, whom you follow"
    if near:
        return near
    if "tag affinity" in sources and (told := _of_tags(query, row, tastes, tag_name)):
        return told
    if "segment" in sources:
        return "Popular with viewers like you"
    if rule != BEST:
        return f"For variety: {rule}"
    if "trending" in sources:
        return "Trending now"
    return "Popular now" if query.index.impressions[row] > 0 else "New in the shop"


def may_name_act(sources: tuple[str, ...], rule: str) -> bool:
    """Whether `sentence` would say what `because` says, if it said anything."""
    stronger = rule == EXPLORED or rule.startswith(PINNED)
    return not (stronger or "seen again" in sources or "following" in sources)


def because(act: Interaction, title: str) -> str:
    """The act that speaks for a post, in words; "" for an act that says nothing by itself."""
    phrase = _PHRASES.get(act.kind, "")
    return f"Because you {phrase.format(f'“{title}”')}" if phrase and title else ""


_PHRASES: Mapping[str, str] = {
    EventKind.LIKE: "liked {}",
    EventKind.COMMENT: "commented on {}",
    EventKind.SHARE: "shared {}",
    EventKind.WATCH: "watched {}",
    EventKind.PRODUCT_CLICK: "looked at a product of {}",
    EventKind.ADD_TO_CART: "put a product of {} into your cart",
    EventKind.ORDER: "bought a product of {}",
}


def _of_tags(query: FeedQuery, row: int, tastes: Tastes, tag_name: Callable[[str], str]) -> str:
    felt, most, tag = query.viewer.tags, 0.0, ""
    for one in query.index.tags_of(row):
        if felt.get(one, 0.0) > most:
            most, tag = felt[one], one
    if not tag:
        return ""
    liked, watched = tastes.of(tag)
    if count := liked:
        return f"Because you liked {count} post{'s' * (count > 1)} tagged {tag_name(tag)}"
    if count := watched:
        return f"Because you watched {count} post{'s' * (count > 1)} tagged {tag_name(tag)} to the end"
    return f"Because you like posts tagged {tag_name(tag)}"
