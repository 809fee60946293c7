"""Newer and older pages of a list that is read by cursor."""

from __future__ import annotations

import streamlit as st


class CursorPager:
    """Remembers the cursors of the pages passed so far; starts anew when `about` (the filters) changes."""

    def __init__(self, key: str, about: object = None, *, labels: tuple[str, str] = ("Newer", "Older")) -> None:
        self._key = key
        self._labels = labels
        held = st.session_state.get(key)
        if held is None or held["about"] != about:
            st.session_state[key] = {"about": about, "passed": []}

    @property
    def cursor(self) -> str | None:
        """The cursor of the page to show; None for the first."""
        passed: list[str] = st.session_state[self._key]["passed"]
        return passed[-1] if passed else None

    def buttons(self, following: str | None) -> None:
        """Draw the buttons; `following` is the cursor of the next page, None on the last. Draws nothing for one page only."""
        passed: list[str] = st.session_state[self._key]["passed"]
        if not passed and following is None:
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                self._labels[0], icon=":material/chevron_left:", disabled=not passed, key=f"{self._key}-newer",
                on_click=passed.pop if passed else None,
            )  # fmt: skip
            st.button(
                self._labels[1], icon=":material/chevron_right:", disabled=following is None, key=f"{self._key}-older",
                on_click=passed.append, args=(following,),
            )  # fmt: skip
            st.caption(f"Page {len(passed) + 1}")
