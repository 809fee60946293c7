"""How the feed does: what was served and seen, and the kinds it was made of, from the event log."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain.account import Account
from core.domain.feed_hour import FeedHour
from core.domain.ids import DAY
from core.domain.post import PostKind
from dashboard import charts
from dashboard.context import clock, services
from dashboard.formatting import local, percent, short_number

_HOURS = 48
_SHOWN_DAYS = 14


def feed_health(account: Account) -> None:
    """Draw the last day against the day before, and the kinds over time."""
    now = clock()
    hours = services().feed_hours.read(account, since=now - _SHOWN_DAYS * DAY, until=now)
    recent, before = hours[-24:], hours[-48:-24]
    with st.grid(5, min_column_width=150, gap="xsmall"):
        _metric("Slots served", [sum(hour.slots.values()) for hour in hours], recent, before, _slots)
        for label, kind in (
            ("Seen", "impression"),
            ("Likes", "like"),
            ("Product clicks", "product_click"),
            ("Orders", "order"),
        ):
            _metric(
                label, [hour.events.get(kind, 0) for hour in hours], recent, before,
                lambda hour, kind=kind: hour.events.get(kind, 0),
            )  # fmt: skip
    st.caption("The last 24 hours; the change is against the 24 hours before.")
    st.subheader("Kinds of post in what was served")
    steps = _steps(hours)
    if not any(sum(step.slots.values()) for step in steps):
        st.caption("Nothing was served in these two weeks. Ask for a page in the feed preview or through the API.")
        return
    st.plotly_chart(
        charts.kinds_over_time(
            [f"{local(step.hour):%-d %b %H:%M}" if _by_hour(hours) else f"{local(step.hour):%-d %b}" for step in steps],
            {kind: [step.slots.get(kind.value, 0) for step in steps] for kind in PostKind},
        ),
        key="kinds_over_time",
        config={"displayModeBar": False},
        alt="Share of each kind of post among the slots served over time",
    )


def _metric(label, trend, recent, before, count) -> None:  # type: ignore[no-untyped-def]
    now, then = sum(map(count, recent)), sum(map(count, before))
    st.metric(
        label, short_number(now), border=True, chart_data=trend[-_HOURS:], chart_type="area",
        # Streamlit reads the direction off a plain hyphen.
        delta=f"{'+' if now >= then else ''}{percent((now - then) / then, 0)}".replace("−", "-") if then else None,
    )  # fmt: skip


def _slots(hour: FeedHour) -> int:
    return sum(hour.slots.values())


def _by_hour(hours: Sequence[FeedHour]) -> bool:
    """Whether all that was served lies within the last two days."""
    return not any(hour.slots for hour in hours[:-_HOURS])


def _steps(hours: Sequence[FeedHour]) -> list[FeedHour]:
    """Hours if everything is recent, else days; only those in which something was served."""
    if _by_hour(hours):
        return [hour for hour in hours if hour.slots]
    days: dict[str, FeedHour] = {}
    for hour in hours:
        day = f"{local(hour.hour):%Y-%m-%d}"
        held = days.get(day, FeedHour(id=day, hour=hour.hour))
        days[day] = FeedHour(
            id=day, hour=held.hour, pages=held.pages + hour.pages,
            slots={kind.value: held.slots.get(kind.value, 0) + hour.slots.get(kind.value, 0) for kind in PostKind},
        )  # fmt: skip
    return [day for day in days.values() if any(day.slots.values())]
