"""Why each post of a page is in its slot: its sources, its scores, the rule that placed it, and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from core.domain.feed import SlotReason
from core.domain.post import Post
from core.domain.viewer import Interaction
from core.feed.entry import playable
from core.feed.explain import Tastes, because, may_name_act, sentence
from core.feed.query import FeedQuery
from core.pipeline.candidates import Selection
from core.pipeline.engine import Outcome
from core.services.feed_cards import Cards

FOR_STAFF = frozenset({"business", "campaign", "score"})
"""Scores that pages for apps leave out, as phones get what apps get: what a post earns, what its campaign pays, and their sum with
engagement, from which either could be worked out."""
LEAST_TELLING = 0.25
"""What the viewer's acts together must say for a post, in units of one strong act, for one of them to be named as the reason."""


def reasons_of(
    query: FeedQuery,
    outcome: Outcome,
    source_names: tuple[str, ...],
    acts: Sequence[Interaction | None],
    owners: Sequence[int],
    posts: Mapping[str, Post],
    cards: Cards,
    *,
    staff: bool,
) -> list[SlotReason]:
    """One per slot, with the scores FOR_STAFF only for `staff`. `acts` are those behind each slot, `owners` the places of their
    campaigns, −1 for none.

    An act on a post that may not be shown is not named: its title is one of the things that may not.
    """
    chosen, index, now = outcome.selection, query.index, query.now
    shown, rows = chosen.page, chosen.page.rows.tolist()
    names = tuple([name for name in shown.scores if staff or name not in FOR_STAFF])
    table = np.array([shown[name] for name in names]).round(6).T.tolist() if rows else []
    displaced = (*chosen.displaced, *[-1] * (len(rows) - len(chosen.displaced)))
    tastes, campaigns = Tastes(query), query.campaigns

    def tag_name(tag: str) -> str:
        return cards.tag_name(tag, now=now)

    told: list[SlotReason] = []
    for place, bits in enumerate(shown.sources.tolist()):
        sources, rule, act, owner = named(bits, source_names), chosen.rules[place], acts[place], owners[place]
        if campaigns is not None and owner >= 0:
            words = f"Sponsored: campaign {campaigns.names[owner]}"
        else:
            on = posts.get(act.post) if act is not None else None
            near = because(act, on.title) if act is not None and on is not None and playable(on) else ""
            publisher = index.publishers.names[index.publisher[rows[place]]] if "following" in sources else ""
            name = cards.publisher_name(publisher, now=now) if publisher else ""
            words = sentence(query, rows[place], sources, rule, tastes, name, tag_name, near)
        told.append(
            SlotReason(
                sources=sources,
                scores=dict(zip(names, table[place], strict=True)),
                rule=rule,
                sentence=words,
                displaced=index.ids[displaced[place]] if displaced[place] >= 0 else None,
            )
        )
    return told


def acts_behind(query: FeedQuery, chosen: Selection, names: tuple[str, ...]) -> list[Interaction | None]:
    """Per slot the act of the viewer that speaks for it most, if it says enough beside their tags, as an act is the more telling;
    None where something else is the reason, so that nobody looks up what the act was on."""
    near, shown = query.near, chosen.page
    if near is None or "neighbours" not in names or not len(near.history):
        return [None] * len(shown)
    proposed = (shown.sources >> names.index("neighbours") & 1).astype(bool)
    telling = proposed & (shown["neighbours"] >= np.maximum(0.5 * shown["tag affinity"], LEAST_TELLING))
    for place in np.flatnonzero(telling).tolist():
        telling[place] = may_name_act(named(int(shown.sources[place]), names), chosen.rules[place])
    acts: list[Interaction | None] = [None] * len(shown)
    told = np.flatnonzero(telling)
    if len(told):
        for place, act in zip(told.tolist(), near.because(shown.rows[told]), strict=True):
            acts[place] = act
    return acts


@lru_cache(maxsize=10_000)
def named(bits: int, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the sources in a bit set."""
    return tuple(name for bit, name in enumerate(names) if bits >> bit & 1)
