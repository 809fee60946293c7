"""Why a post is not on a page: the first reason, in plain English, with the numbers behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from msgspec import structs

from core.domain.post import Post, PostStatus
from core.feed.entry import playable
from core.feed.gate_kernels import HIDDEN, SEEN
from core.feed.post_facts import PostFacts, facts_of
from core.feed.query import FeedQuery, marks_of
from core.feed.slotting import EXPLORED
from core.feed.standings import Standing, TagName, ordinal, standings
from core.feed.what_if import kept_out_by, score_needed
from core.feed.why_words import reason_in_words, seen_in_words, status_in_words
from core.pipeline.candidates import Candidates
from core.pipeline.engine import FeedPipeline, Outcome
from core.pipeline.trace import name_of

CODES: Mapping[str, str] = {
    "unknown": "There is no such post",
    "not_live": "The post is not live",
    "not_playable": "There is nothing of it to play yet",
    "not_indexed": "This feed process has not taken the post in yet",
    "no_longer_live": "The post was no longer live",
    "hidden_by_the_viewer": "The viewer hid it",
    "out_of_stock": "No product of it is in stock",
    "another_region": "It is for another region",
    "another_language": "It is in another language",
    "publisher_not_wanted": "The viewer has had enough of its publisher",
    "already_seen": "The viewer has seen it",
    "not_proposed": "No source proposed it",
    "filtered": "A filter left it out",
    "refused": "The safety check refused it",
    "displaced": "A rule put another post in its place",
    "tried_out": "A new post is being tried out in its place",
    "rule": "A rule of the mix kept it out",
    "score": "Its score is too low",
    "on_page": "It is on the page",
}
"""Every code and what it means. Reasons that filters add later get their own words, with underscores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyNot:
    """The first reason why `post` is not on a page: its `code` (see CODES) and a `sentence`.

    What is not known or does not matter is None or empty: `slot` (from 0) if it is on the page; of a post that was scored its
    `score`, `rank` (from 1) among `candidates`, the `lowest` score on the page, the score it would have `needed`, the `rule` that
    kept it out and all its `scores`; of one that no source proposed where it stands with each (`standings`). `facts` are what the
    index held of it, of a page of the past only if it was looked at for that page.
    """

    post: str
    code: str
    sentence: str
    slot: int | None = None
    score: float | None = None
    rank: int | None = None
    candidates: int = 0
    lowest: float | None = None
    needed: float | None = None
    rule: str = ""
    scores: Mapping[str, float] | None = None
    standings: Sequence[Standing] = ()
    facts: PostFacts | None = None


@dataclass(frozen=True, slots=True)
class MadePage:
    """A page and how it was made. `then` for a page of the past, made again from its trace."""

    query: FeedQuery
    outcome: Outcome
    pipeline: FeedPipeline[FeedQuery]
    tag_name: TagName = str
    then: bool = False


def why_not(page: MadePage, id: str, post: Post | None) -> WhyNot:
    """Why the post `id` is not on the page; `post` is its document as it is now, None if there is none."""
    query = structs.replace(page.query, marks=marks_of(page.query.index, page.query.viewer))
    page = replace(page, query=query)
    found = _on_page(page, id) or _unfit(page, id, post) or _left_out(page, id)
    return replace(found, facts=facts_of(query.index, id))


def _on_page(page: MadePage, id: str) -> WhyNot | None:
    shown, index = page.outcome.selection.page, page.query.index
    slots = [slot for slot, row in enumerate(shown.rows) if index.ids[row] == id]
    if not slots:
        return None
    slot = slots[0]
    rule = page.outcome.selection.rules[slot]
    scores = {name: float(column[slot]) for name, column in shown.scores.items()}
    said = f"It is on the page, in slot {slot + 1}, placed by: {rule}."
    return WhyNot(
        post=id, code="on_page", sentence=said, slot=slot, score=scores.get("score"), rule=rule, scores=scores
    )


def _unfit(page: MadePage, id: str, post: Post | None) -> WhyNot | None:
    """Reasons that need no ranking: the post's own state, and what this viewer may be shown."""
    query, index = page.query, page.query.index
    if post is None:
        return WhyNot(post=id, code="unknown", sentence=f"There is no post {id}.")
    number = index.known.get(id, -1)
    known = 0 <= number < len(index.row_of)
    if not page.then:
        if post.status is not PostStatus.LIVE:
            return WhyNot(
                post=id, code="not_live", sentence=f"It is {status_in_words(post)}; only live posts are shown."
            )
        if not playable(post):
            return WhyNot(post=id, code="not_playable", sentence="It is live, but its media cannot be played yet.")
        if not known:
            return WhyNot(
                post=id, code="not_indexed",
                sentence="It is live, but this feed process has not taken it in yet; it does so within a second.",
            )  # fmt: skip
    mark = int(query.marks[number]) if known else 0
    if mark & HIDDEN:
        return WhyNot(post=id, code="hidden_by_the_viewer", sentence="The viewer hid it (not interested, or reported).")
    row = index.row(id)
    if known and index.ids[row] == id:
        found = (reason for reason, mask in query.reasons(np.array([row], np.int32)) if mask[0])
        if reason := next(found, ""):
            return WhyNot(post=id, code=reason.replace(" ", "_"), sentence=reason_in_words(query, row, reason))
    if mark & SEEN and row not in page.outcome.candidates.rows:
        return WhyNot(post=id, code="already_seen", sentence=seen_in_words(query, id))
    return None


def _left_out(page: MadePage, id: str) -> WhyNot:
    """Reasons of the pipeline: sources, filters, safety, the mix."""
    query, outcome, row = page.query, page.outcome, page.query.index.row(id)
    candidates = outcome.candidates
    proposed = any(row in rows for _, rows in outcome.proposals)
    if not proposed or query.index.ids[row] != id:
        return _not_proposed(page, id, row)
    if row in outcome.refused:
        said = "It was chosen for the page, but no verdict could be found that allows it to be shown."
        return WhyNot(post=id, code="refused", sentence=said)
    if row not in candidates.rows:
        return WhyNot(post=id, code="filtered", sentence=f"It was proposed, but left out: {_filtered(page, row)}.")
    return _not_chosen(page, id, row)


def _not_proposed(page: MadePage, id: str, row: int) -> WhyNot:
    if page.then:
        said = "No source proposed it for this page. What the shelves held then is not kept."
        return WhyNot(post=id, code="not_proposed", sentence=said)
    failed = {stage.stage for stage in page.outcome.stages if stage.failed}
    asked = {page.pipeline.source_names[bit] for bit, _ in page.outcome.proposals}
    found, said = list[Standing](), "No source proposed it."
    for source in (*page.pipeline.sources, *page.pipeline.wider):
        name = name_of(source)
        if name in failed:
            found.append(Standing(name, "it failed and was left out"))
        else:
            found += standings(source, name, page.query, row, page.tag_name)
    ranked = [one for one in found if one.rank is not None and one.source in asked]
    if nearest := min(ranked, key=_depth, default=None):
        said += f" Nearest was {nearest.source}: {nearest.detail}."
    for one in found:
        if one.source not in asked | failed and one.rank is not None and one.rank <= one.takes:
            said += f" The source {one.source} would have, but is only asked if the rules leave too little choice."
    told = [one if one.source in asked | failed else _unasked(one) for one in found]
    return WhyNot(post=id, code="not_proposed", sentence=said, standings=told)


def _depth(standing: Standing) -> float:
    """How far back on its shelf a post stands, 1 for the last that the source takes."""
    return (standing.rank or 0) / max(standing.takes, 1)


def _unasked(standing: Standing) -> Standing:
    said = f"it was not asked, as the rules left choice enough: {standing.detail}"
    return Standing(standing.source, said, takes=standing.takes)


def _not_chosen(page: MadePage, id: str, row: int) -> WhyNot:
    """It was scored: which rule, or how much score it lacked."""
    outcome, chosen = page.outcome, page.outcome.selection
    allowed = outcome.candidates.where(~np.isin(outcome.candidates.rows, outcome.refused))
    place = int(np.flatnonzero(allowed.rows == row)[0])
    scores = {name: float(column[place]) for name, column in allowed.scores.items()}
    score, page_scores = scores.get("score", 0.0), chosen.page["score"]
    tried = np.array([rule == EXPLORED for rule in chosen.rules], np.bool_)
    merit = np.where(tried, np.array(chosen.displaced or [-1] * len(tried), np.int32), chosen.page.rows)
    held = allowed["score"][np.isin(allowed.rows, merit)]
    lowest = float(held.min()) if len(held) else None
    rank = 1 + int(np.count_nonzero(allowed["score"] > score))
    selector = page.pipeline.selector
    if failed := any(stage.kind == "selector" and stage.failed for stage in outcome.stages):
        needed = None
    else:
        needed = score_needed(page.query, selector, allowed, place)
    told = WhyNot(
        post=id, code="score", sentence="", score=score, rank=rank, candidates=len(allowed), lowest=lowest, needed=needed,
        scores=scores,
    )  # fmt: skip
    stands = f"Its score of {score:.3f} is {ordinal(rank)} of {len(allowed)}"
    wanted = (
        f"it would have needed {needed:.3f}" if needed is not None else "no score would have brought it onto the page"
    )
    if failed:
        return replace(told, sentence=f"{stands}; the mix had failed, so the page holds the best scores.")
    if row in chosen.displaced:
        slot = chosen.displaced.index(row)
        if tried[slot]:
            said = f"{stands}; in slot {slot + 1}, which would have been its own, a new post is being tried out."
            return replace(told, code="tried_out", sentence=said, rule=chosen.rules[slot])
        said = f"{stands}, but the rule '{chosen.rules[slot]}' put another post into slot {slot + 1}; {wanted}."
        return replace(told, code="displaced", sentence=said, rule=chosen.rules[slot])
    if lowest is not None and score >= lowest and (rule := kept_out_by(page.query, selector, allowed, place)):
        worse = int(np.count_nonzero(page_scores < score))
        said = f"{stands}, above {worse} on the page, but the rule '{rule}' kept it out; {wanted}."
        return replace(told, code="rule", sentence=said, rule=rule)
    return replace(told, sentence=f"{stands}; {wanted}.")


def _filtered(page: MadePage, row: int) -> str:
    """The reason of the first filter that drops this row when asked again."""
    rows = np.array([row], np.int32)
    bits = sum(1 << bit for bit, proposed in page.outcome.proposals if row in proposed)
    for one in page.pipeline.filters:
        kept = one.filter(page.query, Candidates(rows, np.array([bits], np.uint32)))
        if not len(kept.candidates):
            return next(iter(kept.dropped), name_of(one))
    return "a filter failed, and what cannot be checked is not shown"
