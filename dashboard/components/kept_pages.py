"""Pages that were served and kept: found by their request, made again, and whether they came out the same."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError, ServiceError
from core.services.explain import Explanation
from dashboard.components.preview_compare import price_list
from dashboard.components.slot_trace import stage_trace
from dashboard.context import clock, services
from dashboard.formatting import local, percent, plural
from dashboard.literal import literal

_TYPED: Final = "kept_request"
_LISTED: Final = 10


def kept_pages(account: Account) -> None:
    """Draw the search, the pages kept last, and the one that was found."""
    st.subheader("Served pages", anchor=False)
    st.caption(
        "Every page of a sample viewer, and a share of all others, is kept with everything it was made from. With its "
        "request it is made again, to the last bit."
    )
    typed = st.text_input(
        "Request of a served page", key=_TYPED, placeholder="26 characters, as the app got it"
    ).strip()
    try:
        if not typed:
            _latest(account)
            return
        found = services().explain.kept_page(account, typed, now=clock())
    except (CallerError, ServiceError) as error:
        st.info(error.detail, icon=":material/info:")
        return
    _page(found)


def _latest(account: Account) -> None:
    kept = services().explain.kept_pages(account, limit=_LISTED)
    if not kept:
        st.caption("None is kept yet. Turn on “Count as shown”: what is served then is kept within a second.")
        return
    rows = [
        {"Served": local(one.at), "Viewer": one.viewer, "Slots": one.slots, "Mix": one.policy, "Request": one.request}
        for one in kept
    ]
    st.dataframe(
        pd.DataFrame(rows), key="kept_list", hide_index=True, height="content", alt="The pages kept last",
        column_config={"Served": st.column_config.DatetimeColumn(format="D MMM HH:mm:ss")},
    )  # fmt: skip
    picks = {f"{one.viewer}, {local(one.at):%H:%M:%S}": one.request for one in kept[:3]}
    with st.container(horizontal=True, gap="small"):
        for label, request in picks.items():
            st.button(
                f"Open {literal(label)}", key=f"kept_{request}", on_click=st.session_state.update,
                args=({_TYPED: request},),
            )  # fmt: skip


def _page(found: Explanation) -> None:
    page, kept = found.page, found.kept
    assert kept is not None  # noqa: S101 - a kept page was asked for
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if kept.identical:
            st.badge("Recomputed: identical", color="green", icon=":material/check:")
        else:
            st.badge("Recomputed: differs", color="orange", icon=":material/difference:")
        st.caption(
            literal(f"Served to {page.viewer}, {plural(found.candidates, 'candidate')}, engine {kept.engine}."),
            width="content",
        )
    if kept.difference:
        st.warning(literal(f"First difference: {kept.difference}."), icon=":material/difference:")
    _slots(found)
    stage_trace(page, key="kept_stages")
    price_list(page)


def _slots(found: Explanation) -> None:
    """The slots with what the index held of them then; prices and stock may be others by now."""
    prices = {post: facts.price for post, facts in found.facts.items() if facts.price}
    rows = [
        {
            "Slot": slot.position + 1,
            "Post": slot.title or slot.caption[:60],
            "Kind": slot.kind.label,
            "Score": slot.reason.scores.get("score"),
            "Price then": prices.get(slot.post),
            "Chance": percent(slot.propensity),
            "Placed by": slot.reason.rule,
            "Sources": ", ".join(slot.reason.sources),
        }
        for slot in found.page.slots
    ]
    st.dataframe(
        pd.DataFrame(rows), key="kept_slots", hide_index=True, height="content", alt="The slots of the served page",
        column_config={
            "Score": st.column_config.NumberColumn(format="%.4f"),
            "Price then": st.column_config.NumberColumn(
                format="%.2f", help="The cheapest product of the post in stock, when the page was made"
            ),
        },
    )  # fmt: skip
