"""The form of a campaign: whose posts, how many deliveries, when, for what. A refused value is named; what was typed stays."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import streamlit as st

from core.domain.account import Account
from core.domain.campaign import MAX_GOAL, MAX_NAME, MAX_PAGE_SHARE, MAX_VALUE, Campaign, CampaignState, Pacing
from core.domain.errors import CallerError
from core.domain.ids import DAY, Millis
from dashboard.components.campaign_posts import post_picker
from dashboard.context import clock, services
from dashboard.formatting import INDIA, local, number, percent
from dashboard.links import open_page, page_link
from dashboard.messages import sentence


def campaign_form(me: Account, campaign: Campaign | None) -> None:
    """Draw the form for a new campaign, or for one that is to be changed."""
    back = {"id": campaign.id} if campaign else {}
    page_link("campaigns", "Back without saving", icon=":material/arrow_back:", **back)
    st.title("Edit campaign" if campaign else "New campaign")
    prefix = f"campaign_form:{campaign.id if campaign else 'new'}"
    name = st.text_input(
        "Name", campaign.name if campaign else "", max_chars=MAX_NAME, key=f"{prefix}:name", placeholder="Diwali sarees",
        help="Viewers read it: “Sponsored: campaign …”",
    )  # fmt: skip
    publisher = _publisher(me, campaign, prefix)
    posts = post_picker(me, publisher, chosen=campaign.posts if campaign else (), prefix=prefix)
    begun = campaign is not None and campaign.state is not CampaignState.DRAFT and campaign.starts_at <= clock()
    starts_at, ends_at = _times(campaign, prefix, begun)
    goal, cap, pacing = _goal(campaign, prefix)
    value, share = _worth(campaign, prefix)
    left = goal
    if campaign is not None and begun:
        left -= services().campaigns.progress(me, [campaign], now=clock())[0].delivered
    _feasible(me, left, clock() if begun else starts_at, ends_at, share)
    if not st.button("Save" if campaign else "Save as draft", key="campaign_save", type="primary"):
        return
    fields: dict[str, object] = {
        "name": name.strip(), "posts": tuple(posts), "goal": goal, "starts_at": starts_at, "ends_at": ends_at,
        "daily_cap": cap, "value": value, "max_share": share, "pacing": pacing,
    }  # fmt: skip
    try:
        if campaign is None:
            made = services().campaigns.create(me, publisher=publisher, **fields, now=clock())  # type: ignore[arg-type]
        else:
            made = services().campaigns.save(me, campaign.id, fields, expected_version=campaign.version, now=clock())
    except CallerError as error:
        st.error(sentence(error), icon=":material/error:")
    else:
        _forget(prefix)
        open_page("campaigns", id=made.id)


def _publisher(me: Account, campaign: Campaign | None, prefix: str) -> str:
    names = services().catalog.publisher_names(me)
    if campaign is not None:
        st.caption(f"Posts of {names.get(campaign.publisher, campaign.publisher)}")
        return campaign.publisher
    return str(st.selectbox("Publisher", list(names), format_func=names.__getitem__, key=f"{prefix}:publisher") or "")


def _times(campaign: Campaign | None, prefix: str, begun: bool) -> tuple[Millis, Millis]:
    """Start and end as they were typed, in India's time; untouched ones keep their seconds."""
    now = local(clock()).replace(minute=0, second=0, microsecond=0)
    first = local(campaign.starts_at) if campaign else now
    last = local(campaign.ends_at) if campaign else now + timedelta(days=7)
    with st.grid(4, min_column_width=140, gap="small"):
        start_day = st.date_input("From", first.date(), key=f"{prefix}:start_day", disabled=begun)
        start_time = st.time_input("at", _minute(first), key=f"{prefix}:start_time", disabled=begun)
        end_day = st.date_input("To", last.date(), key=f"{prefix}:end_day")
        end_time = st.time_input("at", _minute(last), key=f"{prefix}:end_time")
    starts_at = campaign.starts_at if campaign and begun else _at(start_day, start_time)
    ends_at = _at(end_day, end_time)
    if campaign and ends_at == _at(last.date(), _minute(last)):
        ends_at = campaign.ends_at
    if campaign and starts_at == _at(first.date(), _minute(first)):
        starts_at = campaign.starts_at
    return starts_at, ends_at


def _goal(campaign: Campaign | None, prefix: str) -> tuple[int, int | None, Pacing]:
    with st.grid(2, min_column_width=220, gap="small"):
        goal = st.number_input(
            "Goal, in deliveries", 1, MAX_GOAL, campaign.goal if campaign else 1_000, 100, key=f"{prefix}:goal",
            help="A delivery is a slot that was served with one of the posts",
        )  # fmt: skip
        cap = st.number_input(
            "At most a day", 1, MAX_GOAL, campaign.daily_cap if campaign else None, 100, key=f"{prefix}:cap",
            placeholder="No cap",
        )  # fmt: skip
    pacing = st.segmented_control(
        "Spread", list(Pacing), default=campaign.pacing if campaign else Pacing.EVEN, format_func=lambda one: one.label,
        key=f"{prefix}:pacing", required=True,
    )  # fmt: skip
    return int(goal), None if cap is None else int(cap), pacing


def _worth(campaign: Campaign | None, prefix: str) -> tuple[float, float]:
    with st.grid(2, min_column_width=220, gap="small"):
        value = st.number_input(
            "Value of a delivery, in rupees", 0.0, MAX_VALUE, campaign.value if campaign else 1.0, 0.5, key=f"{prefix}:value",
            help="Weighed against engagement by the policy's weight “campaign”; pacing turns it up and down",
        )  # fmt: skip
        share = st.slider(
            "Greatest share of what one viewer is served", 1, round(MAX_PAGE_SHARE * 100),
            round(campaign.max_share * 100) if campaign else 10, format="%d%%", key=f"{prefix}:share",
        )  # fmt: skip
    return float(value), share / 100


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


def _minute(at: datetime) -> time:
    return at.time().replace(second=0, microsecond=0)


def _at(day: object, hour: object) -> Millis:
    """A day and a time of day in India as UTC ms."""
    return int(datetime.combine(day, hour, INDIA).timestamp() * 1_000)  # type: ignore[arg-type]


def _forget(prefix: str) -> None:
    for key in [key for key in st.session_state if str(key).startswith(prefix)]:
        del st.session_state[key]
