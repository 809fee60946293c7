"""From an outcome of the engine to the page that goes out, and to the record that is kept of it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from core.domain.feed import COUNTS, FeedPage, Slot, SlotReason
from core.domain.viewer import Interaction
from core.feed.actions import ACTIONS
from core.feed.calibrated import AS_PREDICTED, Calibration
from core.feed.explain import Tastes, because, sentence
from core.feed.query import FeedQuery
from core.feed.side_effects import ServedPage, ServedSlot
from core.pipeline.candidates import Candidates, IntArray
from core.pipeline.engine import Outcome
from core.services.feed_cards import Cards


def page_of(
    query: FeedQuery,
    outcome: Outcome,
    source_names: tuple[str, ...],
    cards: Cards,
    *,
    request: str,
    cursor: str | None,
    problem: str,
) -> FeedPage:
    """The page with every slot filled: words, links, product cards, reason."""
    chosen, index, now = outcome.selection, query.index, query.now
    shown = chosen.page
    ids = [index.ids[row] for row in shown.rows]
    reasons = _acts_behind(query, shown, source_names)
    posts = cards.posts.get_many([*ids, *{act.post for act in reasons if act is not None}.difference(ids)], now=now)
    on_page = [posts[id] for id in ids if id in posts]
    products = cards.product_cards(on_page, now=now)
    publishers = cards.publishers.get_many(list({post.publisher for post in on_page}), now=now)
    names = tuple(shown.scores)
    table = np.array([shown.scores[name] for name in names]).round(6).T.tolist() if len(shown) else []
    tallies = index.tallies[index.number[shown.rows]].tolist()
    tastes = Tastes(query)
    sponsors = _sponsors(query, shown, source_names)
    slots: list[Slot] = []
    for position, id in enumerate(ids):
        if (post := posts.get(id)) is None:
            continue
        publisher = publishers[post.publisher].name if post.publisher in publishers else post.publisher
        sources = named(int(shown.sources[position]), source_names)
        row, rule = int(shown.rows[position]), chosen.rules[position]
        act = reasons[position]
        owner = int(sponsors[position])
        near = because(act, posts[act.post].title) if act is not None and act.post in posts else ""
        displaced = chosen.displaced[position] if position < len(chosen.displaced) else -1
        slots.append(
            Slot(
                position=len(slots),
                post=id,
                kind=post.kind,
                title=post.title,
                caption=post.caption,
                publisher=post.publisher,
                publisher_name=publisher,
                tags=post.tags,
                ai_generated=post.ai_generated,
                media=cards.links(post, now=now),
                products=tuple(products[one] for one in post.products if one in products),
                propensity=round(float(chosen.propensities[position]), 6),
                reason=SlotReason(
                    sources=sources,
                    scores=dict(zip(names, table[position], strict=True)),
                    rule=rule,
                    sentence=f"Sponsored: campaign {query.campaigns.names[owner]}"
                    if query.campaigns is not None and owner >= 0
                    else sentence(
                        query, row, sources, rule, tastes, publisher, lambda tag: cards.tag_name(tag, now=now), near
                    ),
                    displaced=index.ids[displaced] if displaced >= 0 else None,
                ),
                counts=dict(zip(COUNTS, tallies[position], strict=True)),
                campaign=query.campaigns.ids[owner] if query.campaigns is not None and owner >= 0 else "",
            )
        )
    notes = outcome.notes if not problem else (*outcome.notes, f"The catalogue is as it was a while ago: {problem}")
    if not slots:
        notes = (*notes, "There is nothing to show: no live post may be shown to this viewer.")
    return FeedPage(
        request=request,
        viewer=query.viewer.viewer,
        policy=query.policy.id,
        slots=tuple(slots),
        cursor=cursor,
        at=now,
        stages=outcome.stages,
        notes=notes,
        prices={rule: round(price, 6) for rule, price in chosen.prices.items()},
        model=query.near.model.id if query.near is not None else "",
        relaxed=chosen.relaxed,
    )


def _sponsors(query: FeedQuery, shown: Candidates, names: tuple[str, ...]) -> IntArray:
    """Per slot the place of its campaign in the query's table, −1 where no campaign proposed the post."""
    if query.campaigns is None or "campaigns" not in names:
        return np.full(len(shown), -1, np.int32)
    proposed = (shown.sources >> names.index("campaigns") & 1).astype(bool)
    owners = query.campaigns.owners_of(query.index.number[shown.rows])
    return np.where(proposed, owners, -1).astype(np.int32, copy=False)


def _acts_behind(query: FeedQuery, shown: Candidates, names: tuple[str, ...]) -> list[Interaction | None]:
    """Per slot the act of the viewer that speaks for it most, if it says enough beside their tags: an act is the more telling."""
    near = query.near
    if near is None or "neighbours" not in names or not len(near.history):
        return [None] * len(shown)
    proposed = (shown.sources >> names.index("neighbours") & 1).astype(bool)
    telling = proposed & (shown["neighbours"] >= 0.5 * shown["tag affinity"])
    if not telling.any():
        return [None] * len(shown)
    return [act if told else None for act, told in zip(near.because(shown.rows), telling.tolist(), strict=True)]


def served_page(
    page: FeedPage,
    outcome: Outcome,
    version: int,
    source_names: tuple[str, ...],
    session: str,
    segment: str = "",
    calibration: Calibration = AS_PREDICTED,
) -> ServedPage:
    """What the log keeps of a page; `calibration` is the one that its chances were made with."""
    bits, odds = outcome.selection.page.sources.tolist(), _odds(outcome.selection.page, calibration)
    slots = tuple(
        ServedSlot(
            slot.post,
            slot.kind.value,
            slot.propensity,
            slot.reason.scores.get("score", 0.0),
            bits[place],
            slot.reason.rule,
            odds[place],
            products=tuple(card.id for card in slot.products),
            campaign=slot.campaign,
        )
        for place, slot in enumerate(page.slots)
    )
    return ServedPage(
        page.request, page.viewer, page.policy, page.at, version, slots, source_names, session, page.model, segment
    )


def _odds(shown: Candidates, calibration: Calibration) -> list[tuple[int, ...]]:
    """Predicted log-odds per slot and action, in hundredths and before calibration; empty if the scorer had failed."""
    if "engagement" not in shown.scores:
        return [()] * len(shown)
    chances = np.array([shown[action] for action in ACTIONS]).T
    table: list[list[int]] = np.rint(calibration.predicted(chances) * 100).astype(np.int64).tolist()
    return [tuple(row) for row in table]


@lru_cache(maxsize=10_000)
def named(bits: int, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the sources in a bit set."""
    return tuple(name for bit, name in enumerate(names) if bits >> bit & 1)
