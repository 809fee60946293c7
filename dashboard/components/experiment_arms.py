"""What the arms of an experiment are, and how they differ, in words."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.experiment import Arm, Experiment
from core.domain.mix import MixPolicy
from dashboard.components.mix_actions import said_differences
from dashboard.context import services
from dashboard.formatting import percent
from dashboard.literal import literal


def arms_in_words(me: Account, experiment: Experiment) -> None:
    """Each arm's share and what it serves; for treatments, what differs from the control."""
    total = sum(arm.weight for arm in experiment.arms)
    control = experiment.arms[0]
    for arm in experiment.arms:
        st.markdown(f"**{literal(arm.name)}**, {percent(arm.weight / total, 0)}: {_serves(arm)}")
        if arm is not control:
            said = _differences(me, control, arm)
            st.markdown(
                "\n".join(f"- {literal(one)}" for one in said)
                if said
                else "- Nothing differs from the control: an A/A test."
            )


def _serves(arm: Arm) -> str:
    parts = [f"mix {literal(arm.policy)}" if arm.policy else "the mix in force"]
    if arm.model:
        parts.append(f"model {literal(arm.model)}")
    parts += [f"{literal(name)} = {literal(value)}" for name, value in arm.flags.items()]
    return ", ".join(parts)


def _differences(me: Account, control: Arm, arm: Arm) -> list[str]:
    said: list[str] = []
    before, after = _policy(me, control), _policy(me, arm)
    if before is not None and after is not None:
        said += said_differences(me, before, after)
    else:
        said.append("A version of the mix that this arm names is no longer there, so it cannot be compared.")
    if control.model != arm.model:
        said.append(f"Model: {arm.model or 'the one in force'} instead of {control.model or 'the one in force'}.")
    for name in sorted({*control.flags, *arm.flags}):
        if control.flags.get(name) != arm.flags.get(name):
            said.append(
                f"Flag {name}: {arm.flags.get(name, 'not set')} instead of {control.flags.get(name, 'not set')}."
            )
    return said


def _policy(me: Account, arm: Arm) -> MixPolicy | None:
    try:
        return services().mix.get(me, arm.policy) if arm.policy else services().mix.current(me).policy
    except CallerError:
        return None
