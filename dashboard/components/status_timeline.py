"""A post's status as a badge, and its life as a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, Protocol

import streamlit as st

from core.domain.ids import Millis
from core.domain.post import PostStatus
from dashboard.formatting import ago, moment
from dashboard.literal import literal

Colour = Literal["green", "orange", "red", "blue", "gray"]

_LOOK: Final[dict[PostStatus, tuple[Colour, str, str]]] = {
    PostStatus.DRAFT: ("gray", "edit_note", "Nobody but you sees it yet."),
    PostStatus.PROCESSING: ("blue", "movie_edit", "The file is being made playable; then it is checked."),
    PostStatus.SCREENING: ("blue", "policy", "It is being checked automatically; this takes a few seconds."),
    PostStatus.IN_REVIEW: ("orange", "fact_check", "A moderator looks at it before it is shown."),
    PostStatus.HELD: ("orange", "pause_circle", "It is held back until a moderator has decided."),
    PostStatus.LIVE: ("green", "check_circle", "Viewers can see it in the feed."),
    PostStatus.REJECTED: ("red", "block", "It is not shown. Change what the reason names, and it is checked again."),
    PostStatus.WITHDRAWN: ("gray", "visibility_off", "You took it out of the feed."),
    PostStatus.FAILED: ("red", "error", "The file could not be made playable."),
}


class Step(Protocol):
    """A line of a post's history with the name of who did it."""

    @property
    def status(self) -> PostStatus: ...
    @property
    def at(self) -> Millis: ...
    @property
    def by(self) -> str: ...
    @property
    def note(self) -> str: ...


def status_colour(status: PostStatus) -> Colour:
    """The colour of a status, the same on every page."""
    return _LOOK[status][0]


def status_meaning(status: PostStatus) -> str:
    """What a status means for the person who posted, in a sentence."""
    return _LOOK[status][2]


def status_badge(status: PostStatus) -> None:
    """Draw the status as a badge."""
    colour, icon, meaning = _LOOK[status]
    st.badge(status.label, icon=f":material/{icon}:", color=colour, help=meaning)


def status_timeline(steps: Sequence[Step], *, now: Millis) -> None:
    """Draw a post's life, newest first: what it became, when, by whom, and the note written for its author."""
    for step in reversed(steps):
        colour, icon, _ = _LOOK[step.status]
        with st.container(horizontal=True, gap="small", wrap=False, vertical_alignment="top"):
            st.markdown(f":{colour}[:material/{icon}:]", width="content")
            with st.container(gap=None):
                st.markdown(f"**{step.status.label}** by {literal(step.by)}")
                st.caption(f"{moment(step.at)} ({ago(step.at, now)})")
                if step.note:
                    st.text(step.note)
