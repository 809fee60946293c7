"""What a callback has to say, said when the page is drawn: in a fragment, a toast made by a callback lands on top of the page."""

from __future__ import annotations

import streamlit as st

from core.domain.errors import CallerError, ServiceError
from dashboard.messages import sentence


def tell_later(key: str, text: str | CallerError | ServiceError, icon: str = "check") -> None:
    """Keep a sentence (Markdown), a refusal, or that a server does not answer, under `key`."""
    if isinstance(text, CallerError | ServiceError):
        text, icon = sentence(text), "error"
    st.session_state[f"told:{key}"] = (text, icon)


def tell(key: str) -> None:
    """Say what was kept, once."""
    if told := st.session_state.pop(f"told:{key}", None):
        st.toast(told[0], icon=f":material/{told[1]}:", duration="long" if told[1] == "error" else "short")
