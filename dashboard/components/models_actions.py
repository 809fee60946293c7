"""What is done with models: one is published, or the one in force rolled back. Each says first what goes and what comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.model import MAX_WHY, ModelPublish, ModelVersion
from dashboard.components.told import tell_later
from dashboard.context import clock, services
from dashboard.formatting import moment
from dashboard.literal import literal
from dashboard.messages import refusals

TOLD: Final = "models"


@st.dialog("Publish a model", icon=":material/publish:")
def publish_dialog(account: Account, version: ModelVersion, in_force: ModelPublish | None) -> None:
    """Say which model is replaced, ask for a reason, and put the other in force."""
    instead = f" instead of **{in_force.model}**" if in_force is not None and in_force.model else ""
    st.markdown(f"Every feed process serves with **{version.id}**{instead} within a second.")
    if not version.quality.good_enough:
        st.warning("It is not surely as good as what serves now. Say why it goes out.", icon=":material/warning:")
    seen = in_force.id if in_force is not None else ""
    _confirm(
        "Publish", "Knows the festive posts",
        lambda why: services().models.publish(account, version.id, why, seen=seen, now=clock()),
        f"{version.id} is in force.",
    )  # fmt: skip


@st.dialog("Roll back", icon=":material/undo:")
def roll_back_dialog(account: Account, in_force: ModelPublish, before: ModelPublish | None) -> None:
    """Say what goes and what comes back, ask for a reason, and do it. `before` is None if no model is left then."""
    if before is None:
        st.warning(
            f"**{in_force.model}** goes and no model is left: none was in force before it. Pages are made from follows, tags, "
            "trends and what is popular until one is published.",
            icon=":material/warning:",
        )
    else:
        st.markdown(f"**{in_force.model}** goes and **{before.model}** comes back within a second.")
        said = f"{before.model} was put in force {moment(before.at)} by {before.by_name or before.by}: {before.why}"
        st.caption(literal(said))
    _confirm(
        "Roll back", "Fewer orders since this morning",
        lambda why: services().models.roll_back(account, why, seen=in_force.id, now=clock()),
        f"{in_force.model} is rolled back; {before.model if before is not None else 'no model'} is in force.",
    )  # fmt: skip


def _confirm(verb: str, example: str, act: Callable[[str], object], done: str) -> None:
    """A reason and the button that does it; a refusal stays under them, with what was typed."""
    key = f"model_{verb.lower().replace(' ', '_')}"
    why = st.text_input("Why", key=f"{key}_why", max_chars=MAX_WHY, placeholder=example)
    with st.container(horizontal=True):
        confirmed = st.button(verb, key=f"{key}_confirm", type="primary")
        if st.button("Cancel", key=f"{key}_cancel"):
            st.rerun()
    if confirmed:
        with refusals():
            act(why)
            tell_later(TOLD, done)
            st.rerun()
