"""The last verdict, with a button that takes it back while that is possible."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.ids import SECOND
from core.domain.moderation import Case, Verdict
from core.domain.post import Post
from core.domain.review import UNDO
from dashboard.components.case_clock import LOST
from dashboard.context import clock, services
from dashboard.literal import literal
from dashboard.messages import sentence

_LAST: Final = "review_last"
_DONE: Final = {Verdict.APPROVE: "Approved", Verdict.REJECT: "Rejected"}


def remember(decided: Case, post: Post) -> None:
    """Offer to undo this verdict."""
    st.session_state[_LAST] = (decided.id, decided.verdict, decided.decided_at, post.title or "an untitled post")


def undo_bar(me: Account) -> None:
    """Draw the bar for half a minute after a verdict; it counts down by itself."""
    last = st.session_state.get(_LAST)
    if last is not None and clock() - last[2] < UNDO:
        st.fragment(_count_down, run_every=1, key="undo_bar")(me)


def _count_down(me: Account) -> None:
    last = st.session_state.get(_LAST)
    left = 0 if last is None else (last[2] + UNDO - clock()) // SECOND
    if last is None or left <= 0:
        st.session_state.pop(_LAST, None)
        st.rerun()
    case_id, verdict, _, title = last
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="undo"):
        st.markdown(
            f":material/{'check_circle' if verdict is Verdict.APPROVE else 'block'}: {_DONE[verdict]}: {literal(title)}"
        )
        st.space("stretch")
        st.caption(f"{left} s", width="content")
        st.button("Undo", key="undo_verdict", shortcut="U", icon=":material/undo:", on_click=_undo, args=(me, case_id))


def _undo(me: Account, case_id: str) -> None:
    try:
        services().moderation.undo(me, case_id, now=clock())
    except CallerError as error:
        st.session_state[LOST] = sentence(error)
    st.session_state.pop(_LAST, None)
