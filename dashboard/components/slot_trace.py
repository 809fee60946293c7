"""Why a page looks as it does: its slots with reasons and scores, one slot in full, and every stage that ran."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import pandas as pd
import streamlit as st

from core.domain.events import EventKind
from core.domain.feed import FeedPage, Slot
from dashboard import charts
from dashboard.components.tiles import Tile, tiles
from dashboard.formatting import UNKNOWN, number, percent
from dashboard.literal import literal

_TOTAL = "score"
_ACTIONS = frozenset({"completion", *(kind.value for kind in EventKind)})


def slot_list(
    page: FeedPage, *, key: str, visible: int, on_pick: Callable[[int], None], fresh: Collection[str] = ()
) -> None:
    """Draw the slots with reason, sources and score, the one on the phone's screen marked; `on_pick` gets a position."""
    tiles(
        [_slot_tile(slot, chosen=slot.position == visible, fresh=slot.post in fresh) for slot in page.slots],
        key=key,
        label="The slots of this page",
        layout="list",
        on_pick=lambda picked: on_pick(int(picked)),
    )


def slot_tile(slot: Slot, *badges: tuple[str, str], chosen: bool | None = None) -> Tile:
    """A slot with its place, title and reason."""
    title = slot.title or slot.caption[:80]
    return Tile(
        id=str(slot.position),
        label=f"Slot {slot.position + 1}: {title}. {slot.reason.sentence}",
        image=slot.media.poster,
        alt=f"Poster of {title}",
        title=f"{slot.position + 1}. {title}",
        lines=(slot.reason.sentence,),
        badges=badges,
        chosen=chosen,
    )


def _slot_tile(slot: Slot, *, chosen: bool, fresh: bool) -> Tile:
    score = slot.reason.scores.get(_TOTAL)
    badges = [("New", "green")] if fresh else []
    badges += [("Sponsored", "orange")] if slot.campaign else []
    badges += [(slot.kind.label, "gray"), *((source, "blue") for source in slot.reason.sources)]
    badges += [(f"score {number(score, 3)}", "gray")] if score is not None else []
    return slot_tile(slot, *badges, chosen=chosen)


def slot_detail(slot: Slot, titles: Mapping[str, str]) -> None:
    """Draw one slot in full: the sentence, what proposed it, the rule that placed it, its scores."""
    st.markdown(f"**Slot {slot.position + 1}: {literal(slot.title or slot.caption[:80])}**")
    st.markdown(literal(slot.reason.sentence))
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(slot.kind.label, color="gray")
        for source in slot.reason.sources:
            st.badge(source.capitalize(), color="blue", help="A source that proposed this post")
        if slot.campaign:
            st.badge("Sponsored", color="orange", help="A campaign pays for this slot; the app tells the viewer")
        if slot.ai_generated:
            st.badge("AI-generated", color="orange")
    displaced = slot.reason.displaced
    facts = [f"Placed by: {slot.reason.rule}", f"chance of this post in this slot: {percent(slot.propensity)}"]
    if displaced:
        facts.append(f"displaced: {titles.get(displaced, displaced)}")
    st.caption(literal(", ".join(facts)))


def score_chart(slot: Slot, *, key: str) -> None:
    """Draw the parts of a slot's score."""
    scores = slot.reason.scores
    odds = {name: value for name, value in scores.items() if name in _ACTIONS}
    with st.container(horizontal=True, gap="xsmall"):
        for name, value in scores.items():
            if name not in _ACTIONS:
                st.badge(f"{name.replace('_', ' ').capitalize()} {number(value, 3)}", color="gray")
    if odds:
        st.caption("How likely the viewer is to do each of these with this post, as predicted:")
        st.plotly_chart(charts.odds_bars(odds), key=key, config={"displayModeBar": False}, alt=_odds_in_words(odds))


def _odds_in_words(odds: Mapping[str, float]) -> str:
    return "Predicted: " + ", ".join(f"{name.replace('_', ' ')} {percent(value, 2)}" for name, value in odds.items())


def stage_trace(page: FeedPage, *, key: str) -> None:
    """Draw every stage in the order it ran: candidates in and out, why others left, and the time it took."""
    total = sum(stage.milliseconds for stage in page.stages)
    rows = [
        {
            "Stage": stage.stage,
            "Kind": stage.kind,
            "In": stage.before,
            "Out": stage.after,
            "Left out because": ", ".join(f"{reason}: {number(count)}" for reason, count in stage.dropped.items())
            or stage.failed,
            "Time": stage.milliseconds,
        }
        for stage in page.stages
    ]
    longest = max((stage.milliseconds for stage in page.stages), default=0.0)
    st.dataframe(
        pd.DataFrame(rows),
        key=key,
        hide_index=True,
        height="content",
        alt="Stages of the feed pipeline for this page",
        column_config={
            "Stage": st.column_config.TextColumn(width="medium"),
            "Left out because": st.column_config.TextColumn(width="large"),
            "Time": st.column_config.ProgressColumn(
                format="%.2f ms", min_value=0.0, max_value=max(longest, 1e-9), width="small"
            ),
        },
    )
    st.caption(f"All stages together: {number(total, 2)} ms. Request {page.request}, policy {page.policy or UNKNOWN}.")
    for failed in (stage for stage in page.stages if stage.failed):
        st.warning(f"{failed.stage} failed and was left out: {failed.failed}", icon=":material/warning:")
