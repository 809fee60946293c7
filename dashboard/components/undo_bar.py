"""The last verdict, with a button that takes it back while that is possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.ids import SECOND, Millis
from core.domain.moderation import Verdict
from core.domain.review import UNDO
from dashboard.context import clock
from dashboard.literal import literal
from dashboard.messages import sentence

_LONGEST = 80


@dataclass(frozen=True, slots=True)
class UndoBar:
    """Offers to take a verdict back. `name` is its own on a page, `done` says what each verdict did, `undo` takes one back by its
    subject's id, and `lost` is where in the session a refusal is told."""

    name: str
    done: Mapping[Verdict, str]
    undo: Callable[[Account, str], Any]
    lost: str

    def remember(self, subject: str, verdict: Verdict, at: Millis, words: str) -> None:
        """Offer to undo this verdict."""
        st.session_state[self._last] = (subject, verdict, at, words)

    def draw(self, me: Account) -> None:
        """The bar, for half a minute after a verdict; it counts down by itself."""
        last = st.session_state.get(self._last)
        if last is not None and clock() - last[2] < UNDO:
            st.fragment(self._count_down, run_every=1, key=f"undo_bar_{self.name}")(me)

    @property
    def _last(self) -> str:
        return f"undo_last_{self.name}"

    def _count_down(self, me: Account) -> None:
        last = st.session_state.get(self._last)
        left = 0 if last is None else (last[2] + UNDO - clock()) // SECOND
        if last is None or left <= 0:
            st.session_state.pop(self._last, None)
            st.rerun()
        subject, verdict, _, words = last
        icon = "check_circle" if verdict is Verdict.APPROVE else "block"
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"undo_{self.name}_box"):
            st.markdown(f":material/{icon}: {self.done[verdict]}: {literal(words[:_LONGEST])}")
            st.space("stretch")
            st.caption(f"{left} s", width="content")
            st.button(
                "Undo", key=f"undo_{self.name}", shortcut="U", icon=":material/undo:", on_click=self._take_back,
                args=(me, subject),
            )  # fmt: skip

    def _take_back(self, me: Account, subject: str) -> None:
        try:
            self.undo(me, subject)
        except CallerError as error:
            st.session_state[self.lost] = sentence(error)
        st.session_state.pop(self._last, None)
