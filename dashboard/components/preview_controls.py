"""Whose feed to look at, under which mix, and how it is asked for."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.mix import MixPolicy
from core.domain.viewer import SampleViewer, ViewerState
from dashboard.components.post_fields import LANGUAGES
from dashboard.components.preview_compare import compare_control, draft_refused
from dashboard.components.preview_session import PreviewRequest, restart_preview, told_done
from dashboard.components.tag_picker import tag_choices
from dashboard.context import clock, services
from dashboard.formatting import plural, region_name
from dashboard.literal import literal

SIZES: Final = ("6", "10", "20")
_TASTES = 8
_FELT = 0.05
"""A taste that would be written as 0.0 is not shown."""


def preview_controls(account: Account) -> tuple[PreviewRequest, SampleViewer, MixPolicy | None] | None:
    """Draw the controls; None if there is no sample viewer yet. The last part is a mix to compare with, if one is chosen."""
    viewers = {viewer.id: viewer for viewer in services().shop.sample_viewers(account)}
    if not viewers:
        st.info("There are no sample viewers yet. They come with the demo world, or from the app's test users.")
        return None
    in_force = services().mix.current(account).policy
    policies = {in_force.id: f"{in_force.name} ({in_force.id}), in force"}
    policies |= {
        policy.id: f"{policy.name} ({policy.id})" for policy in services().mix.versions(account) if policy != in_force
    }
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        viewer = st.selectbox(
            "Viewer", list(viewers), key="viewer", bind="query-params", width=340,
            format_func=lambda key: ", ".join(word for word in (viewers[key].name, viewers[key].segment) if word),
        )  # fmt: skip
        size = st.segmented_control(
            "Slots a page", SIZES, key="slots", bind="query-params", default="10", required=True
        )
        policy = None
        if len(policies) > 1:
            policy = st.selectbox(
                "Mix", list(policies), key="policy", format_func=policies.__getitem__, width=220,
                disabled=bool(st.session_state.get("counts")),
                help="Not while looking counts as shown: then the viewer gets what the app would, by the mix in force or by an "
                "experiment.",
            )  # fmt: skip
        counts = st.toggle(
            "Count as shown", key="counts",
            help="Off: looking changes nothing. On: the posts count as seen by this viewer, as when the app asks.",
        )  # fmt: skip
        other = compare_control(account, disabled=counts)
        st.space("stretch")
        if st.button("Reset viewer", key="reset_viewer", icon=":material/restart_alt:"):
            _confirm_reset(account, viewers[viewer])
    if other is None and not counts:
        draft_refused(account)
    return PreviewRequest(viewer, int(size or "10"), None if counts else policy, counts), viewers[viewer], other


def viewer_in_words(account: Account, viewer: SampleViewer, state: ViewerState) -> None:
    """Draw what the viewer was made to like, and what the feed has learned so far."""
    facts = [region_name(viewer.region), LANGUAGES.get(viewer.language, viewer.language)]
    st.markdown(
        f"**{literal(viewer.name)}** likes {literal(viewer.likes or 'nothing in particular')} ({literal(', '.join(facts))})."
    )
    learned = sorted(state.tags.items(), key=lambda item: -item[1])
    names = tag_choices(account)
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.caption(
            "The feed has learned:" if learned else "The feed knows nothing about this viewer yet.", width="content"
        )
        for tag, weight in learned[:_TASTES]:
            if weight >= _FELT:
                st.badge(f"{literal(names.get(tag, tag))} +{weight:.1f}", color="green")
        for tag, weight in learned[-3:]:
            if weight <= -_FELT:
                st.badge(f"{literal(names.get(tag, tag))} −{-weight:.1f}", color="red")
        if state.follows or state.seen or state.hidden:
            st.caption(
                f"follows {len(state.follows)}, has seen {plural(len(state.seen), 'post')}, hid {len(state.hidden)}",
                width="content",
            )


@st.dialog("Reset this viewer?", icon=":material/restart_alt:")
def _confirm_reset(account: Account, viewer: SampleViewer) -> None:
    st.write(
        f"The feed forgets {literal(viewer.name)}'s taste, follows and what was seen, and starts with a first page for anybody. "
        "What happened stays in the event log."
    )
    with st.container(horizontal=True):
        if st.button("Reset viewer", key="confirm_reset", type="primary"):
            if told_done(lambda: services().preview.reset(account, viewer.id, now=clock())):
                restart_preview()
                st.toast("The viewer starts anew.", icon=":material/restart_alt:")
            st.rerun()
        if st.button("Keep it", key="keep_viewer"):
            st.rerun()
