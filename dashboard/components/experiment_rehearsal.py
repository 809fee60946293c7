"""Rehearse a draft with simulated viewers: would the readout find an effect of this size?"""

from __future__ import annotations

import streamlit as st

from core.demo import simulate
from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.experiment import Experiment
from dashboard.context import clock, services
from dashboard.formatting import ago
from dashboard.links import page_link
from dashboard.literal import literal
from dashboard.messages import sentence

_POLL = 3


def rehearsal(me: Account, experiment: Experiment) -> None:
    """The button, the progress of the one under way, and what earlier ones found."""
    st.subheader("Rehearse")
    st.caption(
        "Simulated viewers use the real feed under the arms of this draft, in a world of their own: nothing that is measured of "
        "people changes. An effect of known size is planted in the goal; the readout should find it."
    )
    job = simulate.under_way(services(), me, experiment.id)
    if job is not None:
        st.fragment(_progress, run_every=_POLL, key="rehearsal")(me, experiment.id)
    else:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            viewers = st.number_input(
                "Simulated viewers", 10, simulate.MOST, 400, 100, key="rehearse_viewers", width=180
            )
            lift = st.number_input("Planted effect, %", -90, 500, 30, 5, key="rehearse_lift", width=180)
            if st.button("Rehearse with simulated viewers", key="rehearse", icon=":material/theater_comedy:"):
                try:
                    asked = simulate.Rehearsal(viewers=int(viewers), lift=lift / 100)
                    simulate.ask(services(), me, experiment.id, asked, now=clock())
                except CallerError as error:
                    st.error(sentence(error), icon=":material/error:")
                else:
                    st.rerun()
    for one in services().experiments.rehearsals(me, experiment.id):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            page_link(
                "readout", f"Rehearsal, {ago(one.updated_at, clock())}", icon=":material/theater_comedy:", id=one.id
            )
            st.caption(literal(one.decision))


def _progress(me: Account, id: str) -> None:
    job = simulate.under_way(services(), me, id)
    if job is None:
        st.rerun()
    st.progress(job.progress, job.step or "Waiting for the worker")
