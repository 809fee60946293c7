"""The form of a campaign: whose posts, how many deliveries, when, for what. A refused value is named; what was typed stays."""

from __future__ import annotations

from datetime import datetime, time

import streamlit as st

from core.domain.account import Account
from core.domain.campaign import MAX_GOAL, MAX_NAME, MAX_PAGE_SHARE, MAX_VALUE, Campaign, CampaignState, Pacing
from core.domain.errors import Conflict
from core.domain.ids import DAY, Millis
from dashboard.components.campaign_draft import SAVE, Draft, Terms, forget, opened, take_in
from dashboard.components.campaign_posts import post_picker
from dashboard.context import clock, services
from dashboard.formatting import INDIA, local, number, percent
from dashboard.links import open_page, page_link
from dashboard.literal import literal
from dashboard.messages import refusals, sentence


def campaign_form(me: Account, campaign: Campaign | None) -> None:
    """Draw the form for a new campaign, or for one that is to be changed."""
    draft = opened(campaign, now=int(_hour(local(clock())).timestamp() * 1_000))
    begun = draft.campaign is not None and _has_begun(draft.campaign)
    back = {"id": draft.campaign.id} if draft.campaign else {}
    page_link("campaigns", "Back without saving", icon=":material/arrow_back:", **back)
    st.title("Edit campaign" if draft.campaign else "New campaign")
    publisher, typed = _fields(me, draft, begun)
    left = typed.goal
    if draft.campaign is not None and begun:
        left -= services().campaigns.progress(me, [draft.campaign], now=clock())[0].delivered
    _feasible(me, left, clock() if begun else typed.starts_at, typed.ends_at, typed.max_share)
    if draft.told:
        st.warning(draft.told, icon=":material/group:")
    if st.button("Save" if draft.campaign else "Save as draft", key=SAVE, type="primary"):
        _save(me, draft, publisher, typed)


def _fields(me: Account, draft: Draft, begun: bool) -> tuple[str, Terms]:
    """The publisher, and what the fields hold now."""
    shown, prefix = draft.shown, draft.prefix
    name = st.text_input(
        "Name", shown.name, max_chars=MAX_NAME, key=f"{prefix}:name", placeholder="Diwali sarees",
        help="Viewers read it: “Sponsored: campaign …”",
    )  # fmt: skip
    publisher = _publisher(me, draft.campaign, prefix)
    posts = post_picker(me, publisher, chosen=shown.posts, prefix=prefix)
    starts_at, ends_at = _times(shown, prefix, begun)
    goal, cap, pacing = _goal(shown, prefix)
    value, share = _worth(shown, prefix)
    return publisher, Terms(
        name=name.strip(), posts=tuple(posts), goal=goal, starts_at=starts_at, ends_at=ends_at, daily_cap=cap,
        value=value, max_share=share, pacing=pacing,
    )  # fmt: skip


def _save(me: Account, draft: Draft, publisher: str, typed: Terms) -> None:
    """Store what was changed since the form was opened; what somebody else changed meanwhile is taken into the form."""
    changes, verbs = draft.changes(typed), services().campaigns
    with refusals():
        if draft.campaign is None:
            made = verbs.create(me, publisher=publisher, **changes, now=clock())  # type: ignore[arg-type]
        else:
            made = draft.campaign
            try:
                if changes:
                    verbs.save(me, made.id, changes, expected_version=made.version, now=clock())
            except Conflict as error:
                take_in(me, made, typed, sentence(error))
                st.rerun()
        forget()
        open_page("campaigns", id=made.id)


def _has_begun(campaign: Campaign) -> bool:
    return campaign.state is not CampaignState.DRAFT and campaign.starts_at <= clock()


def _publisher(me: Account, campaign: Campaign | None, prefix: str) -> str:
    names = services().catalog.publisher_names(me)
    if campaign is not None:
        st.caption(f"Posts of {literal(names.get(campaign.publisher, campaign.publisher))}")
        return campaign.publisher
    return str(st.selectbox("Publisher", list(names), format_func=names.__getitem__, key=f"{prefix}:publisher") or "")


def _times(shown: Terms, prefix: str, begun: bool) -> tuple[Millis, Millis]:
    """Start and end as they were typed, in India's time; untouched ones keep their seconds."""
    first, last = local(shown.starts_at), local(shown.ends_at)
    with st.grid(4, min_column_width=140, gap="small"):
        start_day = st.date_input("From", first.date(), key=f"{prefix}:start_day", disabled=begun)
        start_time = st.time_input("at", _minute(first), key=f"{prefix}:start_time", disabled=begun)
        end_day = st.date_input("To", last.date(), key=f"{prefix}:end_day")
        end_time = st.time_input("at", _minute(last), key=f"{prefix}:end_time")
    starts_at, ends_at = _at(start_day, start_time), _at(end_day, end_time)
    if begun or starts_at == _at(first.date(), _minute(first)):
        starts_at = shown.starts_at
    if ends_at == _at(last.date(), _minute(last)):
        ends_at = shown.ends_at
    return starts_at, ends_at


def _goal(shown: Terms, prefix: str) -> tuple[int, int | None, Pacing]:
    with st.grid(2, min_column_width=220, gap="small"):
        goal = st.number_input(
            "Goal, in deliveries", 1, MAX_GOAL, shown.goal, 100, key=f"{prefix}:goal",
            help="A delivery is a slot that was served with one of the posts",
        )  # fmt: skip
        cap = st.number_input(
            "At most a day", 1, MAX_GOAL, shown.daily_cap, 100, key=f"{prefix}:cap", placeholder="No cap"
        )
    pacing = st.segmented_control(
        "Spread", list(Pacing), default=shown.pacing, format_func=lambda one: one.label, key=f"{prefix}:pacing",
        required=True,
    )  # fmt: skip
    return int(goal), None if cap is None else int(cap), pacing


def _worth(shown: Terms, prefix: str) -> tuple[float, float]:
    """Value and greatest share; an untouched share keeps its parts of a percent."""
    with st.grid(2, min_column_width=220, gap="small"):
        value = st.number_input(
            "Value of a delivery, in rupees", 0.0, MAX_VALUE, shown.value, 0.5, key=f"{prefix}:value",
            help="Weighed against engagement by the policy's weight “campaign”; pacing turns it up and down",
        )  # fmt: skip
        whole = max(round(shown.max_share * 100), 1)
        share = st.slider(
            "Greatest share of what one viewer is served", 1, round(MAX_PAGE_SHARE * 100), whole, format="%d%%",
            key=f"{prefix}:share",
        )  # fmt: skip
    return float(value), shown.max_share if share == whole else share / 100


def _feasible(me: Account, left: int, starts_at: Millis, ends_at: Millis, share: float) -> None:
    """Say, while it is being typed, what share the rest of the goal is of last week's traffic."""
    if ends_at <= starts_at or left <= 0:
        return
    a_day = left * DAY / max(ends_at - starts_at, DAY)
    slots = services().campaigns.slots_a_day(me, now=clock())
    said = f"That is {number(a_day)} deliveries a day."
    if not slots:
        st.caption(f"{said} Nothing was served in the last week, so nobody can say whether it can be reached.")
    elif a_day > share * slots:
        st.warning(
            f"{said} The feed served {number(slots)} slots a day in the last week: with at most {percent(share, 0)} of what "
            "each viewer is served, this goal cannot be reached without more traffic.",
            icon=":material/warning:",
        )
    else:
        st.caption(
            f"{said} The feed served {number(slots)} slots a day in the last week, so it takes {percent(a_day / slots)}."
        )


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _minute(at: datetime) -> time:
    return at.time().replace(second=0, microsecond=0)


def _at(day: object, hour: object) -> Millis:
    """A day and a time of day in India as UTC ms."""
    return int(datetime.combine(day, hour, INDIA).timestamp() * 1_000)  # type: ignore[arg-type]
