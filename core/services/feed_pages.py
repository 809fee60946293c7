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
from core.pipeline.candidates import Candidates
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
    rows, bits = shown.rows.tolist(), shown.sources.tolist()
    ids = [index.ids[row] for row in rows]
    reasons = _acts_behind(query, shown, source_names)
    posts = cards.posts.get_many([*ids, *{act.post for act in reasons if act is not None}.difference(ids)], now=now)
    on_page = [posts[id] for id in ids if id in posts]
    products = cards.product_cards(on_page, now=now)
    publishers = cards.publishers.get_many(list({post.publisher for post in on_page}), now=now)
    names = tuple(shown.scores)
    table = np.array([shown[name] for name in names]).round(6).T.tolist() if rows else []
    tallies = index.tallies[index.number[shown.rows]].tolist()
    propensities = chosen.propensities.round(6).tolist()
    tastes = Tastes(query)
    sponsors, campaigns = _sponsors(query, shown, source_names), query.campaigns
    displaced = (*chosen.displaced, *[-1] * (len(rows) - len(chosen.displaced)))

    def tag_name(tag: str) -> str:
        return cards.tag_name(tag, now=now)

    slots: list[Slot] = []
    for position, id in enumerate(ids):
        if (post := posts.get(id)) is None:
            continue
        publisher = publishers[post.publisher].name if post.publisher in publishers else post.publisher
        sources, rule, act = named(bits[position], source_names), chosen.rules[position], reasons[position]
        owner = sponsors[position] if campaigns is not None else -1
        if campaigns is not None and owner >= 0:
            campaign, told = campaigns.ids[owner], f"Sponsored: campaign {campaigns.names[owner]}"
        else:
            near = because(act, posts[act.post].title) if act is not None and act.post in posts else ""
            campaign = ""
            told = sentence(query, rows[position], sources, rule, tastes, publisher, tag_name, near)
        instead = displaced[position]
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
                products=tuple([products[one] for one in post.products if one in products]),
                propensity=propensities[position],
                reason=SlotReason(
                    sources=sources,
                    scores=dict(zip(names, table[position], strict=True)),
                    rule=rule,
                    sentence=told,
                    displaced=index.ids[instead] if instead >= 0 else None,
                ),
                counts=dict(zip(COUNTS, tallies[position], strict=True)),
                campaign=campaign,
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


def _sponsors(query: FeedQuery, shown: Candidates, names: tuple[str, ...]) -> list[int]:
    """Per slot the place of its campaign in the query's table, −1 where no campaign proposed the post."""
    if query.campaigns is None or "campaigns" not in names:
        return [-1] * len(shown)
    proposed = (shown.sources >> names.index("campaigns") & 1).astype(bool)
    owners = query.campaigns.owners_of(query.index.number[shown.rows])
    return [int(owner) for owner in np.where(proposed, owners, -1)]


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
    slots = [
        ServedSlot(
            slot.post,
            slot.kind,
            slot.propensity,
            slot.reason.scores.get("score", 0.0),
            bits[place],
            slot.reason.rule,
            odds[place],
            tuple([card.id for card in slot.products]),
            slot.campaign,
        )
        for place, slot in enumerate(page.slots)
    ]
    return ServedPage(
        page.request,
        page.viewer,
        page.policy,
        page.at,
        version,
        tuple(slots),
        source_names,
        session,
        page.model,
        segment,
    )


def _odds(shown: Candidates, calibration: Calibration) -> list[tuple[int, ...]]:
    """Predicted log-odds per slot and action, in hundredths and before calibration; empty if the scorer had failed."""
    if "engagement" not in shown.scores:
        return [()] * len(shown)
    chances = np.array([shown[action] for action in ACTIONS]).T
    table: list[list[int]] = np.rint(calibration.predicted(chances) * 100).astype(np.int64).tolist()
    return list(map(tuple, table))


@lru_cache(maxsize=10_000)
def named(bits: int, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the sources in a bit set."""
    return tuple(name for bit, name in enumerate(names) if bits >> bit & 1)
