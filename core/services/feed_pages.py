"""From an outcome of the engine to the page that goes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.domain.feed import COUNTS, FeedPage, PackedPage, Slot, SlotReason
from core.domain.ids import Millis
from core.domain.post import Post
from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates
from core.pipeline.engine import Outcome
from core.services.feed_cards import Cards
from core.services.feed_packed import UNTOLD, Pieces, packed_slot
from core.services.slot_reasons import acts_behind, reasons_of

Documents = Callable[[Sequence[str]], Mapping[str, Post]]
"""Documents of posts by id, those that are missing left out."""


def page_of(
    query: FeedQuery,
    outcome: Outcome,
    source_names: tuple[str, ...],
    cards: Cards,
    *,
    request: str,
    cursor: str | None,
    problem: str,
    reasons: bool = True,
    staff: bool = False,
    posts: Documents | None = None,
    now: Millis | None = None,
) -> FeedPage:
    """The page with every slot filled: words, links, product cards; with `reasons` also why each post is there, to `staff` by all
    its scores, and the stages.

    What is filled in is of `now` and from the documents that `posts` gives for ids: by default of when the page is made, and as the
    cards remember them. A post without a document has no slot.
    """
    chosen, index, now = outcome.selection, query.index, query.now if now is None else now
    ids = [index.ids[row] for row in chosen.page.rows.tolist()]
    acts = acts_behind(query, chosen, source_names) if reasons else []
    wanted = [*ids, *{act.post for act in acts if act is not None}.difference(ids)]
    held = cards.posts.get_many(wanted, now=now) if posts is None else posts(wanted)
    owners = _owners(query, chosen.page, source_names)
    told = (
        reasons_of(query, outcome, source_names, acts, owners, held, cards, staff=staff)
        if reasons
        else [UNTOLD] * len(ids)
    )
    slots = _slots(query, outcome, ids, held, owners, told, cards, now)
    return FeedPage(
        request=request,
        slots=slots,
        cursor=cursor,
        stages=outcome.stages if reasons else (),
        **_around(query, outcome, problem, nothing=not slots),
    )


def packed_page_of(
    query: FeedQuery,
    outcome: Outcome,
    source_names: tuple[str, ...],
    cards: Cards,
    pieces: Pieces,
    *,
    request: str,
    cursor: str | None,
    problem: str,
) -> PackedPage:
    """`page_of` without reasons, put together of pieces that are written already."""
    chosen, index, now = outcome.selection, query.index, query.now
    rows = chosen.page.rows
    ids = [index.ids[row] for row in rows.tolist()]
    held = cards.posts.get_many(ids, now=now)
    owners = _owners(query, chosen.page, source_names)
    tallies = index.tallies[index.number[rows]].tolist()
    propensities = chosen.propensities.round(6).tolist()
    campaigns = query.campaigns.ids if query.campaigns is not None else ()
    places = [place for place, id in enumerate(ids) if id in held]
    found = pieces.of([held[ids[place]] for place in places], now=now)
    slots = tuple(
        [
            packed_slot(
                position, ids[place], piece, propensities[place], tallies[place],
                campaigns[owners[place]] if owners[place] >= 0 else "",
            )
            for position, (place, piece) in enumerate(zip(places, found, strict=True))
        ]
    )  # fmt: skip
    return PackedPage(
        request=request,
        slots=slots,
        cursor=cursor,
        **_around(query, outcome, problem, nothing=not slots),
    )


def _around(query: FeedQuery, outcome: Outcome, problem: str, *, nothing: bool) -> dict[str, Any]:
    """What both sorts of page say besides their slots."""
    notes = outcome.notes if not problem else (*outcome.notes, f"The catalogue is as it was a while ago: {problem}")
    if nothing:
        why = (
            "no live post may be shown to this viewer"
            if query.index.count
            else "no post is live yet; clips come as they are ready"
        )
        notes = (*notes, f"There is nothing to show: {why}.")
    chosen = outcome.selection
    return {
        "viewer": query.viewer.viewer,
        "policy": query.policy.id,
        "at": query.now,
        "notes": notes,
        "prices": {rule: round(price, 6) for rule, price in chosen.prices.items()},
        "model": query.near.model.id if query.near is not None else "",
        "relaxed": chosen.relaxed,
    }


def _slots(
    query: FeedQuery,
    outcome: Outcome,
    ids: list[str],
    posts: Mapping[str, Post],
    owners: list[int],
    told: list[SlotReason],
    cards: Cards,
    now: Millis,
) -> tuple[Slot, ...]:
    """One slot for each post that can be had."""
    index, rows = query.index, outcome.selection.page.rows
    on_page = [posts[id] for id in ids if id in posts]
    products = cards.product_cards(on_page, now=now)
    publishers = cards.publishers.get_many(list({post.publisher for post in on_page}), now=now)
    tallies = index.tallies[index.number[rows]].tolist()
    propensities = outcome.selection.propensities.round(6).tolist()
    campaigns = query.campaigns.ids if query.campaigns is not None else ()
    slots: list[Slot] = []
    for place, id in enumerate(ids):
        if (post := posts.get(id)) is None:
            continue
        publisher = publishers.get(post.publisher)
        slots.append(
            Slot(
                position=len(slots),
                post=id,
                kind=post.kind,
                title=post.title,
                caption=post.caption,
                publisher=post.publisher,
                publisher_name=publisher.name if publisher is not None else post.publisher,
                tags=post.tags,
                ai_generated=post.ai_generated,
                media=cards.links(post, now=now),
                products=tuple([products[one] for one in post.products if one in products]),
                propensity=propensities[place],
                reason=told[place],
                counts=dict(zip(COUNTS, tallies[place], strict=True)),
                campaign=campaigns[owners[place]] if owners[place] >= 0 else "",
            )
        )
    return tuple(slots)


def _owners(query: FeedQuery, shown: Candidates, names: tuple[str, ...]) -> list[int]:
    """Per slot the place of its campaign in the query's table, −1 where no campaign proposed the post."""
    if query.campaigns is None or "campaigns" not in names:
        return [-1] * len(shown)
    found: list[int] = query.campaigns.owners_of(query.index.number[shown.rows]).tolist()
    bit = 1 << names.index("campaigns")
    return [owner if bits & bit else -1 for owner, bits in zip(found, shown.sources.tolist(), strict=True)]
