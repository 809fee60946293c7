"""Calibration as product managers see it: is what the feed predicts what happens, and what was done about it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.demo import live_traffic
from core.domain.account import Account
from core.domain.calibration import CalibrationVersion
from core.domain.errors import CallerError, ServiceError
from core.domain.job import Job, JobKind, JobState
from core.domain.model import MAX_WHY
from core.services.calibration import ENOUGH, CalibrationReport
from dashboard.components.calibration_history import calibration_history, maker, version_name
from dashboard.components.calibration_measures import calibration_measures
from dashboard.components.told import tell, tell_later
from dashboard.context import clock, services
from dashboard.formatting import ago, moment, number, plural
from dashboard.literal import literal
from dashboard.messages import refusals

TOLD: Final = "calibration"
_BACK_TO: Final = "calibration_back_to"
_WHY: Final = "calibration_why"
_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


def calibration_panel(me: Account) -> None:
    """Draw all of it."""
    tell(TOLD)
    report = services().calibration.report(me, now=clock())
    st.caption(
        'The score of a post is what each action is worth times how likely it is. Calibration makes "10% likely" mean '
        "that it happens in 10 of 100 seen slots. Within one action it never changes which post is likelier."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_status(report))
        st.space("stretch")
        if report.current is not None:
            with st.popover("Go back", icon=":material/history:"):
                _versions(me, report, report.current)
        if st.button(
            "Fit now", icon=":material/tune:", type="primary", disabled=not report.impressions or not _idle(me),
            help="Counts, fits and puts the new version in force.",
        ):  # fmt: skip
            with refusals():
                services().calibration.ask(me, now=clock())
                st.rerun()
    _progress(me)
    if report.current is None:
        _nothing_yet(me, report)
        return
    calibration_measures(me, report.current)
    calibration_history(report)


def _status(report: CalibrationReport) -> str:
    version = report.current
    if version is None:
        return "**Nothing is fitted yet**: chances are used as they are predicted."
    if version.base:
        back = (
            "as predicted, without calibration" if version.base == "none" else f"back at {version_name(version.base)}"
        )
        why = f": {literal(version.why)}" if version.why else ""
        return (
            f"**Version {version.number}**, {back}, since {ago(version.created_at, clock())}, "
            f"by {literal(maker(report, version))}{why}"
        )
    days = version.until - version.since + 1
    return (
        f"**Version {version.number}**, fitted {ago(version.created_at, clock())} on "
        f"{plural(version.impressions, 'seen slot')} of {plural(days, 'day')}."
    )


def _idle(me: Account) -> bool:
    job = services().calibration.job(me)
    return job is None or job.state not in _UNFINISHED


def _progress(me: Account) -> None:
    job = services().calibration.job(me)
    if job is not None and job.state in _UNFINISHED:
        _follow(me)
    elif job is not None and job.state is JobState.FAILED:
        st.warning(
            f"The last fit did not succeed: {literal(job.problem or 'the worker stopped')}", icon=":material/warning:"
        )


@st.fragment(run_every=1)
def _follow(me: Account) -> None:
    """The job that counts and fits, until it is done."""
    job: Job | None = services().calibration.job(me)
    if job is None or job.state not in _UNFINISHED:
        st.rerun()
    elif job.state is JobState.QUEUED:
        st.progress(0.0, "Waiting for the worker")
    else:
        st.progress(job.progress, job.step or "Counting")


def _nothing_yet(me: Account, report: CalibrationReport) -> None:
    if report.impressions:
        st.info(
            f"{plural(report.impressions, 'seen slot')} counted so far. The first fit comes by itself at "
            f"{number(ENOUGH)}; with **Fit now** it is made from what there is.",
            icon=":material/hourglass:",
        )
        return
    counts = services().jobs.counts(JobKind.LIVE_TRAFFIC)
    waiting = counts.get(JobState.QUEUED, 0) + counts.get(JobState.RUNNING, 0)
    if waiting:
        st.info(
            f"Simulated viewers use the feed as soon as the demo clips are drawn ({plural(waiting, 'part')} of "
            f"{live_traffic.PARTS} to go). What they do is counted within minutes.",
            icon=":material/hourglass:",
        )
        return
    st.info(
        "Calibration needs feed pages that were served and events of those who saw them, each with the `request` and `slot` of "
        "the page. Ask for pages at `/api/v1/feed` and send events to `/api/v1/events`; they are counted here every hour.",
        icon=":material/inbox:",
    )
    if services().settings.demo and st.button("Let simulated viewers use the feed", icon=":material/group:"):
        live_traffic.ask(services(), me, now=clock())
        st.rerun()


def _versions(me: Account, report: CalibrationReport, current: CalibrationVersion) -> None:
    st.caption("An earlier version holds until the next fit.")
    earlier = {one.id: one for one in report.history if one.id != current.id}
    st.selectbox(
        "Go back to", ["", *earlier], key=_BACK_TO,
        format_func=lambda one: f"Version {earlier[one].number}, {moment(earlier[one].created_at)}" if one else "As predicted",
    )  # fmt: skip
    st.text_input("Why", key=_WHY, max_chars=MAX_WHY, placeholder="Fewer likes since this morning")
    # What is in force is handed over as it is drawn, so that a fit nobody has seen is not taken back.
    st.button("Put in force", icon=":material/undo:", on_click=_go_back, args=(me, current.number))


def _go_back(me: Account, seen: int) -> None:
    chosen, why = st.session_state[_BACK_TO], st.session_state[_WHY]
    try:
        made = services().calibration.go_back(me, chosen, why, seen=seen, now=clock())
    except (CallerError, ServiceError) as error:
        tell_later(TOLD, error)
        return
    st.session_state[_WHY] = ""
    tell_later(TOLD, f"Version {made.number} is in force.")
