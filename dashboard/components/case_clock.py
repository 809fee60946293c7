"""The time a case has left, and the lease: both kept current by a fragment while the case is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.ids import MINUTE, Millis
from core.domain.moderation import LEASE, Case
from core.models.risk import BREACH
from dashboard.context import clock, services
from dashboard.formatting import duration
from dashboard.messages import sentence

IDLE: Final[Millis] = 30 * MINUTE
"""After this long without an act of the moderator the lease is not renewed: a forgotten tab frees its case."""
LOST: Final = "review_lost"
"""Session state: the sentence to show after a case was lost."""
_HELD: Final = "review_held"


@dataclass(slots=True)
class _Held:
    """The case on screen in this tab: its version and lease as last heard, and when the moderator last did something."""

    case: str
    version: int
    until: Millis
    touched: Millis


def open_case(case: Case) -> None:
    """Remember what is on screen, and that the moderator is here."""
    st.session_state[_HELD] = _Held(case.id, case.version, case.lease_until, clock())


def version_on_screen(case: Case) -> int:
    """The version to decide on: that of the last look or renewal in this tab."""
    held = st.session_state.get(_HELD)
    return held.version if held is not None and held.case == case.id else case.version


def case_clock(me: Account, case: Case) -> None:
    """Draw the clock; it ticks every second when little time is left, else every ten."""
    hurry = case.due_at - clock() < 10 * MINUTE
    st.fragment(_tick, run_every=1 if hurry else 10, key="case_clock")(me, case)


def _tick(me: Account, case: Case) -> None:
    now = clock()
    left = case.due_at - now
    if left < 0:
        st.badge(f"Overdue by {duration(-left)}", icon=":material/timer_off:", color="red")
    elif left < BREACH:
        st.badge(f"{duration(left)} left", icon=":material/timer:", color="orange", help="Due within half an hour")
    else:
        st.badge(f"{duration(left // MINUTE * MINUTE)} left", icon=":material/timer:", color="gray")
    held = st.session_state.get(_HELD)
    if held is None or held.case != case.id:
        return
    if now - held.touched > IDLE and held.until > now:
        st.caption(f"You seem to be away: the case goes back to the queue in {duration(held.until - now)}.")
    elif held.until - now < LEASE - MINUTE:
        _renew(me, held)


def _renew(me: Account, held: _Held) -> None:
    try:
        renewed = services().moderation.renew(me, held.case, now=clock())
    except CallerError as error:
        st.session_state[LOST] = sentence(error)
        st.rerun()
    held.version, held.until = renewed.version, renewed.lease_until
