"""The list of experiments: name, state, exposure, and the sentence that can be said of each."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.experiment import Experiment, ExperimentState
from dashboard import formatting
from dashboard.components import readout_panel
from dashboard.components.cursor_pager import CursorPager
from dashboard.context import clock, services
from dashboard.links import page_link

PAGE = 12


def experiment_list(me: Account, state: ExperimentState | None) -> None:
    """Draw a page of the list."""
    pager = CursorPager("experiment_pages", state, labels=("Previous", "Next"))
    found = services().experiments.find(me, state=state, cursor=pager.cursor, limit=PAGE)
    if not found.items:
        st.info("No experiments here yet. Start one with **New experiment**: a question, two policies, a goal.")
        return
    for item in found.items:
        _row(me, item)
    pager.buttons(found.cursor)


def _row(me: Account, experiment: Experiment) -> None:
    with st.container(border=True):
        name, status, people, says = st.columns([3, 1, 1.4, 4], vertical_alignment="center")
        with name:
            page_link("readout", experiment.name, id=experiment.id)
            changed = f"Changed {formatting.ago(experiment.updated_at, clock())}"
            st.caption(changed + (" · generated" if experiment.generated else ""))
        with status:
            readout_panel.state_badge(experiment.state)
        if experiment.launched_at is None:
            says.caption("Not launched. Open it to plan, rehearse and launch.")
            return
        found = services().readouts.report(me, experiment.id, now=clock())
        exposed = f"{experiment.exposure:.0%} exposed" if experiment.live else "nobody exposed now"
        people.caption(f"{formatting.plural(int(sum(found.trust.observed)), 'viewer')}, {exposed}")
        says.write(experiment.decision or readout_panel.one_sentence(found))
