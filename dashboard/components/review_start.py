"""Before the first case and after the last: a button when something waits, and a watch when nothing does."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.moderation import Case
from dashboard.components.case_evidence import why
from dashboard.context import clock, services
from dashboard.formatting import plural

_REVIEWING: Final = "reviewing"
_LOOK_EVERY: Final = 10


def case_in_hand(me: Account) -> Case | None:
    """The case this moderator holds; the next one if they are reviewing and hold none. Who holds one is reviewing."""
    if st.session_state.get(_REVIEWING):
        return services().moderation.claim_next(me, now=clock())
    case = services().moderation.current(me, now=clock())
    if case is not None:
        start_reviewing()
    return case


def start_reviewing() -> None:
    """From now on the next case follows by itself."""
    st.session_state[_REVIEWING] = True


def review_start(me: Account, counts: dict[str, int]) -> None:
    """Draw the way into the queue, or say that nothing waits and look again by itself."""
    st.session_state.pop(_REVIEWING, None)
    following = services().moderation.peek(me, now=clock())
    if following is not None:
        st.write(f"{plural(counts['waiting'], 'post')} waiting. The first: {', '.join(why(following)).lower()}.")
        st.button(
            "Start reviewing", key="start", type="primary", icon=":material/play_arrow:", shortcut="Enter",
            on_click=start_reviewing, help="Takes the most urgent case; it is yours for ten minutes.",
        )  # fmt: skip
        return
    st.success("Nothing waits for you. This page looks again every few seconds.", icon=":material/task_alt:")
    if counts["waiting"] or counts["leased"]:
        st.caption("What is left is with colleagues, was skipped by you, or is your own.")
    st.fragment(_watch, run_every=_LOOK_EVERY, key="watch_queue")(me)


def _watch(me: Account) -> None:
    if services().moderation.peek(me, now=clock()) is not None:
        st.rerun()
