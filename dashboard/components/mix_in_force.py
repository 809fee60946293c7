"""Which mix viewers are served by now, and which experiments serve another one to some of them."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.services.mix import InForce
from dashboard.context import clock, services
from dashboard.formatting import ago, percent, plural
from dashboard.literal import literal


def mix_in_force(account: Account, present: InForce) -> None:
    """Draw one line about the version in force, and one about experiments."""
    policy, line = present.policy, present.line
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge("In force", color="green", icon=":material/check_circle:")
        st.markdown(f"**{literal(policy.name)}** ({literal(policy.id)})", width="content")
        if line is None:
            st.caption("What Feedroom started with.", width="content")
        else:
            did = "rolled back" if line.rolled_back else "published"
            st.caption(
                f"{did} {ago(line.at, clock())} by {literal(line.by_name)}: {literal(line.why)}", width="content"
            )
    running = services().mix.serving(account)
    if not running:
        return
    share = sum(one.other for one in running)
    with st.expander(
        f"{plural(len(running), 'running experiment names', 'running experiments name')} versions: about {percent(share, 0)} of "
        "the viewers get another one than this",
        icon=":material/science:",
    ):
        for one in running:
            whom = "of the viewers it targets" if one.targeted else "of the viewers"
            st.markdown(
                f"- **{literal(one.name)}** serves {literal(', '.join(one.policies))} to {percent(one.share)} {whom}."
            )
        st.caption("A publish does not reach these viewers until their experiment is decided.")
