"""Where a post stands with each source: on which shelf, behind how many others, and how many the source takes from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np

from core.domain.ids import DAY
from core.feed.index import KINDS
from core.feed.query import FeedQuery
from core.feed.sources.campaigns import Campaigns
from core.feed.sources.following import Following
from core.feed.sources.fresh import Fresh
from core.feed.sources.neighbours import Neighbours
from core.feed.sources.others import Others
from core.feed.sources.popular import Popular
from core.feed.sources.segment import Segment
from core.feed.sources.tag_affinity import TagAffinity
from core.feed.sources.trending import Trending
from core.pipeline.candidates import BoolArray, IntArray

TagName = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Standing:
    """One shelf of one source. `rank` counts from 1 among what the viewer may be shown, None where the post is not on the shelf or
    the source did not look there; `takes` is how many the source takes from the front. `detail` says it in words."""

    source: str
    detail: str
    rank: int | None = None
    takes: int = 0


def ordinal(number: int) -> str:
    """
    >>> [ordinal(number) for number in (1, 2, 3, 11, 12, 21, 1312)]
    ['1st', '2nd', '3rd', '11th', '12th', '21st', '1,312th']
    """
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


@singledispatch
def standings(source: object, name: str, query: FeedQuery, row: int, tag_name: TagName) -> list[Standing]:
    """Where `row` stands with a source called `name`; a source that is not known here only says that it did not propose it."""
    return [Standing(name, "it did not propose this post")]


@standings.register
def _(source: TagAffinity, name: str, query: FeedQuery, row: int, tag_name: TagName) -> list[Standing]:
    index = query.index
    strongest = source.strongest(query).tolist()
    own = [tag for tag in index.tags_of(row) if index.tags.find(tag) in strongest]
    if not strongest:
        return [Standing(name, "nothing is known yet of the viewer's taste in tags")]
    if not own:
        names = ", ".join(tag_name(index.tags.names[tag]) for tag in strongest[:3])
        return [Standing(name, f"none of its tags is among the viewer's {len(strongest)} strongest, such as {names}")]
    found = [(tag, index.by_tag.ahead(index.tags.find(tag), row, query.fit, index.size)) for tag in own]
    return [_on_shelf(name, f"'{tag_name(tag)}'", ahead, source.each) for tag, ahead in found]


@standings.register
def _(source: Following, name: str, query: FeedQuery, row: int, tag_name: TagName) -> list[Standing]:
    index = query.index
    publisher = index.publishers.names[index.publisher[row]]
    if publisher not in query.viewer.follows[-source.publishers :]:
        return [Standing(name, "the viewer does not follow its publisher")]
    ahead = index.by_publisher.ahead(int(index.publisher[row]), row, query.fit, index.size)
    return [_on_shelf(name, "the newest of its publisher", ahead, source.each)]


@standings.register
def _(source: Popular, name: str, query: FeedQuery, row: int, tag_name: TagName) -> list[Standing]:
    index, kind = query.index, int(query.index.kind[row])
    ahead = index.by_kind.ahead(kind, row, query.fit, index.size)
    return [_on_shelf(name, f"the best of kind {KINDS[kind].label}", ahead, source.each)]


@standings.register
def _(source: Trending, name: str, query: FeedQuery, row: int, tag_name: TagName) -> list[Standing]:
    index, post = query.index, query.index.ids[row]
    if post not in query.trending:
        return [Standing(name, f"it is not among the {len(query.trending)} posts that are trending", takes=source.most)]
    rows = index.rows_of(list(query.trending))
    return [
        _on_shelf(name, "what is trending", int(query.fit(rows[: np.flatnonzero(rows == row)[0]]).sum()), source.most)
    ]


@standings.register
def _(source: Fresh, name: str, query: FeedQuery, row: int, tag_name: TagName) -> list[Standing]:
    index = query.index
    if (seen := int(index.impressions[row])) >= source.impressions:
        return [
            Standing(name, f"it has {seen:,} impressions; posts with fewer than {source.impressions} are tried out")
        ]
    if (age := query.now - int(index.published_at[row])) > source.age:
        return [Standing(name, f"it is {age // DAY} days old; posts up to {source.age // DAY} days old are tried out")]

    def untried(rows: IntArray) -> BoolArray:
        young = index.published_at[rows] >= query.now - source.age
        return query.fit(rows) & young & (index.impressions[rows] < source.impressions)

    return [_on_shelf(name, "the newest posts", index.newest.ahead(0, row, untried, index.size), source.most)]


@standings.register
def _(source: Neighbours, name: str, query: FeedQuery, row: int, tag_name: TagName) -> list[Standing]:
    if query.near is None:
        return [Standing(name, "no trained model is in force")]
    one = np.array([row], np.int32)
    if (own := float(query.near.of(one)[0])) <= 0:
        return [Standing(name, "nothing that the viewer lately did speaks for it", takes=source.want)]
    found = query.near.found()
    ahead = int(query.fit(query.index.row_of[found.numbers[found.values > own]]).sum())
    return [_on_shelf(name, "what the viewer's last acts speak for", ahead, source.want)]


@standings.register
def _(source: Segment, name: str, query: FeedQuery, row: int, tag_name: TagName) -> list[Standing]:
    if query.near is None or not query.near.prior_share:
        return [Standing(name, "it is asked only for viewers of a known segment of whom little is known yet")]
    posts = list(query.near.prior.posts)
    if (post := query.index.ids[row]) not in posts:
        return [Standing(name, "it is not among the favourites of the viewer's segment", takes=source.want)]
    rows = query.index.rows_of(posts[: posts.index(post)])
    return [
        _on_shelf(name, "the favourites of the viewer's segment", int(query.fit(rows[rows >= 0]).sum()), source.want)
    ]


@standings.register
def _(source: Campaigns, name: str, query: FeedQuery, row: int, tag_name: TagName) -> list[Standing]:
    table, number = query.campaigns, query.index.number[[row]]
    owner = -1 if table is None else int(table.owners_of(number)[0])
    if table is None or owner < 0:
        return [Standing(name, "no running campaign has it")]
    takes = int(table.slots[owner])
    detail = f"'{table.names[owner]}' may have {takes} slot{'s' * (takes != 1)} on this page"
    return [Standing(name, f"{detail}, and other posts of it suit better" if takes else detail, takes=takes)]


@standings.register
def _(source: Others, name: str, query: FeedQuery, row: int, tag_name: TagName) -> list[Standing]:
    index, kind, cap = query.index, int(query.index.kind[row]), query.policy.per_publisher
    if source.of_no_use(query):
        return [Standing(name, "the shop has too few publishers to fill the page by the rules")]
    best, shelf = source.best(query, kind), f"the best of kind {KINDS[kind].label}"
    if row not in best:
        return [_on_shelf(name, shelf, index.by_kind.ahead(kind, row, query.fit, index.size), source.deep)]
    before = best[: np.flatnonzero(best == row)[0]]
    own = int(np.count_nonzero(index.publisher[before] == index.publisher[row]))
    if own >= cap:
        return [_on_shelf(name, f"what its publisher has among {shelf}", own, cap)]
    ahead = len(replace(source, most=source.deep).varied(before, index.publisher, cap))
    return [_on_shelf(name, f"{shelf} with at most {cap} of a publisher", ahead, source.most)]


def _on_shelf(source: str, shelf: str, ahead: int | None, takes: int) -> Standing:
    if ahead is None:
        return Standing(source, f"it is not yet sorted into {shelf}", takes=takes)
    return Standing(source, f"{ordinal(ahead + 1)} in {shelf}, the source takes {takes}", ahead + 1, takes)
