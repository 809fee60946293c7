"""Notices: what has happened while nobody looked, until each person puts it away."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.notice import Tone
from dashboard.context import clock, services
from dashboard.formatting import ago
from dashboard.links import page_link
from dashboard.literal import literal

_LOOK = {
    Tone.ALARM: (st.error, "notifications_active"),
    Tone.WARNING: (st.warning, "notifications"),
    Tone.INFO: (st.info, "notifications"),
}
SHOWN = 3
_POLL = "20s"


def notices(me: Account) -> None:
    """The newest notices that this account has not put away; looks again by itself."""
    st.fragment(_notices, run_every=_POLL, key="notices")(me)


def _notices(me: Account) -> None:
    unread = services().notices.unread(me, now=clock())
    for notice in unread[:SHOWN]:
        draw, icon = _LOOK[notice.tone]
        what, then = st.columns((7, 1), vertical_alignment="center", gap="small")
        with what:
            draw(
                f"**{literal(notice.title)}** · {ago(notice.created_at, clock())}  \n{literal(notice.text)}",
                icon=f":material/{icon}:",
            )
        with then, st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            if notice.page:
                page_link(notice.page, "Open", icon=":material/arrow_forward:", **notice.query)
            st.button(
                "Dismiss",
                key=f"dismiss:{notice.id}",
                type="tertiary",
                on_click=services().notices.dismiss,
                args=(me, notice.id),
            )
    if len(unread) > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{len(unread)} unread notices", width="content")
            st.button(
                "Dismiss all",
                key="dismiss_all",
                type="tertiary",
                on_click=_dismiss_all,
                args=(me,),
            )


def _dismiss_all(me: Account) -> None:
    services().notices.dismiss_all(me, now=clock())
