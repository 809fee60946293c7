"""The feed of a sample viewer: playable, with a reason for every slot, and what acting as the viewer changes."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account, Role
from core.domain.mix import MixPolicy
from core.domain.viewer import SampleViewer
from dashboard import access
from dashboard.components.kept_pages import kept_pages
from dashboard.components.mix_bars import mix_bars
from dashboard.components.next_page import next_page_changes
from dashboard.components.phone_frame import phone_frame
from dashboard.components.preview_compare import preview_compare, price_list
from dashboard.components.preview_controls import preview_controls, viewer_in_words
from dashboard.components.preview_session import (
    PreviewRequest,
    PreviewSession,
    act_as_viewer,
    next_page,
    preview_session,
)
from dashboard.components.slot_trace import score_chart, slot_detail, slot_list, stage_trace
from dashboard.components.viewer_acts import viewer_acts
from dashboard.components.why_not import why_not_box
from dashboard.context import services
from dashboard.literal import literal


@st.fragment
def preview(me: Account, asked: PreviewRequest, viewer: SampleViewer, other: MixPolicy | None) -> None:
    """A fragment, so that scrolling the phone redraws nothing but what belongs to it."""
    with st.spinner("Making the page"):
        session = preview_session(me, asked)
    session.tell()
    state = services().preview.state(me, viewer.id)
    viewer_in_words(me, viewer, state)
    for note in session.page.notes:
        st.info(note, icon=":material/info:")
    if other is not None:
        preview_compare(me, session, other, state)
        next_page_button(me, session)
        return
    left, right = st.columns([1, 2.1], gap="large")
    with left:
        visible = phone_frame(
            session.page, key="phone", liked=state.liked, follows=state.follows, fresh=session.fresh,
            jump=(session.jumps, session.jump_to),
            on_act=lambda kind, slot: act_as_viewer(me, session, kind, slot), on_next=lambda: next_page(me, session),
        )  # fmt: skip
        next_page_button(me, session)
    with right:
        if not session.page.slots:
            st.caption("This page has no slot.")
            return
        slot = session.page.slots[visible]
        with st.container(border=True):
            slot_detail(slot, {one.post: one.title for one in session.page.slots})
            viewer_acts(me, session, visible, state)
        names = ["Slots", "Next page", "Content mix", "How it was made"]
        slots, following, mix, made = st.tabs(names, key="preview_tab", on_change="rerun")
        if slots.open:
            with slots:
                slot_list(session.page, key="slot_list", visible=visible, fresh=session.fresh, on_pick=session.jump)
        if following.open:
            with following:
                next_page_changes(me, session)
        if mix.open:
            with mix:
                mix_bars(session.page, services().preview.policy(me, session.page), key="mix")
                price_list(session.page)
        if made.open:
            with made:
                score_chart(slot, key="scores")
                stage_trace(session.page, key="stages")
                why_not_box(me, session)
                kept_pages(me)


def next_page_button(me: Account, session: PreviewSession) -> None:
    """The way on, and where one is."""
    st.button(
        "Next page", key="next_page", icon=":material/skip_next:", width="stretch",
        disabled=session.page.cursor is None, on_click=next_page, args=(me, session),
    )  # fmt: skip
    made_by = f", made by mix {literal(session.page.policy)}" if session.page.policy else ""
    st.caption(f"Page {session.number}{made_by}. Arrow keys move in the phone, space plays and pauses.")


me = access.require(Role.PRODUCT_MANAGER)
st.title("Feed preview")
if (chosen := preview_controls(me)) is not None:
    preview(me, *chosen)
