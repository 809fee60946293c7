"""The desk of the mix page: the draft's rules on one side, what they would do on the other."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.mix import MixPolicy
from core.services.mix import InForce
from core.services.mix_drafts import Work
from dashboard.components.mix_actions import publish_dialog, said_differences, save_dialog
from dashboard.components.mix_form import LAST, TOLD, MixForm, later, settle, show
from dashboard.components.mix_outcome import differences_list, effect_of, fill_prices, keep_expected, mix_outcome
from dashboard.components.mix_rules import mix_rules
from dashboard.components.told import tell
from dashboard.context import clock, services
from dashboard.formatting import plural
from dashboard.links import open_page


@st.fragment
def mix_desk(account: Account) -> None:
    """A fragment: a change of a rule draws nothing anew but this. Rules come first, their prices when the pages are made."""
    waiting = settle()
    tell(TOLD)
    work = services().mix_drafts.work(account, last=st.session_state.get(LAST, ""))
    present = services().mix.current(account)
    _bar(account, work, present)
    left, right = st.columns([3, 2], gap="large")
    wrong = {refusal.field: f"{refusal.message} {refusal.remedy}" for refusal in reversed(work.refusals)}
    form = MixForm(account, work.table | waiting, wrong)
    with left:
        mix_rules(form)
    with right:
        _outcome(account, work, present, form)


def _bar(account: Account, work: Work, present: InForce) -> None:
    """Which version the draft began from, and what can be done with it."""
    versions = {policy.id: policy for policy in services().mix.versions(account)}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _base(account, work, versions)
        st.button(
            "Undo", key="mix_undo", icon=":material/undo:", disabled=not work.undoable,
            on_click=later, args=(lambda: services().mix_drafts.undo(account, now=clock()),),
        )  # fmt: skip
        st.button(
            "Discard", key="mix_discard", icon=":material/delete:", disabled=not work.begun and work.base == present.policy,
            on_click=later, args=(lambda: services().mix_drafts.discard(account, now=clock()),),
            help="Back to the version in force. Undo brings the draft back.",
        )  # fmt: skip
        st.space("stretch")
        if st.button("Preview", key="mix_preview", icon=":material/smartphone:", disabled=work.policy is None,
                     help="Open the feed preview with this draft beside the version in force."):  # fmt: skip
            open_page("feed_preview", compare="draft")
        if work.begun or work.base.id == present.policy.id:
            if st.button(
                "Save as version", key="mix_save", type="primary", disabled=work.policy is None or not work.begun
            ):
                save_dialog(account, work)
        elif st.button("Publish", key="mix_publish", type="primary", icon=":material/rocket_launch:"):
            publish_dialog(account, work.base, present)


def _base(account: Account, work: Work, versions: dict[str, MixPolicy]) -> None:
    field = show("mix_base", work.base.id)

    def chosen(id: str) -> None:
        later(lambda: services().mix_drafts.start(account, id, now=clock()))

    def named(id: str) -> str:
        return f"{versions[id].name} ({id})" if id in versions else id

    label = f"Draft from, {plural(len(work.typed), 'change')}" if work.begun else "Version"
    ids = list(versions)
    st.selectbox(
        label, ids, index=ids.index(work.base.id), key=field.key, format_func=named, width=300,
        on_change=field.typed, args=(chosen,),
    )  # fmt: skip


def _outcome(account: Account, work: Work, present: InForce, form: MixForm) -> None:
    st.subheader("Expected on pages")
    if work.policy is None:
        said = "\n".join(f"- {refusal.message} {refusal.remedy}" for refusal in work.refusals)
        st.error(
            f"No page can keep these settings, so nothing can be said about pages yet.\n{said}", icon=":material/rule:"
        )
        return
    draft = work.begun or work.base.id != present.policy.id
    effect = effect_of(account, work.policy, present.policy)
    keep_expected(work.policy, present.policy, effect)
    if effect is not None:
        mix_outcome(effect, work.policy, draft=draft)
        fill_prices(form, effect, draft=draft)
    if draft:
        st.markdown(f"**What differs from the version in force** ({present.policy.id})")
        differences_list(said_differences(account, present.policy, work.policy), "Nothing: every setting is the same.")
    else:
        st.caption("Change a rule to see what it would do. Nothing reaches viewers before you publish.")
    st.caption(
        "Orange numbers are prices: the part of a page's expected engagement that one more percentage point of the rule "
        "takes (or one slot, one post), as a mean over the sample viewers with its 95% interval."
    )
