"""Models as product managers see them: what each learned from, how good it was on what it had not seen, and which one serves."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.errors import NotFound
from core.domain.job import Job, JobState
from core.domain.model import ModelPublish, ModelVersion
from dashboard.components.models_actions import TOLD, roll_back_dialog
from dashboard.components.models_table import models_history, models_table
from dashboard.components.told import tell
from dashboard.context import clock, services
from dashboard.formatting import ago, interval, moment, number, percent, plural
from dashboard.literal import literal
from dashboard.messages import refusals

_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


def models_panel(account: Account) -> None:
    """Draw what is in force, the training that runs, every version, and the history."""
    tell(TOLD)
    models = services().models
    in_force = models.in_force(account)
    newest = models.versions(account, limit=1).items
    st.caption(
        "A model knows which posts the same viewers take to. It looks at a viewer's last 50 acts with every page, so that a like "
        "counts on the next one. A new one is trained every day, or when the log has grown by a fifth."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_status(in_force))
        st.space("stretch")
        if in_force is not None and in_force.model and st.button("Roll back", icon=":material/undo:"):
            roll_back_dialog(account, in_force, models.previous(account))
        running = _running(models.training(account))
        if st.button("Train now", icon=":material/model_training:", type="primary", disabled=running):
            with refusals():
                models.start_training(account, now=clock())
                st.rerun()
    if in_force is not None and in_force.model:
        _newer(account)
    _training(account)
    if not newest:
        st.info(
            "No model has been trained yet. It takes some hundred acts of viewers; then one is trained by itself, or with "
            "**Train now**. Until then pages are made from follows, tags, trends and what is popular.",
            icon=":material/model_training:",
        )
        return
    serving = _serving(account, in_force)
    _measures(serving or newest[0], serves=serving is not None)
    models_table(account, in_force)
    models_history(account)


def _status(in_force: ModelPublish | None) -> str:
    if in_force is None:
        return "**No model is in force.**"
    since = f"since {ago(in_force.at, clock())}, by {literal(in_force.by_name or in_force.by)}"
    if not in_force.model:
        return f"**No model is in force**, {since}: {literal(_short(in_force.why))}"
    how = f", back from {in_force.rolled_back}" if in_force.rolled_back else ""
    return f"**{in_force.model} is in force**{how}, {since}."


def _serving(account: Account, in_force: ModelPublish | None) -> ModelVersion | None:
    """The version in force; None without one, or if nothing is known of it any more, so that it can still be rolled back."""
    try:
        return services().models.get(account, in_force.model) if in_force is not None and in_force.model else None
    except NotFound:
        return None


def _newer(account: Account) -> None:
    """How many posts the model in force could not learn from, and serves all the same."""
    if newer := services().feed.arrivals(account, now=clock()):
        st.caption(
            f"{plural(newer, 'live post')} came after its training: placed beside posts with the same tags and words, until a "
            "training takes them in."
        )


def _running(job: Job | None) -> bool:
    return job is not None and job.state in _UNFINISHED


def _training(account: Account) -> None:
    job = services().models.training(account)
    if _running(job):
        _follow(account)
    elif job is not None and job.state is JobState.FAILED:
        st.warning(
            f"The last training did not succeed: {literal(job.problem or 'the worker stopped')}",
            icon=":material/warning:",
        )


@st.fragment(run_every=1)
def _follow(account: Account) -> None:
    """The training that runs, until it is done."""
    job = services().models.training(account)
    if job is None or not _running(job):
        st.rerun()
    elif job.state is JobState.QUEUED:
        st.progress(0.0, "Waiting for the worker")
    else:
        st.progress(min(job.progress, 1.0), job.step or "Beginning")


def _measures(version: ModelVersion, *, serves: bool) -> None:
    """The version that serves, or the newest, in numbers."""
    quality, difference = version.quality, version.quality.over_popularity
    st.subheader(version.id if serves else f"{version.id}, not in force")
    with st.grid(4, min_column_width=150):
        rate, popular = quality.model, quality.popularity
        lift = rate.value / popular.value - 1 if rate is not None and popular is not None and popular.value else None
        st.metric(
            f"Next post among its first {quality.first}", percent(rate.value if rate else None),
            # Streamlit reads the direction off a plain hyphen.
            delta=f"{percent(lift)} against popularity".replace("−", "-") if lift is not None else None, border=True,
            height="stretch", help=quality.sentence,
        )  # fmt: skip
        st.metric("Viewers", number(version.viewers), border=True, height="stretch", help="whose acts it learned from")
        st.metric(
            "Posts",
            number(version.posts),
            border=True,
            height="stretch",
            help=f"that viewers took to; {version.method}",
        )
        st.metric(
            "Interactions", number(version.interactions), border=True, height="stretch",
            help=f"pairs of viewer and post, from {plural(version.events, 'event')} until {moment(version.data_through)}",
        )  # fmt: skip
    if quality.sentence:
        st.markdown(quality.sentence)
    if difference is not None:
        st.caption(
            f"Against popularity, on the same viewers: {number(difference.value * 100, 1)} percentage points, 95% interval "
            f"{interval(difference.low * 100, difference.high * 100)}."
        )


def _short(why: str) -> str:
    return why if len(why) <= 80 else f"{why[:77]}..."
