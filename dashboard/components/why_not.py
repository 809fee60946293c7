"""Why a post is not on the page that is shown: pick one, and read the first reason with the numbers behind it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

import plotly.graph_objects as go
import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError, NotFound, ServiceError
from core.domain.post import Post, PostStatus
from core.feed.standings import Standing, ordinal
from core.feed.why_not import CODES, WhyNot
from dashboard.charts import MUTED, plain
from dashboard.components.post_grid import post_tile, title_of
from dashboard.components.preview_session import PreviewSession
from dashboard.components.tiles import tiles
from dashboard.context import clock, services
from dashboard.formatting import money, number
from dashboard.literal import literal

_PICKED: Final = "why_not_post"
_FOUND: Final = 6
_INDIGO: Final = "#4f46e5"
_GOOD: Final = frozenset({"on_page"})


def why_not_box(account: Account, session: PreviewSession) -> None:
    """Draw the question and, once a post is picked, its answer for the page of this session."""
    st.subheader("Why not…?", anchor=False)
    searched = st.text_input(
        "Find a post that you miss on this page", key="why_not_search", type="search", live=True,
        placeholder="Words of its title or caption, or its id",
    ).strip()  # fmt: skip
    if searched:
        _choices(account, session, searched)
    if picked := st.session_state.get(_PICKED):
        try:
            answer = _asked(account, session, picked)
        except (CallerError, ServiceError) as error:
            st.info(error.detail, icon=":material/info:")
            return
        _answer(account, answer)
        if session.acts:
            st.caption("What you did on this page since it was made counts in this answer.")


def _choices(account: Account, session: PreviewSession, searched: str) -> None:
    catalog = services().catalog
    found = list(catalog.find(account, text=searched, statuses=[PostStatus.LIVE], limit=_FOUND).items)
    if len(found) < _FOUND:
        every = catalog.find(account, text=searched, limit=2 * _FOUND).items
        found += [post for post in every if post.status is not PostStatus.LIVE][: _FOUND - len(found)]
    if (exact := _post(account, searched)) is not None:
        found = [exact, *(post for post in found if post.id != exact.id)]
    if not found:
        st.caption(f"No post fits “{literal(searched)}”.")
    on_page = {slot.post: slot.position + 1 for slot in session.page.slots}
    cards = []
    for post in found:
        card = post_tile(post, now=clock(), with_status=post.status is not PostStatus.LIVE)
        place = ((f"Slot {on_page[post.id]}", "green"),) if post.id in on_page else ()
        chosen = st.session_state.get(_PICKED) == post.id
        cards.append(replace(card, href="", preview="", badges=(*place, *card.badges), chosen=chosen))
    tiles(
        cards, key="why_not_found", label="Posts found", layout="rows",
        on_pick=lambda picked: st.session_state.update({_PICKED: picked}),
    )  # fmt: skip


def _post(account: Account, id: str) -> Post | None:
    try:
        return services().catalog.get(account, id)
    except NotFound:
        return None


def _asked(account: Account, session: PreviewSession, post: str) -> WhyNot:
    page, now = session.page, clock()
    if session.asked.counts:
        found = services().explain.kept_page(account, page.request, post=post, now=now).why_not
        assert found is not None  # noqa: S101 - a post was asked about
        return found
    return services().explain.preview(
        account, page.viewer, size=session.asked.size, policy=page.policy, shown=session.shown, request=page.request,
        post=post, now=now,
    )  # fmt: skip


def _answer(account: Account, found: WhyNot) -> None:
    post = _post(account, found.post)
    name = title_of(post) if post else found.post
    with st.container(border=True):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.markdown(f"**{literal(name)}**", width="content")
            said = CODES.get(found.code, found.code.replace("_", " ").capitalize())
            st.badge(said, color="green" if found.code in _GOOD else "orange")
        st.markdown(literal(found.sentence))
        if found.facts is not None and found.facts.price:
            st.caption(literal(f"It sells from {money(found.facts.price * 100)}, in stock."))
        if found.standings:
            st.plotly_chart(
                rank_bars(tuple(found.standings)), key="why_not_ranks", config={"displayModeBar": False},
                alt="; ".join(f"{one.source}: {one.detail}" for one in found.standings),
            )  # fmt: skip
            for one in found.standings:
                if one.rank is None:
                    st.caption(f"{one.source.capitalize()}: {literal(one.detail)}.")
        if found.score is not None and found.code not in _GOOD:
            st.plotly_chart(
                score_bars(found.score, found.lowest, found.needed), key="why_not_scores",
                config={"displayModeBar": False},
                alt=f"Score {number(found.score, 3)}, needed {number(found.needed, 3)}",
            )  # fmt: skip
            rank = f"{ordinal(found.rank)} of {found.candidates} candidates" if found.rank else ""
            st.caption(", ".join(part for part in (rank, f"rule: {found.rule}" if found.rule else "") if part))


@lru_cache(maxsize=64)
def rank_bars(standings: tuple[Standing, ...]) -> go.Figure:
    """Its rank on each shelf over how many the source takes from there: a bar within the grey band would have been taken."""
    shown = [one for one in standings if one.rank is not None]
    names = [f"{one.source.capitalize()}: {one.detail.split(' in ', 1)[-1].rsplit(',', 1)[0]}" for one in shown]
    figure = go.Figure()
    figure.add_bar(
        y=names, x=[one.takes for one in shown], orientation="h", width=0.8, marker={"color": MUTED, "line_width": 0},
        hovertemplate="The source takes %{x}<extra></extra>",
    )  # fmt: skip
    figure.add_bar(
        y=names, x=[one.rank for one in shown], orientation="h", width=0.36,
        marker={"color": _INDIGO, "line_width": 0}, text=[ordinal(one.rank or 0) for one in shown],
        textposition="outside", cliponaxis=False, hovertemplate="It is number %{x}<extra></extra>",
    )  # fmt: skip
    most = max((max(one.rank or 0, one.takes) for one in shown), default=1)
    figure.update_layout(barmode="overlay", showlegend=False)
    figure.update_xaxes(
        range=[0, most * 1.15], zeroline=False, title="rank on the shelf, and in grey how many are taken"
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticklabelstandoff=6)
    return plain(figure, 70 + 34 * max(len(shown), 1))


@lru_cache(maxsize=64)
def score_bars(score: float, lowest: float | None, needed: float | None) -> go.Figure:
    """Its score beside the lowest on the page and the score that it would have needed."""
    rows = [
        ("Its score", score, _INDIGO),
        ("Lowest on the page", lowest, MUTED),
        ("It would have needed", needed, MUTED),
    ]
    shown = [(name, value, colour) for name, value, colour in rows if value is not None]
    figure = go.Figure()
    figure.add_bar(
        y=[name for name, _, _ in shown], x=[value for _, value, _ in shown], orientation="h", width=0.5,
        marker={"color": [colour for _, _, colour in shown], "line_width": 0},
        text=[number(value, 3) for _, value, _ in shown], textposition="outside", cliponaxis=False,
        hovertemplate="%{x:.4f}<extra>%{y}</extra>",
    )  # fmt: skip
    figure.update_xaxes(zeroline=True, showgrid=True)
    figure.update_yaxes(autorange="reversed", showgrid=False, ticklabelstandoff=6)
    return plain(figure, 60 + 30 * len(shown))
