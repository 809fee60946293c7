"""A campaign while it is edited: as it was when its form was opened, so that a save sends only what was changed in the form."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.campaign import Campaign, Pacing
from core.domain.ids import DAY, Millis
from dashboard.context import services

SAVE: Final = "campaign_save"
_KEY: Final = "campaign_form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the form holds, as in `Campaign`, but not checked: it may be what somebody is still typing."""

    name: str = ""
    posts: tuple[str, ...] = ()
    goal: int = 1_000
    starts_at: Millis
    ends_at: Millis
    daily_cap: int | None = None
    value: float = 1.0
    max_share: float = 0.1
    pacing: Pacing = Pacing.EVEN

    @classmethod
    def of(cls, campaign: Campaign) -> Terms:
        return cls(**{one.name: getattr(campaign, one.name) for one in fields(cls)})

    def changed_in(self, other: Terms) -> dict[str, object]:
        """The fields of `other` that differ from these."""
        values = {one.name: getattr(other, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value != getattr(self, name)}


@dataclass(frozen=True, slots=True)
class Draft:
    """`campaign` as it was opened, None for a new one; `shown` is what the fields begin with; `told` what came between."""

    campaign: Campaign | None
    shown: Terms
    told: str = ""

    @property
    def prefix(self) -> str:
        """Of the keys of all fields; another version has fields of its own."""
        return f"{_KEY}:{self.campaign.id}:{self.campaign.version}" if self.campaign else f"{_KEY}:new"

    def changes(self, typed: Terms) -> dict[str, object]:
        """What was changed in the form; of a new campaign all of it."""
        if self.campaign is None:
            return {one.name: getattr(typed, one.name) for one in fields(typed)}
        return Terms.of(self.campaign).changed_in(typed)


def opened(campaign: Campaign | None, *, now: Millis) -> Draft:
    """The draft of this form; begun anew if the form was left meanwhile, as Streamlit forgets the fields then, too."""
    held: Draft | None = st.session_state.get(_KEY)
    same = held is not None and (held.campaign.id if held.campaign else "") == (campaign.id if campaign else "")
    if held is None or not same or SAVE not in st.session_state:
        forget()
        held = Draft(campaign, Terms.of(campaign) if campaign else Terms(starts_at=now, ends_at=now + 7 * DAY))
        st.session_state[_KEY] = held
    return held


def take_in(me: Account, before: Campaign, typed: Terms, told: str) -> None:
    """Go on from the campaign as it is now: what was typed stays, the other fields become what somebody else made of them."""
    newest = services().campaigns.get(me, before.id)
    theirs, mine = Terms.of(before).changed_in(Terms.of(newest)), Terms.of(before).changed_in(typed)
    names = ", ".join(name.replace("_", " ") for name in theirs)
    both = ", ".join(name.replace("_", " ") for name in theirs if name in mine)
    told += f" Changed: {names}." if names else ""
    told += " What you typed is kept."
    told += f" Saving replaces their {both} with yours." if both else ""
    forget()
    st.session_state[_KEY] = Draft(newest, replace(Terms.of(newest), **mine), told)  # type: ignore[arg-type]


def forget() -> None:
    """Let go of the draft and of everything typed into it."""
    for key in [key for key in st.session_state if str(key).startswith(_KEY)]:
        del st.session_state[key]
