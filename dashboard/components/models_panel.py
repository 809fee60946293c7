"""Models as product managers see them: what each learned from, how good it was on what it had not seen, and which one serves."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.domain.job import Job, JobState
from core.domain.model import MAX_WHY, ModelPublish, ModelVersion, Rate
from dashboard.components.model_quality import quality_chart
from dashboard.context import clock, services
from dashboard.formatting import UNKNOWN, ago, interval, local, moment, number, percent, plural, size
from dashboard.messages import refusals

_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)
_LINES = 20


def models_panel(account: Account) -> None:
    """Draw what is in force, the training that runs, every version, and the history."""
    models = services().models
    in_force = models.in_force(account)
    versions = models.versions(account, limit=_LINES).items
    st.caption(
        "A model knows which posts the same viewers take to. It looks at a viewer's last 50 acts with every page, so that a like "
        "counts on the next one. A new one is trained every day, or when the log has grown by a fifth."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_status(in_force))
        st.space("stretch")
        if in_force is not None and in_force.model and st.button("Roll back", icon=":material/undo:"):
            _roll_back(account, in_force)
        running = _running(models.training(account))
        if st.button("Train now", icon=":material/model_training:", type="primary", disabled=running):
            with refusals():
                models.start_training(account, now=clock())
                st.rerun()
    if in_force is not None and in_force.model:
        _newer(account)
    _training(account)
    if not versions:
        st.info(
            "No model has been trained yet. It takes some hundred acts of viewers; then one is trained by itself, or with "
            "**Train now**. Until then pages are made from follows, tags, trends and what is popular.",
            icon=":material/model_training:",
        )
        return
    serving = next((version for version in versions if in_force is not None and version.id == in_force.model), None)
    _measures(serving or versions[0], serves=serving is not None)
    _table(account, versions, in_force.model if in_force is not None else "")
    _history(account)


def _status(in_force: ModelPublish | None) -> str:
    if in_force is None:
        return "**No model is in force.**"
    since = f"since {ago(in_force.at, clock())}, by {in_force.by_name or in_force.by}"
    if not in_force.model:
        return f"**No model is in force**, {since}: {_short(in_force.why)}"
    how = f", back from {in_force.rolled_back}" if in_force.rolled_back else ""
    return f"**{in_force.model} is in force**{how}, {since}."


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
            f"The last training did not succeed: {job.problem or 'the worker stopped'}", icon=":material/warning:"
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
    quality = version.quality
    st.subheader(version.id if serves else f"{version.id}, not in force")
    with st.grid(4, min_column_width=150):
        rate, popular = quality.model, quality.popularity
        lift = rate.value / popular.value - 1 if rate is not None and popular is not None and popular.value else None
        st.metric(
            f"Next post among its first {quality.first}", percent(rate.value if rate else None),
            delta=f"{percent(lift)} against popularity" if lift is not None else None, border=True, height="stretch",
            help=quality.sentence,
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


def _table(account: Account, versions: list[ModelVersion], in_force: str) -> None:
    """Every version; selecting one offers to publish it."""
    measured = [version for version in versions if version.quality.model is not None][:8]
    if len(measured) > 1:
        st.plotly_chart(quality_chart(measured), config={"displayModeBar": False}, key="model-quality")
    names = {version.id: version for version in versions}
    chosen = st.dataframe(
        pd.DataFrame([_row(version, in_force) for version in versions]), hide_index=True, on_select="rerun",
        selection_mode="single-row", key="models-table", height="content", row_height=40,
        alt="Trained models, the newest first",
        column_config={
            "State": st.column_config.MultiselectColumn(options=["In force", "Ready"], color=["green", "gray"]),
            "Trained": st.column_config.DatetimeColumn(format="D MMM, HH:mm", width=105),
            "Data through": st.column_config.DatetimeColumn(format="D MMM, HH:mm", width=105),
            "Method": st.column_config.TextColumn(width="medium"),
        },
    )  # fmt: skip
    rows = [row for row in chosen.selection.rows if row < len(versions)]
    if not rows:
        st.caption("Select a version to read what was measured, or to put it in force.")
        return
    version = names[versions[rows[0]].id]
    with st.container(border=True):
        st.markdown(f"**{version.id}**. {version.quality.sentence}")
        if version.id == in_force:
            st.caption("It is in force.")
        elif st.button(f"Publish {version.id}", icon=":material/publish:"):
            _publish(account, version)


def _row(version: ModelVersion, in_force: str) -> dict[str, object]:
    quality = version.quality
    return {
        "Model": version.id,
        "State": ["In force" if version.id == in_force else "Ready"],
        "Trained": local(version.created_at),
        "Data through": local(version.data_through),
        "Hits": _rate(quality.model),
        "Popularity": _rate(quality.popularity),
        "In force then": _rate(quality.in_force),
        "Viewers": number(version.viewers),
        "Posts": number(version.posts),
        "Interactions": number(version.interactions),
        "Method": version.method,
        "Size": size(version.bytes),
        "Took": f"{version.seconds:.1f} s",
        "By": "Feedroom" if version.created_by == "feedroom" else version.created_by,
    }


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return UNKNOWN
    return f"{percent(rate.value)} ({interval(rate.low * 100, rate.high * 100)})"


def _history(account: Account) -> None:
    lines = services().models.history(account, limit=_LINES)
    if not lines:
        return
    with st.expander("What was in force when", icon=":material/history:"):
        rows = [
            {
                "When": local(line.at),
                "What": f"Rolled back {line.rolled_back}" if line.rolled_back else "Published",
                "In force": line.model or "no model",
                "Who": line.by_name or line.by,
                "Why": line.why,
            }
            for line in lines
        ]
        st.dataframe(
            pd.DataFrame(rows), hide_index=True, height="content", key="models-history",
            alt="Publishes and roll backs, the last first",
            column_config={
                "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=150),
                "Why": st.column_config.TextColumn(width="large"),
            },
        )  # fmt: skip


@st.dialog("Publish a model")
def _publish(account: Account, version: ModelVersion) -> None:
    st.write(f"Every feed process serves with {version.id} within a second.")
    if not version.quality.good_enough:
        st.warning("It is not surely as good as what serves now. Say why it goes out.", icon=":material/warning:")
    why = st.text_input("Why", max_chars=MAX_WHY, placeholder="Knows the festive posts")
    if st.button("Publish", type="primary"):
        with refusals():
            services().models.publish(account, version.id, why, now=clock())
            st.rerun()


@st.dialog("Roll back")
def _roll_back(account: Account, in_force: ModelPublish) -> None:
    st.write(f"{in_force.model} goes, and what was in force before it comes back within a second.")
    why = st.text_input("Why", max_chars=MAX_WHY, placeholder="Fewer orders since this morning")
    if st.button("Roll back", type="primary"):
        with refusals():
            services().models.roll_back(account, why, now=clock())
            st.rerun()


def _short(why: str) -> str:
    return why if len(why) <= 80 else f"{why[:77]}..."
