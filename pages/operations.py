"""Health of the stores, the work queue, versions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.errors import FeedroomError
from dashboard import access
from dashboard.context import clock, services
from dashboard.formatting import ago, duration, number, plural, size

me = access.require()
operations, now = services().operations, clock()


@st.fragment(run_every=10)
def health() -> None:
    """The stores, asked anew every ten seconds."""
    st.subheader("Stores")
    with st.grid(4, min_column_width=150):
        for store in operations.health(me):
            with st.container(border=True):
                st.markdown(f"**{store.purpose}**")
                if store.problem:
                    st.badge("Does not answer", icon=":material/error:", color="red")
                    st.caption(store.problem)
                else:
                    st.badge(
                        f"Answers in {max(store.milliseconds, 0.1):.1f} ms", icon=":material/check:", color="green"
                    )
                    st.caption(store.adapter.replace("_", " "))


def work() -> None:
    """The worker's queue and the event log."""
    st.subheader("Background work")
    queue, lag = operations.queue(me, now=now), operations.lag(me)
    waiting = "Nothing waits" if queue.oldest_wait is None else f"The oldest waits {duration(queue.oldest_wait)}"
    with st.grid(3, min_column_width=110):
        st.metric("Queued", number(queue.counts["queued"]), help=waiting, border=True)
        st.metric("Running", number(queue.counts["running"]), border=True)
        st.metric("Failed", number(queue.counts["failed"]), border=True)
    readers(lag)
    if queue.oldest_wait and queue.oldest_wait > 60_000 and not queue.counts["running"]:
        st.warning(
            f"{waiting} and nothing runs. Is the worker up? `make run` starts one; alone it is `python -m "
            "core.streaming.worker`.",
            icon=":material/engineering:",
        )
    if queue.failed:
        with st.expander(plural(len(queue.failed), "failed job"), icon=":material/error:"):
            rows = [(job.kind, job.subject, job.problem, ago(job.updated_at, now)) for job in queue.failed]
            st.dataframe(pd.DataFrame(rows, columns=["Work", "On", "Problem", "When"]), hide_index=True)


def readers(lag: dict[str, int]) -> None:
    """How far each reader of the event log is behind."""
    behind = {name: count for name, count in lag.items() if count}
    said = f"{plural(len(lag), 'reader')} of the event log: "
    with st.expander(
        said + (f"{plural(max(behind.values()), 'event')} behind at most" if behind else "nothing waits"),
        icon=":material/dynamic_feed:", key="readers",
    ):  # fmt: skip
        rows = [(*reversed(name.split(" / ")), count) for name, count in lag.items()]
        st.dataframe(pd.DataFrame(rows, columns=["Reader", "Reads", "Events not yet handled"]), hide_index=True)


def house() -> None:
    """Posts, the data folder, versions."""
    st.subheader("House")
    posts, folder = operations.posts(me), operations.folder(me, now=now)
    with st.grid(4, min_column_width=150):
        st.metric(
            "Posts", number(sum(posts.values())), help=", ".join(f"{n} {s}" for s, n in posts.items()), border=True
        )
        st.metric("Live posts", number(posts.get("live", 0)), border=True)
        st.metric("Data folder", size(folder.bytes), help=f"{number(folder.files)} files in {folder.path}", border=True)
        st.metric("Free on its disk", size(folder.free), border=True)
    with st.expander("Versions", icon=":material/package_2:"):
        st.dataframe(pd.DataFrame(operations.versions(me).items(), columns=["Part", "Version"]), hide_index=True)


st.title("Operations")
health()
for part in (work, house):
    try:
        part()
    except FeedroomError as error:
        st.error(f"This part cannot be shown: {error.detail}.", icon=":material/cloud_off:")
