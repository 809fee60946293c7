"""The feed of a sample viewer: playable, with a reason for every slot, and what acting as the viewer changes."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account, Role
from core.domain.viewer import SampleViewer
from dashboard import access
from dashboard.components.mix_bars import mix_bars
from dashboard.components.next_page import next_page_changes
from dashboard.components.phone_frame import phone_frame
from dashboard.components.preview_controls import preview_controls, viewer_in_words
from dashboard.components.preview_session import Asked, act_as_viewer, next_page, preview_session
from dashboard.components.slot_trace import score_chart, slot_detail, slot_table, stage_trace
from dashboard.components.viewer_acts import viewer_acts
from dashboard.context import services


@st.fragment
def preview(me: Account, asked: Asked, viewer: SampleViewer) -> None:
    """A fragment, so that scrolling the phone redraws nothing but what belongs to it."""
    session = preview_session(me, asked)
    state = services().preview.state(me, viewer.id)
    viewer_in_words(me, viewer, state)
    for note in session.page.notes:
        st.info(note, icon=":material/info:")
    left, right = st.columns([1, 2.1], gap="large")
    with left:
        view = phone_frame(
            session.page, key="phone", liked=state.liked, follows=state.follows, fresh=session.fresh,
            jump=(session.jumps, session.jump_to),
        )  # fmt: skip
        if view.act:
            act_as_viewer(me, session, view.act.kind, view.act.slot)
        pressed = st.button(
            "Next page",
            key="next_page",
            icon=":material/skip_next:",
            width="stretch",
            disabled=session.page.cursor is None,
        )
        st.caption(f"Page {session.number}. Arrow keys move in the phone, space plays and pauses.")
    if view.next or pressed:
        next_page(me, session)
        st.rerun(scope="fragment")
    if view.act:
        st.rerun(scope="fragment")
    with right:
        if not session.page.slots:
            st.caption("This page has no slot.")
            return
        with st.container(border=True):
            slot = session.page.slots[view.visible]
            slot_detail(slot, {one.post: one.title for one in session.page.slots})
            viewer_acts(me, session, view.visible, state)
        names = ["Slots", "Next page", "Content mix", "How it was made"]
        slots, following, mix, made = st.tabs(names, key="preview_tab", on_change="rerun")
        if slots.open:
            with slots:
                chosen = slot_table(session.page, key=f"slots-{session.page.request}", fresh=session.fresh)
                if chosen is not None and chosen != st.session_state.get("jumped"):
                    session.jump(chosen)
                    st.session_state["jumped"] = chosen
                    st.rerun(scope="fragment")
        if following.open:
            with following:
                next_page_changes(me, session)
        if mix.open:
            with mix:
                mix_bars(session.page, services().preview.policy(me, session.page), key="mix")
        if made.open:
            with made:
                score_chart(slot, key="scores")
                stage_trace(session.page, key="stages")


me = access.require(Role.PRODUCT_MANAGER)
st.title("Feed preview")
if (chosen := preview_controls(me)) is not None:
    preview(me, *chosen)
